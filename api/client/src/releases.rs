//! Released tables: the API's only statistics.

use bytes::Bytes;
use chrono::NaiveDate;
use domain::ReleaseId;
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::bodies::Body;
use crate::calls::body_of;
use crate::{Client, ClientError};

/// A published set of tables for one day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Release {
    pub id: ReleaseId,
    pub as_of: NaiveDate,
    pub tables: Vec<TableName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TableName {
    pub name: String,
    pub title: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableForm {
    Json,
    Csv,
}

/// A table as the gateway gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Table {
    /// The client holds the current table already.
    NotModified,
    Fresh {
        /// Strong: the same tag means the same bytes.
        etag: Option<String>,
        body: Bytes,
    },
}

impl Client {
    /// A release; the latest if no id is given.
    pub async fn release(&self, id: Option<ReleaseId>) -> Result<Release, ClientError> {
        self.get(&format!("/v1/dashboard/releases/{}", name_of(id)), &[]).await
    }

    /// A table of a release, or of the latest. If the table's tag is still `held`, the body is not sent.
    pub async fn table(&self, id: Option<ReleaseId>, table: &str, form: TableForm, held: Option<&str>) -> Result<Table, ClientError> {
        let mut url = self.url(&format!("/v1/dashboard/releases/{}/tables", name_of(id)))?;
        url.path_segments_mut().map_err(|()| ClientError::Value("the path is no path"))?.push(table);
        let accept = match form {
            TableForm::Json => "application/json",
            TableForm::Csv => "text/csv",
        };
        let mut call = self.call(Method::GET, url, &[], Body::Empty).header(ACCEPT, accept)?;
        if let Some(held) = held {
            call = call.header(IF_NONE_MATCH, held)?;
        }
        let response = self.send(&call).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Table::NotModified);
        }
        let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        Ok(Table::Fresh { etag, body: body_of(response).await? })
    }
}

fn name_of(id: Option<ReleaseId>) -> String {
    id.map_or_else(|| "latest".to_owned(), |id| id.to_string())
}
