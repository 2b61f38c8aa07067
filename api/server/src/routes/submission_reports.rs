//! What became of a client's own submissions.

use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, LINK, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, web};
use domain::operations::CancelSubmission;
use domain::operations::GetSubmission;
use domain::operations::ListIssues;
use domain::operations::ListSubmissions;
use domain::{CallContext, IssueCode, IssueState, SubmissionId, SubmissionStatus};
use exchange::{IssueChoice, ListedIssue, Store};
use exchange::{IssuePlace, Trouble};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::submission_views::{IssueView, LastPublishedView, SubmissionView};
use super::submissions::POLL_AFTER;
use crate::bodies::Query;
use crate::calls::Call;
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
#[utoipa::path(tag = "submissions", params(PageQuery), responses((status = 200, description = "A page", body = Page<SubmissionView>)))]
#[get("/v1/submissions")]
pub async fn list_submissions(
    call: Call<ListSubmissions>,
    query: Query<PageQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<SubmissionView>>, Problem> {
    let limit = limit(query.0.limit)?;
    let before = cursor(query.0.after.as_deref())?;
    let rows = exchange::list_submissions(&state.store, call.context(), before, one_more(limit)).await?;
    Ok(web::Json(Page::of(rows, limit, |row| row.id.to_string(), SubmissionView::from)))
}

/// One submission of the client's own
///
/// The report; of one that was answered before it was worked on, how far the work is, with `Retry-After`, and
/// if it came to nothing, why. `issue_counts` tells of each code how often it was found, how many of those are
/// new or persist since the list was last sent, and how many were fixed: an issue is fixed when its referral was
/// sent again without it, so what a delta leaves out, and what did not flow, is not.
#[utoipa::path(tag = "submissions", params(("id" = SubmissionId, Path)), responses((status = 200, description = "The report", body = SubmissionView)))]
#[get("/v1/submissions/{id}")]
pub async fn get_submission(call: Call<GetSubmission>, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let report = exchange::get_submission(&state.store, call.context(), own_id(&id)?).await?;
    let last_published = exchange::last_published(&state.store, &report.submission).await?;
    let last_published = last_published.into_iter().map(LastPublishedView::from).collect();
    let mut answer = HttpResponse::Ok();
    if report.submission.status == SubmissionStatus::Processing {
        answer.insert_header((RETRY_AFTER, POLL_AFTER));
    }
    Ok(answer.json(SubmissionView { last_published, ..report.into() }))
}

/// Cancel a submission that is being worked on
///
/// Nothing of it is kept but that it was cancelled. What was cancelled already answers the same; what is
/// done answers `wrong-status`.
#[utoipa::path(tag = "submissions", params(("id" = SubmissionId, Path)), responses((status = 200, description = "Cancelled", body = SubmissionView)))]
#[post("/v1/submissions/{id}/cancellation")]
pub async fn cancel_submission(
    call: Call<CancelSubmission>,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<SubmissionView>, Problem> {
    let cancelled = exchange::cancel_submission(&state.store, call.context(), own_id(&id)?).await?;
    Ok(web::Json(cancelled.into()))
}

/// Which issues, and where a page starts and how long it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IssueQuery {
    /// Only those of one code.
    #[param(value_type = Option<String>)]
    code: Option<IssueCode>,
    /// Only those that are `new`, or that are `persisting` since the list was last sent.
    state: Option<IssueState>,
    /// The `next` of an earlier page.
    after: Option<String>,
    /// 1 to 500; where it is left out, 100 in JSON and all of them in CSV.
    limit: Option<i64>,
}

impl IssueQuery {
    /// The query of the page after this one.
    fn next(&self, after: &str, limit: i64) -> String {
        let code = self.code.map(|code| format!("&code={code}"));
        let state = self.state.map(|state| format!("&state={state}"));
        format!("after={after}&limit={limit}{}{}", code.unwrap_or_default(), state.unwrap_or_default())
    }
}

/// The issues of a submission
///
/// In row order, as JSON or, with `Accept: text/csv`, as CSV: there without a `limit` all of them are
/// downloaded, and with one the next page stands in the `Link` header. No value of the file is in it but the
/// writer's own referral ids, which no spreadsheet takes for a formula.
#[utoipa::path(
    tag = "submissions",
    params(("id" = SubmissionId, Path), IssueQuery),
    responses((status = 200, description = "A page of issues", content((Page<IssueView> = "application/json"), (String = "text/csv"))))
)]
#[get("/v1/submissions/{id}/issues")]
pub async fn list_issues(
    request: HttpRequest,
    call: Call<ListIssues>,
    id: web::Path<String>,
    query: Query<IssueQuery>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let form = negotiate(request.headers().get(ACCEPT))?;
    let (id, query) = (own_id(&id)?, query.0);
    let (whole, limit) = (form == Form::Csv && query.limit.is_none(), limit(query.limit)?);
    let choice = IssueChoice { code: query.code, state: query.state };
    let listing = Listing { store: state.store.clone(), cx: call.context(), id, choice };
    let after = query.after.as_deref().map(position).transpose()?;
    if whole {
        exchange::get_submission(&state.store, call.context(), id).await?;
        let pages = stream::try_unfold(Some((listing, after)), part);
        return Ok(csv_answer().streaming(pages));
    }
    let page = listing.read(after, one_more(limit)).await?;
    let page = Page::of(page, limit, cursor_after, IssueView::from);
    Ok(match form {
        Form::Json => HttpResponse::Ok().json(page),
        Form::Csv => {
            let mut answer = csv_answer();
            if let Some(next) = &page.next {
                let next = query.next(next, limit);
                answer.insert_header((LINK, format!("</v1/submissions/{id}/issues?{next}>; rel=\"next\"")));
            }
            answer.body(HEADER.to_owned() + &to_csv(&page.items))
        }
    })
}

/// A submission whose issues are listed, and the call that asks for them.
#[derive(Debug, Clone)]
struct Listing {
    store: Store,
    cx: CallContext,
    id: SubmissionId,
    choice: IssueChoice,
}

impl Listing {
    async fn read(&self, after: Option<IssuePlace>, most: i64) -> Result<Vec<ListedIssue>, Trouble> {
        exchange::list_issues(&self.store, self.cx.clone(), self.id, self.choice, after, most).await
    }
}

/// What is left of a download.
type Rest = Option<(Listing, Option<IssuePlace>)>;

/// The next part of a download, and what is left of it. Only the first part has the header.
async fn part(rest: Rest) -> Result<Option<(web::Bytes, Rest)>, actix_web::Error> {
    let Some((listing, after)) = rest else { return Ok(None) };
    let rows = listing.read(after, PART).await.map_err(Problem::from)?;
    let last = rows.last().map(|row| (row.row, row.position)).filter(|_| rows.len() as i64 == PART);
    let header = if after.is_none() { HEADER } else { "" };
    let views: Vec<_> = rows.into_iter().map(IssueView::from).collect();
    Ok(Some(((header.to_owned() + &to_csv(&views)).into(), last.map(|last| (listing, Some(last))))))
}

/// How many issues a download reads at a time.
const PART: i64 = 500;

const HEADER: &str = "row,referral_id,field,code,severity,message,fix,state\r\n";

fn csv_answer() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/csv; charset=utf-8");
    answer.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"issues.csv\""));
    answer
}

fn cursor_after(issue: &ListedIssue) -> String {
    format!("{}-{}", issue.row, issue.position)
}

fn own_id(text: &str) -> Result<SubmissionId, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::NotFound))
}

fn position(after: &str) -> Result<IssuePlace, Problem> {
    let parts = after.split_once('-').and_then(|(row, position)| Some((row.parse().ok()?, position.parse().ok()?)));
    parts.ok_or_else(unknown_cursor)
}

fn to_csv(issues: &[IssueView]) -> String {
    let mut text = String::new();
    for issue in issues {
        let row = issue.row.to_string();
        let values = [
            row.as_str(),
            issue.referral_id.as_deref().unwrap_or_default(),
            &issue.field,
            issue.code,
            issue.severity.as_str(),
            issue.message,
            issue.fix,
            issue.state.map_or("", |state| state.as_str()),
        ];
        let line: Vec<_> = values.iter().map(|value| quote(value)).collect();
        text.push_str(&line.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Quotes a value so that a spreadsheet takes it for text.
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
