//! From records to a release: who may count, how long each child waits, and who did not submit.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use disclosure::{Coverage, ExpectedList, PlanFact, ReleaseInput, ReleaseSecret, WaitFact};
use domain::agreements::{DataClass, Purpose};
use domain::dates::days_between;
use domain::identifiers::ReleaseId;
use domain::journeys::{WeeksBand, waits};
use domain::partnerships::Partnership;
use domain::pathways::{Pathway, PathwaySet};
use domain::policy::{Act, Ask, Facts, decide};
use domain::referrals::Flow;
use domain::submissions::Dataset;
use store::{Store, StoreError, TableDraft, Tx};

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

/// Builds a release from one consistent state of the store and publishes it, all at once.
pub async fn build_release(store: &Store, secret: Arc<ReleaseSecret>, building: Building) -> Result<ReleaseId, StoreError> {
    let (id, as_of, now) = (building.id, building.as_of, building.now);
    let tables = store.read(move |tx| tables(tx, &secret, &building)).await?;
    store.transaction(move |tx| tx.publish_release(id, as_of, now, &tables)).await?;
    Ok(id)
}

fn tables(tx: &mut Tx<'_>, secret: &ReleaseSecret, building: &Building) -> Result<Vec<TableDraft>, StoreError> {
    let partnership = &building.partnership;
    let host = partnership.host();
    let lists = Lists::of(partnership, &tx.lists(Dataset::WaitingList)?, building.as_of);
    let waits = wait_facts(tx, building)?;
    let plans = plan_facts(tx, building)?;
    let plans_submitted = tx.lists(Dataset::Ehcp)?.iter().any(|(council, _, as_of)| *council == host && is_fresh(*as_of, building.as_of));
    let expected = ExpectedList { provider: host, list: "default".to_owned() };
    let plans_coverage = if plans_submitted {
        Coverage { contributing: vec![expected], not_submitted: Vec::new() }
    } else {
        Coverage { contributing: Vec::new(), not_submitted: vec![expected] }
    };
    let area = partnership.organisation(host);
    let input = ReleaseInput {
        as_of: building.as_of,
        area: (host.as_str(), area.map_or("", |area| area.name.as_str())),
        districts: partnership.districts().iter().map(|district| (district.as_str(), district_name(district))).collect(),
        waits: &waits,
        unavailable: lists.unavailable,
        waits_coverage: lists.coverage,
        plans: &plans,
        plans_coverage,
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

/// The longest journey of each child and pathway, of records that may count and that flowed.
fn wait_facts(tx: &mut Tx<'_>, building: &Building) -> Result<Vec<WaitFact>, StoreError> {
    let partnership = &building.partnership;
    let mut facts = Vec::new();
    let judge = |child, holder, pathways, consents: &[_]| {
        let ask = Ask {
            act: Act::Disclose,
            holder,
            recipient: partnership.host(),
            purpose: Purpose::JointCommissioning,
            data: DataClass::DashboardAggregate,
            pathways,
            child: Some(child),
        };
        decide(ask, Facts { agreements: partnership.agreements(), consents, now: building.now, today: building.as_of }).ok()
    };
    tx.count_referrals(judge, |child, held| {
        let flowed: Vec<_> = held.into_iter().filter(|entry| entry.flow != Flow::NotFlowed).collect();
        let district = flowed.iter().rev().find_map(|entry| entry.referral.details.district.clone());
        let mut seen = PathwaySet::EMPTY;
        // The longest comes first.
        for wait in waits(&flowed, building.as_of) {
            if !seen.contains(wait.pathway) {
                seen = seen.with(wait.pathway);
                facts.push(WaitFact { child, pathway: wait.pathway, band: WeeksBand::of(wait.journey_wait), district: district.clone() });
            }
        }
    })?;
    Ok(facts)
}

/// The plans that the host issued in the twelve months to the as-at day.
fn plan_facts(tx: &mut Tx<'_>, building: &Building) -> Result<Vec<PlanFact>, StoreError> {
    let host = building.partnership.host();
    let since = building.as_of.checked_sub_days(Days::new(YEAR_DAYS)).unwrap_or(NaiveDate::MIN);
    let ask = Ask {
        act: Act::Disclose,
        holder: host,
        recipient: host,
        purpose: Purpose::JointCommissioning,
        data: DataClass::DashboardAggregate,
        pathways: PathwaySet::EMPTY,
        child: None,
    };
    let facts = Facts { agreements: building.partnership.agreements(), consents: &[], now: building.now, today: building.as_of };
    let Ok(permit) = decide(ask, facts) else { return Ok(Vec::new()) };
    let mut plans = Vec::new();
    tx.count_cases(&permit, |child, case| {
        let issued = case.plan().is_some_and(|plan| since < plan.start_on && plan.start_on <= building.as_of);
        if let (true, Some(days_to_plan)) = (issued, case.days_to_plan()) {
            let exceptions_apply = case.assessment.as_ref().is_some_and(|assessment| assessment.exceptions_apply);
            plans.push(PlanFact { child, days_to_plan, exceptions_apply });
        }
    })?;
    Ok(plans)
}

/// Which expected lists came, and for which pathways none did.
struct Lists {
    coverage: Coverage,
    unavailable: PathwaySet,
}

impl Lists {
    fn of(partnership: &Partnership, sent: &[(domain::organisations::OrganisationCode, String, NaiveDate)], as_of: NaiveDate) -> Self {
        let fresh: BTreeSet<_> =
            sent.iter().filter(|(_, _, day)| is_fresh(*day, as_of)).map(|(provider, list, _)| (*provider, list.as_str())).collect();
        let mut coverage = Coverage::default();
        // A pathway that nobody is expected to send is as unavailable as one that nobody sent.
        let mut unavailable = PathwaySet::all();
        for provider in partnership.counted_providers(as_of) {
            for list in &provider.lists {
                let expected = ExpectedList { provider: provider.code, list: list.clone() };
                if fresh.contains(&(provider.code, list.as_str())) {
                    if let Ok(pathway) = list.parse::<Pathway>() {
                        unavailable = unavailable.without(pathway);
                    }
                    coverage.contributing.push(expected);
                } else {
                    coverage.not_submitted.push(expected);
                }
            }
        }
        Self { coverage, unavailable }
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
