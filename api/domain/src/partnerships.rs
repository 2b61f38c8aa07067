//! The partnership: who there is, who may call, and what was agreed. A file with any fault is refused as a whole.

mod signers;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::agreements::{Agreement, AgreementStanding, DataClass, LegalBasis, OptOutRule, Population, VerifiedBy};
use crate::organisations::{Organisation, OrganisationCode, OrganisationKind};
use crate::places::Places;
use crate::scopes::ScopeSet;
use crate::signatures::{Authentication, PublicKey, TokenIssuer};

/// A partner's system, known by its certificate, with its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    pub organisation: OrganisationCode,
    /// Other organisations whose lists it may send.
    pub may_submit_for: Vec<OrganisationCode>,
    /// The name of the authority that issued its certificate.
    pub authority: String,
    /// The DNS name in its certificate.
    pub certificate_name: String,
    pub scopes: ScopeSet,
    /// The keys by which it signs assertions.
    pub keys: Vec<PublicKey>,
    pub authentication: Authentication,
}

impl Client {
    /// Whether the client may send records in an organisation's name.
    pub fn may_submit_for(&self, organisation: OrganisationCode) -> bool {
        self.organisation == organisation || self.may_submit_for.contains(&organisation)
    }
}

closed! {
    /// A part of the partnership file.
    pub enum PartnershipSection {
        Partnership = "partnership",
        Organisation = "organisation",
        Client = "client",
        LegalBasis = "legal_basis",
        Issuer = "issuer",
        Agreement = "agreement",
    }
}

/// Something wrong in the file: which entry of which section, counted from 0, and which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnershipFault {
    pub section: PartnershipSection,
    pub index: usize,
    pub field: &'static str,
    pub message: String,
}

/// What a partnership is made from.
#[derive(Debug, Clone)]
pub struct PartnershipParts {
    pub host: OrganisationCode,
    pub controllers: Vec<OrganisationCode>,
    pub organisations: Vec<Organisation>,
    pub clients: Vec<Client>,
    pub legal_bases: Vec<LegalBasis>,
    pub issuers: Vec<TokenIssuer>,
    pub agreements: Vec<Agreement>,
    /// The names of the authorities whose certificates the gateway accepts.
    pub authorities: Vec<String>,
}

/// A partnership in which every reference resolves and every agreement makes sense.
#[derive(Debug)]
pub struct Partnership {
    host: OrganisationCode,
    controllers: Vec<OrganisationCode>,
    organisations: BTreeMap<OrganisationCode, Organisation>,
    clients: BTreeMap<String, Client>,
    legal_bases: BTreeMap<String, LegalBasis>,
    issuers: Vec<TokenIssuer>,
    agreements: Vec<Agreement>,
    warn_days: u16,
}

/// How many days before an agreement's last day to warn of its end, where the file does not say.
pub const EXPIRY_WARNING_DAYS: u16 = 60;

/// Which facts about a child any of the agreements asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreementNeeds {
    pub opt_outs: bool,
    pub plans: bool,
}

impl Partnership {
    /// Checks the parts against each other. All faults are returned, in file order.
    pub fn new(parts: PartnershipParts) -> Result<Self, Vec<PartnershipFault>> {
        let mut faults = Vec::new();
        let mut fault = |section, index, field, message: String| faults.push(PartnershipFault { section, index, field, message });
        let known: BTreeMap<_, _> = parts.organisations.iter().map(|organisation| (organisation.code, organisation)).collect();
        let unknown = |code: &OrganisationCode| (!known.contains_key(code)).then(|| format!("{code} is not an organisation of this file"));

        for code in std::iter::once(&parts.host).chain(&parts.controllers) {
            if let Some(message) = unknown(code) {
                fault(PartnershipSection::Partnership, 0, "host", message);
            }
        }
        if parts.organisations.is_empty() || parts.clients.is_empty() {
            fault(PartnershipSection::Partnership, 0, "host", "a partnership has organisations and clients".into());
        }
        for (index, organisation) in parts.organisations.iter().enumerate() {
            if parts.organisations[..index].iter().any(|earlier| earlier.code == organisation.code) {
                fault(PartnershipSection::Organisation, index, "code", format!("{} stands here twice", organisation.code));
            }
            if organisation.valid_to.is_some_and(|last| last < organisation.valid_from) {
                fault(PartnershipSection::Organisation, index, "valid_to", "an organisation cannot end before it starts".into());
            }
            if organisation.valid_to.is_none() && !organisation.successors.is_empty() {
                fault(PartnershipSection::Organisation, index, "successors", "an organisation with successors has a last day".into());
            }
            for message in organisation.successors.iter().filter_map(unknown) {
                fault(PartnershipSection::Organisation, index, "successors", message);
            }
        }
        for (index, client) in parts.clients.iter().enumerate() {
            if parts.clients[..index].iter().any(|earlier| earlier.id == client.id) {
                fault(PartnershipSection::Client, index, "id", format!("{} stands here twice", client.id));
            }
            let same_certificate =
                |earlier: &Client| earlier.authority == client.authority && earlier.certificate_name == client.certificate_name;
            if parts.clients[..index].iter().any(same_certificate) {
                fault(PartnershipSection::Client, index, "certificate_name", "two clients cannot share a certificate name".into());
            }
            if client.id.is_empty() || client.certificate_name.is_empty() {
                fault(PartnershipSection::Client, index, "id", "a client has an id and a certificate name".into());
            }
            if !parts.authorities.contains(&client.authority) {
                fault(PartnershipSection::Client, index, "authority", format!("{} is not an authority of gateway.toml", client.authority));
            }
            if let Some(message) = unknown(&client.organisation) {
                fault(PartnershipSection::Client, index, "organisation", message);
            }
            for message in client.may_submit_for.iter().filter_map(unknown) {
                fault(PartnershipSection::Client, index, "may_submit_for", message);
            }
        }
        for (index, basis) in parts.legal_bases.iter().enumerate() {
            if parts.legal_bases[..index].iter().any(|earlier| earlier.id == basis.id) {
                fault(PartnershipSection::LegalBasis, index, "id", format!("{} stands here twice", basis.id));
            }
            if basis.in_force_to.is_some_and(|last| basis.in_force_from.is_none_or(|first| last < first)) {
                fault(PartnershipSection::LegalBasis, index, "in_force_to", "a provision cannot end before it is in force".into());
            }
        }
        for (index, agreement) in parts.agreements.iter().enumerate() {
            for id in &agreement.basis.legal_bases {
                if !parts.legal_bases.iter().any(|basis| basis.id == *id) {
                    fault(PartnershipSection::Agreement, index, "basis.legal_bases", format!("{id} is not a legal_basis of this file"));
                }
            }
            if agreement.population == Population::GpRegistered && places(agreement, &known) == Places::Anywhere {
                fault(PartnershipSection::Agreement, index, "population", "none of its organisations lists its practices".into());
            }
            if agreement.population == Population::Resident && places(agreement, &known) == Places::Anywhere {
                fault(PartnershipSection::Agreement, index, "population", "none of its recipients lists its areas".into());
            }
            let is_council =
                |code: &OrganisationCode| known.get(code).is_none_or(|organisation| organisation.kind == OrganisationKind::LocalAuthority);
            if agreement.population == Population::PlanMaintained && !agreement.recipients.iter().any(is_council) {
                fault(
                    PartnershipSection::Agreement,
                    index,
                    "population",
                    "none of its recipients is a council, which alone maintains plans".into(),
                );
            }
            if parts.agreements[..index].iter().any(|earlier| earlier.id == agreement.id) {
                fault(PartnershipSection::Agreement, index, "id", format!("{} stands here twice", agreement.id));
            }
            for (field, why) in agreement.faults() {
                fault(PartnershipSection::Agreement, index, field, why.into());
            }
            for (field, codes) in [
                ("providers", &agreement.providers),
                ("recipients", &agreement.recipients),
                ("consent_recorded_by", &agreement.consent_recorded_by),
            ] {
                for message in codes.iter().filter_map(unknown) {
                    fault(PartnershipSection::Agreement, index, field, message);
                }
                let outlived = |code: &&OrganisationCode| {
                    known.get(*code).is_some_and(|named| !(named.exists_on(agreement.starts) && named.exists_on(agreement.ends)))
                };
                for code in codes.iter().filter(|_| agreement.starts <= agreement.ends).filter(outlived) {
                    fault(PartnershipSection::Agreement, index, field, format!("{code} does not exist on every day of the agreement"));
                }
            }
        }
        faults.extend(signers::faults(&parts.clients, &parts.issuers));
        if !faults.is_empty() {
            return Err(faults);
        }
        let agreements =
            parts.agreements.into_iter().map(|agreement| Agreement { places: places(&agreement, &known), ..agreement }).collect();
        Ok(Self {
            host: parts.host,
            controllers: parts.controllers,
            organisations: parts.organisations.into_iter().map(|organisation| (organisation.code, organisation)).collect(),
            clients: parts.clients.into_iter().map(|client| (client.id.clone(), client)).collect(),
            legal_bases: parts.legal_bases.into_iter().map(|basis| (basis.id.clone(), basis)).collect(),
            issuers: parts.issuers,
            agreements,
            warn_days: EXPIRY_WARNING_DAYS,
        })
    }

    /// The same, with warnings from this many days before an agreement's last day.
    #[must_use]
    pub fn warning(self, warn_days: u16) -> Self {
        Self { warn_days, ..self }
    }

    /// How many days before an agreement's last day to warn of its end.
    pub fn warn_days(&self) -> u16 {
        self.warn_days
    }

    /// The council whose area this is.
    pub fn host(&self) -> OrganisationCode {
        self.host
    }

    pub fn controllers(&self) -> &[OrganisationCode] {
        &self.controllers
    }

    pub fn organisation(&self, code: OrganisationCode) -> Option<&Organisation> {
        self.organisations.get(&code)
    }

    /// The name of an organisation; its code where the file no longer has it.
    pub fn name_of(&self, code: OrganisationCode) -> String {
        self.organisation(code).map_or_else(|| code.to_string(), |organisation| organisation.name.clone())
    }

    /// Every organisation, in the order of their codes.
    pub fn organisations(&self) -> impl Iterator<Item = &Organisation> {
        self.organisations.values()
    }

    pub fn client(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    /// Every client, in the order of their ids.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }

    /// The outside issuers whose tokens count.
    pub fn issuers(&self) -> &[TokenIssuer] {
        &self.issuers
    }

    pub fn agreements(&self) -> &[Agreement] {
        &self.agreements
    }

    /// Which facts about a child are needed to decide.
    pub fn needs(&self) -> AgreementNeeds {
        AgreementNeeds {
            opt_outs: self.agreements.iter().any(|agreement| agreement.basis.opt_out == OptOutRule::Applies),
            plans: self.agreements.iter().any(|agreement| agreement.population == Population::PlanMaintained),
        }
    }

    /// Whether, by an agreement between the two, a claimant's own word that two identifiers are one child's is enough for a
    /// holder's records.
    pub fn trusts(&self, holder: OrganisationCode, claimant: OrganisationCode, today: NaiveDate) -> bool {
        let mut shared = self.about_matching(holder, today);
        shared.any(|agreement| agreement.verified_by == VerifiedBy::Either && agreement.is_party(claimant))
    }

    /// The other organisations whose claims about children's identifiers an organisation may be told of.
    pub fn matching_partners(&self, organisation: OrganisationCode, today: NaiveDate) -> BTreeSet<OrganisationCode> {
        let shared = self.about_matching(organisation, today);
        let parties = shared.flat_map(|agreement| agreement.providers.iter().chain(&agreement.recipients).copied());
        parties.filter(|party| *party != organisation).collect()
    }

    /// The agreements about child matching that name an organisation and hold on a day.
    fn about_matching(&self, organisation: OrganisationCode, today: NaiveDate) -> impl Iterator<Item = &Agreement> {
        self.agreements.iter().filter(move |agreement| {
            agreement.data.contains(&DataClass::ChildMatching)
                && agreement.is_party(organisation)
                && agreement.is_in_date(today)
                && self.is_law(agreement, today)
        })
    }

    /// Every provision of the law that the file names, in the order of their ids.
    pub fn provisions(&self) -> impl Iterator<Item = &LegalBasis> {
        self.legal_bases.values()
    }

    /// The provisions of the law that an agreement names.
    pub fn legal_bases<'a>(&'a self, agreement: &'a Agreement) -> impl Iterator<Item = &'a LegalBasis> {
        agreement.basis.legal_bases.iter().filter_map(|id| self.legal_bases.get(id))
    }

    /// Whether every provision that an agreement names is law on a day.
    pub fn is_law(&self, agreement: &Agreement, today: NaiveDate) -> bool {
        self.legal_bases(agreement).all(|basis| basis.is_in_force(today))
    }

    /// What in an agreement needs somebody's attention on a day.
    pub fn warnings(&self, agreement: &Agreement, today: NaiveDate) -> Vec<&'static str> {
        let standing = match agreement.standing(today, self.warn_days) {
            AgreementStanding::Ended => Some("the agreement has ended: nothing flows under it"),
            AgreementStanding::Expiring => Some("the agreement is about to end"),
            AgreementStanding::NotStarted | AgreementStanding::InDate => None,
        };
        let lawless = (!self.is_law(agreement, today)).then_some("the agreement rests on a provision that is not in force today");
        standing.into_iter().chain(lawless).collect()
    }

    /// The district codes of the host's area.
    pub fn districts(&self) -> &[String] {
        self.organisations.get(&self.host).map_or(&[], |organisation| &organisation.areas)
    }

    /// The providers that an in-date agreement lets count in released tables.
    pub fn counted_providers(&self, today: NaiveDate) -> Vec<&Organisation> {
        let counts = |organisation: &&Organisation| {
            self.agreements.iter().any(|agreement| {
                agreement.is_in_date(today)
                    && self.is_law(agreement, today)
                    && agreement.joins(organisation.code, self.host, DataClass::DashboardAggregate)
            })
        };
        self.organisations.values().filter(counts).collect()
    }
}

/// Where an agreement's children are: the districts of its recipients, or the practices of its parties.
fn places(agreement: &Agreement, known: &BTreeMap<OrganisationCode, &Organisation>) -> Places {
    let of = |codes: &[OrganisationCode], list: fn(&Organisation) -> &[String]| -> std::sync::Arc<[String]> {
        codes.iter().filter_map(|code| known.get(code)).flat_map(|organisation| list(organisation)).cloned().collect()
    };
    let (placed, list) = match agreement.population {
        Population::PlanMaintained => return Places::Anywhere,
        Population::Resident => (Places::Districts as fn(_) -> _, of(&agreement.recipients, |organisation| &organisation.areas)),
        Population::GpRegistered => {
            let parties: Vec<_> = agreement.providers.iter().chain(&agreement.recipients).copied().collect();
            (Places::Practices as fn(_) -> _, of(&parties, |organisation| &organisation.practices))
        }
    };
    if list.is_empty() { Places::Anywhere } else { placed(list) }
}

#[cfg(test)]
impl Partnership {
    /// A partnership of one council, one trust and these agreements, whatever faults they have.
    pub(crate) fn of(agreements: Vec<Agreement>, legal_bases: Vec<LegalBasis>) -> Self {
        use crate::organisations::OrganisationKind;
        let organisation = |code: &str, kind, areas: &[&str]| Organisation {
            code: code.parse().unwrap(),
            name: code.into(),
            kind,
            valid_from: NaiveDate::MIN,
            valid_to: None,
            successors: Vec::new(),
            areas: areas.iter().map(|area| (*area).to_owned()).collect(),
            practices: Vec::new(),
            lists: Vec::new(),
        };
        let council = organisation("E10000015", OrganisationKind::LocalAuthority, &["E07000242"]);
        let trust = organisation("RY4", OrganisationKind::Provider, &[]);
        let known = BTreeMap::from([(council.code, &council), (trust.code, &trust)]);
        Self {
            agreements: agreements.into_iter().map(|agreement| Agreement { places: places(&agreement, &known), ..agreement }).collect(),
            host: council.code,
            controllers: vec![council.code],
            clients: BTreeMap::new(),
            warn_days: 60,
            issuers: Vec::new(),
            legal_bases: legal_bases.into_iter().map(|basis| (basis.id.clone(), basis)).collect(),
            organisations: BTreeMap::from([(council.code, council), (trust.code, trust)]),
        }
    }
}
