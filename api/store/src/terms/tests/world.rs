//! A partnership that permits everything, and a database with one of each thing about one child.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;
use domain::operations::Operation;
use domain::{
    Act, AdviceKind, AdviceRequest, AdviceRequestDraft, AdviceRequestId, Agreement, Ask, AssessmentRequest, Attribution, Authentication,
    CallContext, Case, CaseId, CasePerson, ChildFacts, ChildId, ChildReference, Client, Confidentiality, Consent, ConsentDecision,
    ConsentDraft, ConsentId, ConsentRule, DataClass, DecidedBy, DisputeDraft, DisputeId, ErasureDraft, ErasureId, Facts, HoldId, Instants,
    LawfulBasis, LegalHoldDraft, MatchDraft, MatchId, MatchSource, OptOutRule, Organisation, OrganisationCode, OrganisationKind, Override,
    OverrideDraft, OverrideId, Partnership, PartnershipParts, PathwaySet, Permit, Places, Population, Purpose, Restriction,
    RestrictionDraft, RestrictionId, RestrictionKind, Ring, Scope, decide,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::records::record_row;
use crate::rows::to_json_bytes;
use crate::schema::record;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{Column, Vault};

pub(super) const COUNCIL: &str = "E10000015";
pub(super) const TRUST: &str = "RWG";

pub(super) const HOLD: HoldId = HoldId(Uuid::from_u128(1));
pub(super) const RESTRICTION: RestrictionId = RestrictionId(Uuid::from_u128(2));
pub(super) const OVERRIDE: OverrideId = OverrideId(Uuid::from_u128(3));
pub(super) const DISPUTE: DisputeId = DisputeId(Uuid::from_u128(4));
pub(super) const CONSENT: ConsentId = ConsentId(Uuid::from_u128(5));
pub(super) const OBJECTION: ConsentId = ConsentId(Uuid::from_u128(6));
pub(super) const ERASURE: ErasureId = ErasureId(Uuid::from_u128(7));
pub(super) const CASE: CaseId = CaseId(Uuid::from_u128(8));
const REQUEST: AdviceRequestId = AdviceRequestId(Uuid::from_u128(9));
pub(super) const MATCH: MatchId = MatchId(Uuid::from_u128(10));

/// What [`CONSENT`] is about.
pub(super) const CONSENTED: [DataClass; 2] = [DataClass::WaitingListStatus, DataClass::EhcpStatus];

pub(super) struct World {
    partnership: Arc<Partnership>,
    pub child: ChildId,
    pub other: ChildId,
    /// The identities of the two children.
    pub references: [ChildReference; 2],
    pub request: AdviceRequest,
    pub by: Attribution,
}

/// Runs `work` in a database with one of each thing.
pub(super) fn with_world(work: impl FnOnce(&mut Tx<'_>, &World)) {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.run_pending_migrations(crate::migrations::Migrations).unwrap();
    let keys = Ring::new(BTreeMap::from([(1, Zeroizing::new([1; 32]))]), 1).unwrap();
    let vault = Vault::new(&keys, &keys).unwrap();
    let mut tx = Tx { handle: Handle::Sqlite(&mut connection), vault: &vault };
    let world = World::of(&mut tx);
    work(&mut tx, &world);
}

impl World {
    fn of(tx: &mut Tx<'_>) -> Self {
        let references =
            ["9990000018", "9990000026"].map(|number| ChildReference::by_nhs_number(number.parse().unwrap(), day("2017-03-09")));
        let [child, other] = references.each_ref().map(|reference| tx.child_for_decision(reference).unwrap());
        let request = AdviceRequestDraft {
            id: REQUEST,
            role: "designated-clinical-officer".into(),
            kinds: vec![AdviceKind::Autism],
            case_reference: "made up".into(),
            received_on: day("2026-06-01"),
            receipt_evidence: None,
        };
        let (partnership, by) = (Arc::new(partnership()), by());
        let ask = request_advice().of(child).about(REQUEST.0);
        let request = tx.create_advice_request(&permit(&partnership, &ask).unwrap(), &request, &by).unwrap();
        let world = Self { partnership, child, other, references, request, by };
        world.create_one_of_each(tx);
        world
    }

    /// A permit for exactly this ask, if `decide` gives one.
    pub(super) fn permit(&self, ask: &Ask) -> Option<Permit> {
        permit(&self.partnership, ask)
    }

    /// The same for any two parties and any purpose, where the ask itself gets no permit.
    pub(super) fn permit_of_any(&self, ask: &Ask) -> Option<Permit> {
        let parties = [COUNCIL, TRUST].map(code);
        let pairs = parties.iter().flat_map(|holder| parties.map(|recipient| Ask { holder: *holder, recipient, ..*ask }));
        let asks = pairs.flat_map(|ask| Purpose::ALL.iter().map(move |purpose| Ask { purpose: *purpose, ..ask }));
        std::iter::once(*ask).chain(asks).find_map(|ask| self.permit(&ask))
    }

    /// A call that came in at one instant and whose decisions are made at a later one.
    pub(super) fn waiting(&self, now: DateTime<Utc>, passed: DateTime<Utc>) -> CallContext {
        let instants = Instants::new(move || passed);
        CallContext { partnership: Arc::clone(&self.partnership), by: self.by.clone(), now, instants }
    }

    pub(super) fn needs(&self) -> domain::AgreementNeeds {
        self.partnership.needs()
    }

    /// Creates one of each thing.
    fn create_one_of_each(&self, tx: &mut Tx<'_>) {
        let permit = |ask: Ask| self.permit(&ask).unwrap();
        let third = ChildReference::by_nhs_number("9990000034".parse().unwrap(), day("2017-03-09"));
        let stated = MatchDraft { id: MATCH, second: tx.child_for_decision(&third).unwrap(), source: MatchSource::Crosswalk };
        let by_council = permit(Ask::join(code(COUNCIL)).of(self.child).about(MATCH.0));
        tx.state_match(&by_council, stated, MATCH.0, &self.by).unwrap();
        let own = |act, item| permit(own(act).about(item).of(self.child));
        tx.hold(&own(Act::Hold, HOLD.0), &LegalHoldDraft { id: HOLD, ends: None, reason: "made up".into() }, &self.by).unwrap();
        let ask = Ask::restrict(Act::Restrict, code(COUNCIL), None).about(RESTRICTION.0).of(self.child);
        tx.restrict(&permit(ask), &restriction(RESTRICTION), &self.by).unwrap();
        tx.make_override(&permit(open_records().about(OVERRIDE.0).of(self.child)), &overriding(OVERRIDE), &self.by).unwrap();
        let draft = DisputeDraft { id: DISPUTE, referrals: None, reason: "made up".into() };
        tx.open_dispute(&own(Act::Rectify, DISPUTE.0), &draft, &[], &self.by).unwrap();
        let draft = ErasureDraft { id: ERASURE, data: vec![DataClass::WaitingListStatus], reason: "made up".into(), future: false };
        tx.erase(&[own(Act::Erase, ERASURE.0)], &self.references[0], &draft, &self.by).unwrap();
        let ask = |decision, item: ConsentId| record(decision).about(item.0).of(self.child);
        let permits = CONSENTED.map(|data| permit(ask(ConsentDecision::Permit, CONSENT).with(data)));
        tx.record_consent(&permits, &consent(CONSENT, ConsentDecision::Permit), &self.by).unwrap();
        let permits = [permit(ask(ConsentDecision::Objection, OBJECTION))];
        tx.record_consent(&permits, &consent(OBJECTION, ConsentDecision::Objection), &self.by).unwrap();
        self.keep_case(tx);
    }

    fn keep_case(&self, tx: &mut Tx<'_>) {
        let sealed = tx.vault.seal(Column::Record, &record_row(COUNCIL, &CASE.to_string()), &to_json_bytes(&case()).unwrap()).unwrap();
        let row = (
            record::dataset.eq("ehcp"),
            record::organisation.eq(COUNCIL),
            record::record_key.eq(CASE.to_string()),
            record::list.eq(""),
            record::child_id.eq(self.child.0),
            record::pathways.eq(PathwaySet::EMPTY.bits()),
            record::is_open.eq(true),
            record::flow.eq("flowed"),
            record::digest.eq(vec![0_u8]),
            record::sealed_record.eq(sealed),
            record::submission_id.eq(""),
        );
        on!(tx, c => diesel::insert_into(record::table).values(&row).execute(*c)).unwrap();
    }
}

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Decides with facts in which the asker recorded, set or made the item that is asked about, and it has ended.
fn permit(partnership: &Partnership, ask: &Ask) -> Option<Permit> {
    let facts = ask.item.map_or_else(ChildFacts::default, |item| ChildFacts {
        consents: vec![Consent {
            id: ConsentId(item),
            decision: ConsentDecision::Permit,
            purpose: ask.purpose,
            data: vec![ask.data],
            pathways: ask.pathways,
            recipient: ask.recipient,
            decided_by: DecidedBy::Parent,
            valid_from: day("2026-05-01"),
            valid_to: None,
            recorded_by: ask.holder,
            recorded_at: now(),
            withdrawn_at: Some(now()),
            review: None,
        }],
        restrictions: vec![Restriction {
            id: RestrictionId(item),
            kind: RestrictionKind::AddressHidden,
            against: None,
            starts: day("2026-05-01"),
            ends: None,
            set_by: ask.holder,
            lifted_at: Some(now()),
        }],
        overrides: vec![Override {
            id: OverrideId(item),
            holder: ask.holder,
            recipient: ask.recipient,
            purpose: ask.purpose,
            data: ask.data,
            pathways: ask.pathways,
            starts: day("2026-05-01"),
            ends: day("2026-05-28"),
            ended_at: Some(now()),
        }],
        ..ChildFacts::default()
    });
    decide(*ask, Facts::at(now(), partnership, &facts)).ok()
}

/// An act of the trust on its own data.
pub(super) fn own(act: Act) -> Ask {
    Ask::own(act, code(TRUST), DataClass::WaitingListStatus)
}

pub(super) fn open_records() -> Ask {
    Ask::open_records(code(TRUST), code(COUNCIL), Purpose::CareCoordination, DataClass::WaitingListStatus).on(PathwaySet::all())
}

/// The trust's ask to record what a family decided about data for the council.
pub(super) fn record(decision: ConsentDecision) -> Ask {
    Ask::record(decision, code(TRUST), code(COUNCIL), Purpose::CareCoordination, DataClass::WaitingListStatus).on(PathwaySet::all())
}

/// An ask to do something with a recorded decision.
pub(super) fn about_decision(act: Act, id: ConsentId) -> Ask {
    let ask = record(ConsentDecision::Permit);
    Ask { act, ..ask }.about(id.0)
}

pub(super) fn request_advice() -> Ask {
    Ask::disclose(code(COUNCIL), code(TRUST), Purpose::EhcNeedsAssessment, DataClass::AdviceRequest)
}

pub(super) fn restriction(id: RestrictionId) -> RestrictionDraft {
    let (starts, reason) = (day("2026-05-01"), "made up".into());
    RestrictionDraft { id, kind: RestrictionKind::AddressHidden, against: None, starts, ends: None, reason }
}

pub(super) fn overriding(id: OverrideId) -> OverrideDraft {
    OverrideDraft { id, starts: day("2026-06-01"), ends: day("2026-06-14"), reason: "made up".into() }
}

pub(super) fn consent(id: ConsentId, decision: ConsentDecision) -> ConsentDraft {
    let evidence = "made up".into();
    ConsentDraft { id, decision, decided_by: DecidedBy::Parent, valid_from: day("2026-05-01"), valid_to: None, evidence }
}

fn case() -> Case {
    let nothing = CasePerson {
        surname: None,
        forename: None,
        sex: None,
        ethnicity: None,
        postcode: None,
        upn: None,
        unique_learner_number: None,
        upn_unknown: None,
    };
    let request = AssessmentRequest {
        received_on: day("2026-05-01"),
        source: None,
        in_youth_accommodation: false,
        outcome: None,
        outcome_on: None,
        mediation: false,
        tribunal: false,
        exported: false,
    };
    Case { person: nothing, request, assessment: None, active_plan: None }
}

/// A council and a trust that give each other everything unless somebody objects, for each purpose that it may be given
/// for.
fn partnership() -> Partnership {
    let organisation = |of: &str, kind, areas: &[&str]| Organisation {
        code: code(of),
        name: of.into(),
        kind,
        valid_from: day("2022-07-01"),
        valid_to: None,
        successors: Vec::new(),
        areas: areas.iter().map(|area| (*area).into()).collect(),
        practices: Vec::new(),
        lists: Vec::new(),
    };
    let everybody = || vec![code(COUNCIL), code(TRUST)];
    let agreement = |purpose: Purpose, data: &[DataClass], confidentiality, opt_out| Agreement {
        id: purpose.to_string(),
        purpose,
        providers: everybody(),
        recipients: everybody(),
        data: data.to_vec(),
        pathways: PathwaySet::all(),
        population: Population::Resident,
        consent: ConsentRule::UnlessObjected,
        consent_recorded_by: everybody(),
        verified_by: domain::VerifiedBy::Holder,
        starts: day("2026-04-01"),
        ends: day("2027-03-31"),
        basis: LawfulBasis {
            uk_gdpr_6: "6(1)(e)".into(),
            uk_gdpr_9: "9(2)(h)".into(),
            dpa_sch1: Some("paragraph 2".into()),
            confidentiality,
            statute: Some("made up".into()),
            legal_bases: Vec::new(),
            opt_out,
            opt_out_reason: Some("made up".into()),
        },
        places: Places::default(),
    };
    let of_a_child =
        [DataClass::WaitingListStatus, DataClass::EhcpStatus, DataClass::HealthAdvice, DataClass::AdviceRequest, DataClass::ChildMatching];
    Partnership::new(PartnershipParts {
        host: code(COUNCIL),
        controllers: everybody(),
        organisations: vec![
            organisation(COUNCIL, OrganisationKind::LocalAuthority, &["E07000242"]),
            organisation(TRUST, OrganisationKind::Provider, &[]),
        ],
        clients: vec![Client {
            id: "council".into(),
            organisation: code(COUNCIL),
            may_submit_for: Vec::new(),
            authority: "made up".into(),
            certificate_name: "council".into(),
            scopes: [Scope::WaitingListRead].into(),
            keys: Vec::new(),
            authentication: Authentication::Tls,
        }],
        legal_bases: Vec::new(),
        issuers: Vec::new(),
        agreements: vec![
            agreement(Purpose::CareCoordination, &of_a_child, Confidentiality::Statute, OptOutRule::Exempt),
            agreement(Purpose::EhcNeedsAssessment, &of_a_child, Confidentiality::Statute, OptOutRule::Exempt),
            agreement(Purpose::JointCommissioning, &[DataClass::DashboardAggregate], Confidentiality::Section251, OptOutRule::Exempt),
        ],
        authorities: vec!["made up".into()],
    })
    .unwrap()
}

fn by() -> Attribution {
    Attribution {
        client: "council".into(),
        organisation: code(COUNCIL),
        actor: None,
        operation: Operation::GetWaits,
        request_id: Uuid::nil(),
        resource: None,
    }
}

pub(super) fn code(text: &str) -> OrganisationCode {
    text.parse().unwrap()
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}
