//! `GET /v1/issues`: everything that can be wrong with what is sent.

use actix_web::{get, web};
use domain::operations::GetIssueCatalogue;
use domain::{IssueCode, Severity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::calls::Call;
use crate::pages::Page;

/// Something that can be wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssueCodeView {
    #[schema(example = "nhs-number-check-digit")]
    pub code: &'static str,
    /// Errors reject the row, warnings keep it.
    pub severity: Severity,
    /// What is wrong.
    pub message: &'static str,
    /// Why it matters.
    pub meaning: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// Whose rule or law it is; left out where it is the gateway's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_source: Option<&'static str>,
}

impl From<IssueCode> for IssueCodeView {
    fn from(code: IssueCode) -> Self {
        Self {
            code: code.as_str(),
            severity: code.severity(),
            message: code.message(),
            meaning: code.meaning(),
            fix: code.fix(),
            national_source: code.source(),
        }
    }
}

/// The catalogue of issues
///
/// Everything that can be said of a row or a file, on one page.
#[utoipa::path(tag = "formats", responses((status = 200, description = "The catalogue", body = Page<IssueCodeView>)))]
#[get("/v1/issues")]
pub async fn get_issue_catalogue(_call: Call<GetIssueCatalogue>) -> web::Json<Page<IssueCodeView>> {
    web::Json(Page { items: IssueCode::ALL.iter().copied().map(IssueCodeView::from).collect(), next: None })
}
