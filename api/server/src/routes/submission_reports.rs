//! What became of a client's own submissions.

use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, LINK};
use actix_web::{Either, HttpRequest, HttpResponse, get, web};
use domain::identifiers::SubmissionId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::reconciliation::last_published;
use super::submissions::{IssueView, SubmissionView};
use crate::bodies::Query;
use crate::callers::Caller;
use crate::negotiation::{Form, negotiate};
use crate::pages::{Page, cursor, limit, one_more, unknown_cursor};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// Where a page starts and how long it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of an earlier page.
    after: Option<String>,
    /// 1 to 500; 100 where it is left out.
    limit: Option<i64>,
}

/// The client's own submissions
///
/// Newest first.
#[utoipa::path(tag = "submissions", security(("oauth2" = [])), params(PageQuery), responses((status = 200, description = "A page", body = Page<SubmissionView>)))]
#[get("/v1/submissions")]
pub async fn list_submissions(
    caller: Caller,
    query: Query<PageQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<SubmissionView>>, Problem> {
    let limit = limit(query.0.limit)?;
    let before = cursor(query.0.after.as_deref())?;
    let client = caller.client().id.clone();
    let rows = state.store.read(move |tx| tx.submissions(&client, before, one_more(limit))).await?;
    Ok(web::Json(Page::of(rows, limit, |row| row.id.to_string(), SubmissionView::from)))
}

/// One submission of the client's own
///
/// The report as it was answered when the body was taken in.
#[utoipa::path(tag = "submissions", security(("oauth2" = [])), params(("id" = SubmissionId, Path)), responses((status = 200, description = "The report", body = SubmissionView)))]
#[get("/v1/submissions/{id}")]
pub async fn get_submission(caller: Caller, id: web::Path<String>, state: web::Data<State>) -> Result<web::Json<SubmissionView>, Problem> {
    let id = own_id(&id)?;
    let client = caller.client().id.clone();
    let found = state.store.read(move |tx| tx.submission(id, &client)).await?;
    let submission = found.ok_or(Problem::new(Kind::NotFound))?;
    let last_published = last_published(&state, &submission).await?;
    Ok(web::Json(SubmissionView { last_published, ..submission.into() }))
}

/// The issues of a submission
///
/// In row order, as JSON or, with `Accept: text/csv`, as CSV, where the next page stands in the `Link`
/// header. No value of the file is in it but the writer's own referral ids.
#[utoipa::path(
    tag = "submissions", security(("oauth2" = [])),
    params(("id" = SubmissionId, Path), PageQuery),
    responses((status = 200, description = "A page of issues", content((Page<IssueView> = "application/json"), (String = "text/csv"))))
)]
#[get("/v1/submissions/{id}/issues")]
pub async fn list_issues(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    query: Query<PageQuery>,
    state: web::Data<State>,
) -> Result<Either<web::Json<Page<IssueView>>, HttpResponse>, Problem> {
    let form = negotiate(request.headers().get(ACCEPT))?;
    let (id, limit) = (own_id(&id)?, limit(query.0.limit)?);
    let after = query.0.after.as_deref().map(position).transpose()?;
    let client = caller.client().id.clone();
    let rows = state.store.read(move |tx| match tx.submission(id, &client)? {
        None => Ok(None),
        Some(_) => tx.issues(id, after, one_more(limit)).map(Some),
    });
    let rows = rows.await?.ok_or(Problem::new(Kind::NotFound))?;
    let page = Page::of(rows, limit, |row| format!("{}-{}", row.row, row.position), IssueView::from);
    Ok(match form {
        Form::Json => Either::Left(web::Json(page)),
        Form::Csv => {
            let mut answer = HttpResponse::Ok();
            answer.content_type("text/csv; charset=utf-8");
            answer.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"issues.csv\""));
            if let Some(next) = page.next {
                answer.insert_header((LINK, format!("</v1/submissions/{id}/issues?after={next}&limit={limit}>; rel=\"next\"")));
            }
            Either::Right(answer.body(to_csv(&page.items)))
        }
    })
}

fn own_id(text: &str) -> Result<SubmissionId, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::NotFound))
}

fn position(after: &str) -> Result<(i64, i32), Problem> {
    let parts = after.split_once('-').and_then(|(row, position)| Some((row.parse().ok()?, position.parse().ok()?)));
    parts.ok_or_else(unknown_cursor)
}

fn to_csv(issues: &[IssueView]) -> String {
    let mut text = String::from("row,referral_id,field,code,severity,message,fix\r\n");
    for issue in issues {
        let row = issue.row.to_string();
        let values = [
            &row,
            issue.referral_id.as_deref().unwrap_or_default(),
            &issue.field,
            issue.code,
            issue.severity.as_str(),
            issue.message,
            issue.fix,
        ];
        let line: Vec<_> = values.iter().map(|value| quote(value)).collect();
        text.push_str(&line.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A value that a spreadsheet takes for text, whatever it starts with.
fn quote(value: &str) -> String {
    let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referral_id_is_never_a_formula() {
        assert_eq!(quote("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(quote("R-1"), "\"R-1\"");
    }
}
