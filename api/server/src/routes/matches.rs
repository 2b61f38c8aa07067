//! Which identifiers are one child's: a council's crosswalk, and the queue of what awaits a decision.

use actix_web::{get, post, put, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::DecideMatch;
use domain::operations::ListMatches;
use domain::operations::PutIdentifiers;
use domain::{
    ChildIdentifier, ChildReference, DataClass, MatchDecision, MatchId, MatchSource, MatchState, MatchStatus, NhsNumber, OrganisationCode,
    SubmissionId, Upn,
};
use exchange::{DecidedMatch, DisclosedUnderMatch, ListedMatch, NewCrosswalk, PageAfter, StandingMatch};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::submission_views::SubmissionView;
use super::submissions::Confirm;
use super::withdrawals::checked;
use crate::bodies::faults::Fault;
use crate::bodies::texts::Text;
use crate::bodies::{FileBody, Json, Query};
use crate::calls::Call;
use crate::pages::{Page, cursor, limit};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// Of which day the list is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CrosswalkQuery {
    /// The day that the list describes; today where it is left out.
    as_of: Option<NaiveDate>,
    /// `shrink`: let the list end more of what the last one stated than usual.
    #[param(inline)]
    confirm: Option<Confirm>,
}

/// Say which identifiers are one child's
///
/// A council's crosswalk: a row a child, as CSV with a header, at most 4 MiB. Columns: `nhs_number` (or
/// `pers_common_child_id`), `upn`, `local_id` (the council's own number), `date_of_birth`, and where the council knows them
/// `nhs_number_status` (01: traced and verified) and `sensitive` (1: joined with nothing). The list replaces the council's
/// last. What it states forbids at once what was forbidden about either; it permits nothing until an organisation that
/// holds records of the other identifier has said so, or an agreement says that a traced number is enough. Rows that
/// contradict each other are rejected, and join nothing. What is answered depends on the file and on the council's own
/// earlier lists, and on nothing that others hold.
#[utoipa::path(
    tag = "children",
    params(CrosswalkQuery),
    request_body(content((String = "text/csv"), (FileBody = "application/octet-stream"))),
    responses(
        (status = 200, description = "Taken", body = SubmissionView),
        (status = 409, description = "A later list is held, or the list ends too much", body = crate::problems::ProblemView<'static>, content_type = "application/problem+json"),
    )
)]
#[put("/v1/children/identifiers")]
pub async fn put_identifiers(
    call: Call<PutIdentifiers>,
    query: Query<CrosswalkQuery>,
    body: Text,
    state: web::Data<State>,
) -> Result<web::Json<SubmissionView>, Problem> {
    let CrosswalkQuery { as_of, confirm } = query.0;
    let as_of = as_of.unwrap_or(call.today());
    let fault = |message| Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", message).field("as_of"));
    if as_of > call.today() {
        return Err(fault("not later than today"));
    }
    if !domain::is_plausible_day(as_of) {
        return Err(fault("a day of this century or the last"));
    }
    let new = NewCrosswalk { id: SubmissionId(state.ids.next()), as_of, confirm_shrink: confirm.is_some(), text: body.0 };
    let taken = exchange::put_identifiers(&state.store, call.context(), new, &state.configuration.submissions).await?;
    Ok(web::Json(taken.into()))
}

/// Which matches are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchQuery {
    /// All but those undone where it is left out.
    #[param(inline)]
    state: Option<MatchState>,
    after: Option<String>,
    limit: Option<i64>,
}

/// The identifier by which the caller keeps the child.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct OwnIdentifierView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nhs_number: Option<NhsNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upn: Option<Upn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forename: Option<String>,
    pub date_of_birth: NaiveDate,
}

impl From<ChildReference> for OwnIdentifierView {
    fn from(ChildReference { identifier, date_of_birth }: ChildReference) -> Self {
        let none = Self { date_of_birth, ..Self::default() };
        match identifier {
            ChildIdentifier::NhsNumber(number) => Self { nhs_number: Some(number), ..none },
            ChildIdentifier::Upn(upn) => Self { upn: Some(upn), ..none },
            ChildIdentifier::LocalPatient { id, .. } => Self { local_id: Some(id), ..none },
            ChildIdentifier::Named { surname, forename, .. } => Self { surname: Some(surname), forename: Some(forename), ..none },
        }
    }
}

/// What is the same on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreesView {
    /// Always `equal`: nothing else is matched.
    pub date_of_birth: &'static str,
}

/// The other side, of which no identifier is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct OtherSideView {
    /// Who states the match; for that organisation itself, who has decided about it, if anybody has.
    pub organisation: Option<OrganisationCode>,
    pub agrees: AgreesView,
}

/// A match, as its party may know it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchView {
    pub id: MatchId,
    pub state: MatchState,
    /// Where it comes from.
    pub source: MatchSource,
    pub stated_by: OrganisationCode,
    pub stated_on: NaiveDate,
    pub own: OwnIdentifierView,
    pub other: OtherSideView,
    /// `sensitive` where the record is joined with nothing.
    pub flags: Vec<&'static str>,
    /// Who has to decide. Who holds records is told to nobody: of a match that it states by a list, an organisation sees none.
    pub awaits: Vec<OrganisationCode>,
}

impl MatchView {
    fn of(StandingMatch { listed, state }: StandingMatch, caller: OrganisationCode) -> Self {
        let ListedMatch { of, own, asked } = listed;
        let is_own = of.claimed_by == caller;
        let decided_by = of.verified.map(|verified| verified.by).filter(|by| *by != caller);
        Self {
            id: of.id,
            state,
            source: of.source,
            stated_by: of.claimed_by,
            stated_on: of.valid_from,
            own: own.into(),
            other: OtherSideView {
                organisation: if is_own { decided_by.or(asked) } else { Some(of.claimed_by) },
                agrees: AgreesView { date_of_birth: "equal" },
            },
            flags: if of.status == MatchStatus::UnmatchedSensitive { vec!["sensitive"] } else { Vec::new() },
            awaits: awaited(state, of.claimed_by, asked, caller),
        }
    }
}

/// Who has to decide: the caller, if it holds records of what another states; or the health body that it asked for advice.
fn awaited(
    state: MatchState,
    claimed_by: OrganisationCode,
    asked: Option<OrganisationCode>,
    caller: OrganisationCode,
) -> Vec<OrganisationCode> {
    match state {
        MatchState::Potential if claimed_by == caller => asked.into_iter().collect(),
        MatchState::Potential => vec![caller],
        _ => Vec::new(),
    }
}

/// What is said about children's identifiers
///
/// The matches that the caller states, and those that another states of a child whose records the caller holds, under an
/// agreement about child matching. Each side sees its own half. A match that awaits the caller permits nothing until it is
/// joined; one that is joined may be kept apart again.
#[utoipa::path(tag = "children", params(MatchQuery), responses((status = 200, description = "A page", body = Page<MatchView>)))]
#[get("/v1/children/matches")]
pub async fn list_matches(
    call: Call<ListMatches>,
    query: Query<MatchQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<MatchView>>, Problem> {
    let (limit, after) = (limit(query.0.limit)?, cursor::<MatchId>(query.0.after.as_deref())?);
    let page = PageAfter { after: after.map(|id| id.to_string()).unwrap_or_default(), limit: usize::try_from(limit).unwrap_or_default() };
    let (listed, next) = exchange::list_matches(&state.store, call.context(), query.0.state, page).await?;
    let items = listed.into_iter().map(|one| MatchView::of(one, call.organisation())).collect();
    Ok(web::Json(Page { items, next: next.map(|id| id.to_string()) }))
}

/// A decision about a match.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchDecisionBody {
    /// `join` and `keep-apart` are a holder's word; `undo` takes back one's own, be it that or the statement itself.
    pub decision: MatchDecision,
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

/// A disclosure that was made while the two were taken for one child's.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosureUnderJoinView {
    pub at: DateTime<Utc>,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub data: DataClass,
}

impl From<DisclosedUnderMatch> for DisclosureUnderJoinView {
    fn from(DisclosedUnderMatch { at, holder, recipient, data }: DisclosedUnderMatch) -> Self {
        Self { at, holder, recipient, data }
    }
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedMatchView {
    pub id: MatchId,
    pub state: MatchState,
    pub awaits: Vec<OrganisationCode>,
    /// If the decision ended a join: how many disclosures by or to the caller's organisation were made under it.
    pub disclosures_under_join: u64,
    /// The first hundred of them.
    pub disclosures: Vec<DisclosureUnderJoinView>,
}

/// Decide about a match
///
/// Who holds records of a match that another states says whether it is one child's (`join`) or not (`keep-apart`), and may
/// take that back (`undo`). Who states it may take it back. From the moment this is answered, nothing flows by what was
/// taken apart.
#[utoipa::path(
    tag = "children",
    params(("id" = MatchId, Path)),
    request_body = MatchDecisionBody,
    responses(
        (status = 200, description = "Decided", body = DecidedMatchView),
        (status = 409, description = "It has ended, is sensitive, or is another's to join", body = crate::problems::ProblemView<'static>, content_type = "application/problem+json"),
    )
)]
#[post("/v1/children/matches/{id}/decision")]
pub async fn decide_match(
    call: Call<DecideMatch>,
    match_id: web::Path<String>,
    body: Json<MatchDecisionBody>,
    state: web::Data<State>,
) -> Result<web::Json<DecidedMatchView>, Problem> {
    let match_id = match_id.parse::<MatchId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let MatchDecisionBody { decision, reason } = body.0;
    let reason = checked(reason, "reason")?;
    let (decided, stands) = exchange::decide_match(&state.store, call.context(), match_id, decision, reason).await?;
    let DecidedMatch { of, disclosures, listed } = decided;
    Ok(web::Json(DecidedMatchView {
        id: of.id,
        state: stands,
        awaits: awaited(stands, of.claimed_by, None, call.organisation()),
        disclosures_under_join: disclosures,
        disclosures: listed.into_iter().map(DisclosureUnderJoinView::from).collect(),
    }))
}
