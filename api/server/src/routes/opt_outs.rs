//! National Data Opt-outs, as a partner's system fetched them from the Spine.

use actix_web::{get, put, web};
use chrono::NaiveDate;
use domain::operations::ListOptOuts;
use domain::operations::LoadOptOuts;
use domain::{NhsNumber, OptOutList, OrganisationCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::bodies::faults::Fault;
use crate::bodies::texts::Text;
use crate::bodies::{FileBody, Query};
use crate::calls::Call;
use crate::pages::Page;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The header that a list may begin with.
const HEADER: &str = "nhs_number";
/// The most faults that one answer lists.
const MOST_FAULTS: usize = 100;

/// Of which day the list is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OptOutQuery {
    /// The day on which the Spine answered.
    as_of: NaiveDate,
}

/// A list as it is held.
#[derive(Debug, Serialize, ToSchema)]
pub struct OptOutView {
    pub organisation: OrganisationCode,
    pub as_of: NaiveDate,
    pub numbers: i64,
}

impl From<OptOutList> for OptOutView {
    fn from(list: OptOutList) -> Self {
        Self { organisation: list.organisation, as_of: list.as_of, numbers: list.numbers }
    }
}

/// Load National Data Opt-outs
///
/// One NHS number a line, `nhs_number` as a header allowed; at most 4 MiB. The list replaces the
/// organisation's last. A number on any organisation's list is opted out of every flow to which its
/// agreement says that the opt-out applies.
#[utoipa::path(
    tag = "opt-outs", params(OptOutQuery),
    request_body(content((String = "text/csv"), (FileBody = "application/octet-stream"))),
    responses(
        (status = 200, description = "Held", body = OptOutView),
        (status = 409, description = "A later list is held", body = crate::problems::ProblemView<'static>, content_type = "application/problem+json"),
    )
)]
#[put("/v1/opt-outs")]
pub async fn load_opt_outs(
    call: Call<LoadOptOuts>,
    query: Query<OptOutQuery>,
    body: Text,
    state: web::Data<State>,
) -> Result<web::Json<OptOutView>, Problem> {
    let as_of = query.0.as_of;
    if as_of > call.today() {
        return Err(Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "not later than today").field("as_of")));
    }
    let list = exchange::load_opt_outs(&state.store, call.context(), as_of, read(&body.0)?).await?;
    Ok(web::Json(list.into()))
}

/// The numbers of a list, each once. A fault names a wrong line, but not its text.
fn read(text: &str) -> Result<Vec<NhsNumber>, Problem> {
    let mut faults = Vec::new();
    let mut numbers = Vec::new();
    let lines = text.trim_start_matches('\u{feff}').lines().map(|line| line.trim().trim_matches('"')).zip(1_u64..);
    let is_header = |line: &str, row| row == 1 && line.eq_ignore_ascii_case(HEADER);
    for (line, row) in lines.filter(|(line, row)| !line.is_empty() && !is_header(line, *row)) {
        match line.parse::<NhsNumber>() {
            Ok(number) => numbers.push(number),
            Err(_) if faults.len() < MOST_FAULTS => {
                faults.push(Fault { row: Some(row), ..Fault::new("invalid-value", "not an NHS number").field(HEADER) });
            }
            Err(_) => {}
        }
    }
    if !faults.is_empty() {
        return Err(Problem::new(Kind::InvalidValue).detail("Nothing was loaded.").with_faults(faults));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The lists of National Data Opt-outs that are held
///
/// Whose, of which day, and how many numbers; never a number. The host of the area sees every list, any
/// other organisation its own.
#[utoipa::path(
    tag = "opt-outs",
    responses((status = 200, description = "All of them", body = Page<OptOutView>))
)]
#[get("/v1/opt-outs")]
pub async fn list_opt_outs(call: Call<ListOptOuts>, state: web::Data<State>) -> Result<web::Json<Page<OptOutView>>, Problem> {
    let lists = exchange::list_opt_outs(&state.store, call.context()).await?;
    Ok(web::Json(Page { items: lists.into_iter().map(OptOutView::from).collect(), next: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_its_header_its_blank_lines_and_its_repeats() {
        let numbers = read("\u{feff}NHS_Number\r\n9990000018\r\n\r\n\"999 000 0026\"\r\n9990000018\r\n").unwrap();
        assert_eq!(numbers.len(), 2);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_no_number_refuses_the_list_and_is_not_repeated() {
        let problem = read("9990000018\n9990000019\nSmith\n").unwrap_err();
        let rows: Vec<_> = problem.faults().iter().map(|fault| fault.row).collect();
        assert_eq!(rows, [Some(2), Some(3)]);
        assert!(problem.faults().iter().all(|fault| !fault.message.contains("Smith") && !fault.message.contains("999")));
    }
}
