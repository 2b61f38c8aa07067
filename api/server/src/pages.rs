//! Lists: `{ "items": […], "next": "cursor" }`.

use domain::OrganisationCode;
use serde::Serialize;
use trust::ChildIds;
use utoipa::ToSchema;

use crate::problems::{Kind, Problem};

/// Items on a page if the request does not say how many.
const USUAL: i64 = 100;
/// The most items on a page.
const MOST: i64 = 500;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    /// Only where there is more; given back as `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of what was read with [`one_more`]. The extra item only shows that there is a next page, which starts after
    /// the last that is shown.
    pub(crate) fn of<R>(mut rows: Vec<R>, limit: i64, cursor: impl Fn(&R) -> String, view: impl FnMut(R) -> T) -> Self {
        let shown = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next = rows.last().filter(|_| more).map(cursor);
        Self { items: rows.into_iter().map(view).collect(), next }
    }
}

/// How many to read, so that one extra item shows whether there are more.
pub(crate) fn one_more(limit: i64) -> i64 {
    limit + 1
}

/// The number of items asked for: 1 to 500.
pub(crate) fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Problem::new(Kind::Malformed).detail("limit is 1 to 500.")),
    }
}

/// Reads a cursor that this gateway gave out.
pub(crate) fn cursor<T: std::str::FromStr>(after: Option<&str>) -> Result<Option<T>, Problem> {
    after.map(|text| text.parse().map_err(|_| unknown_cursor())).transpose()
}

/// The row after which a list goes on, from an organisation's cursor; 0 at its start.
pub(crate) fn row(after: Option<&str>, organisation: OrganisationCode, ids: &ChildIds) -> Result<i64, Problem> {
    after.map_or(Ok(0), |after| ids.row(organisation, after).ok_or_else(unknown_cursor))
}

/// Refuses a text that is no cursor of this list.
pub(crate) fn unknown_cursor() -> Problem {
    Problem::new(Kind::Malformed).detail("after is the next of an earlier page.")
}
