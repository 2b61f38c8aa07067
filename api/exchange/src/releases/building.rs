//! From records to a release: which records may be counted, how long each child waits, and who did not submit.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use disclosure::{Area, Coverage, ExpectedList, PlanFact, ReleaseInput, ReleaseSecret, WaitFact};
use domain::operations::Operation;
use domain::{
    Attribution, CallContext, ChildId, DEFAULT_LIST, Dataset, Instants, Organisation, OrganisationCode, Partnership, Pathway, PathwaySet,
    Refusal, ReleaseId, Ring, WeeksBand, days_between, district_name, waits,
};
use store::{Counted, ReleaseDraft, Store, StoreError, TableDraft, Tx};

/// A list whose day is longer ago than this counts as not submitted: lists are monthly, and a fortnight is left for a
/// late one.
const LIST_AGE_DAYS: i64 = 45;
/// Plans are counted over the twelve months up to the as-at day.
const YEAR_DAYS: u64 = 365;

/// What a release is made from.
#[derive(Debug, Clone)]
pub struct Building {
    pub id: ReleaseId,
    pub partnership: Arc<Partnership>,
    pub as_of: NaiveDate,
    pub now: DateTime<Utc>,
}

/// Builds a release from one consistent state of the store and publishes it at once. Who may count is decided today. The
/// waits are those on the as-at day, as far as today's records tell.
pub async fn build_release(store: &Store, secrets: Ring<Arc<ReleaseSecret>>, building: Building) -> Result<ReleaseId, StoreError> {
    let Building { id, partnership, as_of, now } = building;
    let by = Attribution {
        client: "operator".to_owned(),
        organisation: partnership.host(),
        actor: None,
        operation: Operation::BuildRelease,
        request_id: id.0,
        resource: Some(id.0),
    };
    let cx = CallContext { partnership, by, now, instants: Instants::new(move || now) };
    let counting = cx.clone();
    let draft = store
        .read(move |tx| {
            // A day that was released before is rounded with its first secret, even if another is in force. Two roundings
            // of the same records would tell more than either.
            let secret = tx.release_secret_of(as_of)?.unwrap_or(secrets.primary_id());
            let key = secrets.get(secret).ok_or(StoreError::UnknownKey(secret))?;
            Ok(ReleaseDraft { id, as_of, secret, tables: tables(tx, key, &counting, as_of)? })
        })
        .await?;
    let providers: Vec<_> = providers(&cx).into_iter().map(|provider| provider.code).collect();
    store.transaction(move |tx| tx.publish_release(&draft, &providers, &cx)).await?;
    Ok(id)
}

/// The organisations whose records are counted today.
fn providers(cx: &CallContext) -> Vec<&Organisation> {
    cx.partnership.counted_providers(cx.today())
}

fn tables(tx: &mut Tx<'_>, secret: &ReleaseSecret, cx: &CallContext, as_of: NaiveDate) -> Result<Vec<TableDraft>, StoreError> {
    let partnership = &cx.partnership;
    let host = partnership.host();
    let lists = Lists::of(&providers(cx), &tx.lists(Dataset::WaitingList)?, as_of);
    let (waits, waits_withheld) = wait_facts(tx, cx, as_of, &lists)?;
    let counted = waits.iter().map(|fact| fact.pathway).collect();
    let expected = ExpectedList { provider: host, list: DEFAULT_LIST.to_owned() };
    let may_count = providers(cx).iter().any(|provider| provider.code == host);
    let submitted = tx.lists(Dataset::Ehcp)?.iter().any(|(council, _, day)| *council == host && is_fresh(*day, as_of));
    let (mut plans, mut plans_withheld) = (Vec::new(), Vec::new());
    let mut plans_coverage = Coverage::default();
    if may_count && submitted {
        (plans, plans_withheld) = plan_facts(tx, cx, as_of)?;
        plans_coverage.contributing.push(expected);
    } else {
        plans_coverage.not_submitted.push(expected);
    }
    let area = partnership.organisation(host);
    let input = ReleaseInput {
        as_of,
        area: Area { code: host.as_str(), name: area.map_or("", |area| area.name.as_str()) },
        districts: partnership.districts().iter().map(|district| Area { code: district.as_str(), name: district_name(district) }).collect(),
        waits: &waits,
        unavailable: PathwaySet::all().difference(lists.pathways).difference(counted),
        waits_coverage: lists.coverage,
        waits_withheld: &waits_withheld,
        plans: &plans,
        plans_coverage,
        plans_withheld: &plans_withheld,
    };
    disclosure::build(&input, secret)
        .into_iter()
        .map(|table| {
            Ok(TableDraft {
                name: table.name().to_owned(),
                title: table.title().to_owned(),
                json: serde_json::to_string(&table).map_err(|_| StoreError::Corrupt("a table that JSON cannot hold"))?,
                csv: table.to_csv(),
            })
        })
        .collect()
}

/// The longest journey of each child and pathway, from records that may be counted and lists that came, and the children
/// from whom something was withheld. A referral that did not flow, or whose list did not come, is not counted, but still
/// links a journey.
fn wait_facts(tx: &mut Tx<'_>, cx: &CallContext, as_of: NaiveDate, lists: &Lists) -> Result<(Vec<WaitFact>, Vec<ChildId>), StoreError> {
    let (mut facts, mut withheld) = (Vec::new(), Vec::new());
    let came = |counted: &Counted<'_>| lists.fresh.contains(&(counted.holder, counted.list.to_owned()));
    let refused = |counted: &Counted<'_>, refusal: &Refusal| {
        // Nothing is counted from a list that did not come, so nothing is withheld from it.
        if refusal.reason().is_of_the_child() && came(counted) {
            withheld.push(counted.child);
        }
    };
    tx.count_referrals(cx, came, refused, |child, mut held| {
        held.retain(|entry| entry.referral.referral_received_date <= as_of);
        // The newest counted referral says where the child lives; failing that, another does.
        let (counting, rest): (Vec<_>, Vec<_>) = held.iter().rev().partition(|entry| entry.flow.counts_as_open());
        let district = counting.iter().chain(&rest).find_map(|entry| entry.referral.details.district.clone());
        let mut seen = PathwaySet::EMPTY;
        // The longest comes first.
        for wait in waits(&held, as_of) {
            if wait.flow.counts_as_open() && !seen.contains(wait.pathway) {
                seen = seen.with(wait.pathway);
                facts.push(WaitFact { child, pathway: wait.pathway, band: WeeksBand::of(wait.journey.waited), district: district.clone() });
            }
        }
    })?;
    Ok((facts, withheld))
}

/// The plans that the host issued in the twelve months up to the as-at day, in cases that may be counted, and the
/// children whose cases were withheld.
fn plan_facts(tx: &mut Tx<'_>, cx: &CallContext, as_of: NaiveDate) -> Result<(Vec<PlanFact>, Vec<ChildId>), StoreError> {
    let since = as_of.checked_sub_days(Days::new(YEAR_DAYS)).unwrap_or(NaiveDate::MIN);
    let (mut plans, mut withheld) = (Vec::new(), Vec::new());
    let refused = |counted: &Counted<'_>, refusal: &Refusal| {
        if refusal.reason().is_of_the_child() {
            withheld.push(counted.child);
        }
    };
    tx.count_cases(cx.partnership.host(), cx, refused, |child, case| {
        let issued = case.plan().is_some_and(|plan| since < plan.start_on && plan.start_on <= as_of);
        if let (true, Some(days_to_plan)) = (issued, case.days_to_plan()) {
            let exceptions_apply = case.assessment.as_ref().is_some_and(|assessment| assessment.exceptions_apply);
            plans.push(PlanFact { child, days_to_plan, exceptions_apply });
        }
    })?;
    Ok((plans, withheld))
}

/// Which lists came, and which pathways they cover.
struct Lists {
    fresh: BTreeSet<(OrganisationCode, String)>,
    coverage: Coverage,
    pathways: PathwaySet,
}

impl Lists {
    fn of(providers: &[&Organisation], sent: &[(OrganisationCode, String, NaiveDate)], as_of: NaiveDate) -> Self {
        let fresh: BTreeSet<_> =
            sent.iter().filter(|(_, _, day)| is_fresh(*day, as_of)).map(|(provider, list, _)| (*provider, list.clone())).collect();
        let expected = providers.iter().flat_map(|provider| provider.lists.iter().map(|list| (provider.code, list.clone())));
        // A list that came counts, even if it was not expected.
        let came = fresh.iter().filter(|(code, _)| providers.iter().any(|provider| provider.code == *code)).cloned();
        let all: BTreeSet<_> = expected.chain(came).collect();
        let mut coverage = Coverage::default();
        let mut pathways = PathwaySet::EMPTY;
        for (provider, list) in all {
            let is_here = fresh.contains(&(provider, list.clone()));
            if is_here && let Ok(pathway) = list.parse::<Pathway>() {
                pathways = pathways.with(pathway);
            }
            let side = if is_here { &mut coverage.contributing } else { &mut coverage.not_submitted };
            side.push(ExpectedList { provider, list });
        }
        Self { fresh, coverage, pathways }
    }
}

fn is_fresh(day: NaiveDate, as_of: NaiveDate) -> bool {
    days_between(day, as_of) <= LIST_AGE_DAYS
}
