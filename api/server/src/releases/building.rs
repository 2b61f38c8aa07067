//! From records to a release: who may count, how long each child waits, and who did not submit.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use disclosure::{Coverage, ExpectedList, PlanFact, ReleaseInput, ReleaseSecret, WaitFact};
use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::dates::{days_between, london_day};
use domain::identifiers::{ChildId, ReleaseId};
use domain::journeys::{WeeksBand, waits};
use domain::operations::Operation;
use domain::organisations::{Organisation, OrganisationCode};
use domain::partnerships::Partnership;
use domain::pathways::{Pathway, PathwaySet};
use domain::policy::{Act, Ask, ChildFacts, Facts, NOBODY, Permit, decide};
use domain::submissions::{DEFAULT_LIST, Dataset};
use store::{Counted, Store, StoreError, TableDraft, Tx};

use crate::secrets::ReleaseSecrets;

/// A list that was last true of a day longer ago than this counts as not submitted: lists are
/// monthly, and a fortnight is left for a late one.
const LIST_AGE_DAYS: i64 = 45;
/// Plans are counted over the twelve months to the as-at day.
const YEAR_DAYS: u64 = 365;

/// What a release is made with.
#[derive(Debug, Clone)]
pub struct Building {
    pub id: ReleaseId,
    pub partnership: Arc<Partnership>,
    pub as_of: NaiveDate,
    pub now: DateTime<Utc>,
}

/// Builds a release from one consistent state of the store and publishes it, all at once. Who may count
/// is decided as of now; the waits are those of the as-at day, as far as today's records tell them.
pub async fn build_release(store: &Store, secrets: ReleaseSecrets, building: Building) -> Result<ReleaseId, StoreError> {
    let (id, as_of, now) = (building.id, building.as_of, building.now);
    let by = Attribution {
        client: "operator".to_owned(),
        organisation: building.partnership.host(),
        actor: None,
        operation: Operation::BuildRelease,
        request_id: id.0,
        resource: Some(id.0),
    };
    let permits = permits(&building);
    let (tables, secret) = store
        .read(move |tx| {
            // A day that was released before is rounded as it was then, whatever secret is in force: two
            // roundings of one state of the records would tell more than either.
            let secret_id = tx.release_secret_of(as_of)?.unwrap_or(secrets.primary_id());
            let secret = secrets.get(secret_id).ok_or(StoreError::UnknownKey(secret_id))?;
            Ok((tables(tx, secret, &building)?, secret_id))
        })
        .await?;
    store.transaction(move |tx| tx.publish_release((id, as_of, now), secret, &tables, &permits, &by)).await?;
    Ok(id)
}

impl Building {
    fn facts<'a>(&'a self, child: &'a ChildFacts) -> Facts<'a> {
        Facts::at(self.now, &self.partnership, child)
    }

    fn ask(&self, holder: OrganisationCode, pathways: PathwaySet, child: Option<ChildId>) -> Ask {
        Ask {
            act: Act::Count,
            holder,
            recipient: self.partnership.host(),
            purpose: Purpose::JointCommissioning,
            data: DataClass::DashboardAggregate,
            pathways,
            child,
            item: None,
            loses_nothing: false,
        }
    }

    /// Whether a record counts; what a family, a restriction or the opt-out kept from it is noted.
    fn judge(&self, counted: &Counted<'_>, pathways: PathwaySet, child: &ChildFacts, withheld: &RefCell<Vec<ChildId>>) -> Option<Permit> {
        let ask = self.ask(counted.holder, pathways, Some(counted.child));
        let decided = decide(ask, self.facts(child));
        let kept = match &decided {
            Ok(permit) => {
                let missing = pathways.difference(permit.pathways());
                (!missing.is_empty()).then(|| decide(Ask { pathways: missing, ..ask }, self.facts(child)).err()).flatten()
            }
            Err(refusal) => Some(refusal.clone()),
        };
        if kept.is_some_and(|refusal| refusal.reason().is_of_the_child()) {
            withheld.borrow_mut().push(counted.child);
        }
        decided.ok()
    }

    /// The organisations whose records count, today.
    fn providers(&self) -> Vec<&Organisation> {
        self.partnership.counted_providers(london_day(self.now))
    }
}

/// Leave to count each provider's children: what the audit log keeps of a release.
fn permits(building: &Building) -> Vec<Permit> {
    let ask = |provider: &Organisation| building.ask(provider.code, PathwaySet::all(), None);
    building.providers().into_iter().filter_map(|provider| decide(ask(provider), building.facts(&NOBODY)).ok()).collect()
}

fn tables(tx: &mut Tx<'_>, secret: &ReleaseSecret, building: &Building) -> Result<Vec<TableDraft>, StoreError> {
    let partnership = &building.partnership;
    let host = partnership.host();
    let lists = Lists::of(&building.providers(), &tx.lists(Dataset::WaitingList)?, building.as_of);
    let (waits, waits_withheld) = wait_facts(tx, building, &lists)?;
    let counted = waits.iter().map(|fact| fact.pathway).collect();
    let expected = ExpectedList { provider: host, list: DEFAULT_LIST.to_owned() };
    let may_count = building.providers().iter().any(|provider| provider.code == host);
    let submitted = tx.lists(Dataset::Ehcp)?.iter().any(|(council, _, as_of)| *council == host && is_fresh(*as_of, building.as_of));
    let (mut plans, mut plans_withheld) = (Vec::new(), Vec::new());
    let mut plans_coverage = Coverage::default();
    if may_count && submitted {
        (plans, plans_withheld) = plan_facts(tx, building)?;
        plans_coverage.contributing.push(expected);
    } else {
        plans_coverage.not_submitted.push(expected);
    }
    let area = partnership.organisation(host);
    let input = ReleaseInput {
        as_of: building.as_of,
        area: (host.as_str(), area.map_or("", |area| area.name.as_str())),
        districts: partnership.districts().iter().map(|district| (district.as_str(), district_name(district))).collect(),
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

/// The longest journey of each child and pathway, of records that may count, from lists that came; and the
/// children of whom something was withheld. A referral that did not flow, or whose list did not come, counts no
/// more, but still links a journey.
fn wait_facts(tx: &mut Tx<'_>, building: &Building, lists: &Lists) -> Result<(Vec<WaitFact>, Vec<ChildId>), StoreError> {
    let mut facts = Vec::new();
    let withheld = RefCell::default();
    let came = |counted: &Counted<'_>| lists.fresh.contains(&(counted.holder, counted.list.to_owned()));
    let judge = |counted: &Counted<'_>, child: &ChildFacts| {
        let ask = building.ask(counted.holder, counted.pathways, Some(counted.child));
        // Of a list that did not come nothing is counted, and so nothing withheld.
        if came(counted) { building.judge(counted, counted.pathways, child, &withheld) } else { decide(ask, building.facts(child)).ok() }
    };
    tx.count_referrals(building.partnership.needs(), came, judge, |child, mut held| {
        held.retain(|entry| entry.referral.referral_received_date <= building.as_of);
        // The newest that counts says where the child lives.
        let (counting, rest): (Vec<_>, Vec<_>) = held.iter().rev().partition(|entry| entry.flow.counts_as_open());
        let district = counting.iter().chain(&rest).find_map(|entry| entry.referral.details.district.clone());
        let mut seen = PathwaySet::EMPTY;
        // The longest comes first.
        for wait in waits(&held, building.as_of) {
            if wait.flow.counts_as_open() && !seen.contains(wait.pathway) {
                seen = seen.with(wait.pathway);
                facts.push(WaitFact { child, pathway: wait.pathway, band: WeeksBand::of(wait.journey.waited), district: district.clone() });
            }
        }
    })?;
    Ok((facts, withheld.into_inner()))
}

/// The plans that the host issued in the twelve months to the as-at day, of cases that may count; and the
/// children whose cases were withheld.
fn plan_facts(tx: &mut Tx<'_>, building: &Building) -> Result<(Vec<PlanFact>, Vec<ChildId>), StoreError> {
    let host = building.partnership.host();
    let since = building.as_of.checked_sub_days(Days::new(YEAR_DAYS)).unwrap_or(NaiveDate::MIN);
    let withheld = RefCell::default();
    let judge = |counted: &Counted<'_>, child: &ChildFacts| {
        let ours = counted.holder == host;
        ours.then(|| building.judge(counted, PathwaySet::EMPTY, child, &withheld)).flatten()
    };
    let mut plans = Vec::new();
    tx.count_cases(building.partnership.needs(), judge, |child, case| {
        let issued = case.plan().is_some_and(|plan| since < plan.start_on && plan.start_on <= building.as_of);
        if let (true, Some(days_to_plan)) = (issued, case.days_to_plan()) {
            let exceptions_apply = case.assessment.as_ref().is_some_and(|assessment| assessment.exceptions_apply);
            plans.push(PlanFact { child, days_to_plan, exceptions_apply });
        }
    })?;
    Ok((plans, withheld.into_inner()))
}

/// Which lists came, and of which pathways some did.
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
        // A list that came counts, whether it was expected or not.
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

/// Hertfordshire's districts (GSS codes, ONS); any other goes by its code.
fn district_name(code: &str) -> &str {
    match code {
        "E07000095" => "Broxbourne",
        "E07000096" => "Dacorum",
        "E07000098" => "Hertsmere",
        "E07000099" => "North Hertfordshire",
        "E07000102" => "Three Rivers",
        "E07000103" => "Watford",
        "E07000240" => "St Albans",
        "E07000241" => "Welwyn Hatfield",
        "E07000242" => "East Hertfordshire",
        "E07000243" => "Stevenage",
        code => code,
    }
}
