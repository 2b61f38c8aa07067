//! The file's shape, in TOML.

use chrono::NaiveDate;
use domain::{
    Agreement, Authentication, Client, Confidentiality, ConsentRule, DataClass, LawfulBasis, LegalBasis, OptOutRule, Organisation,
    OrganisationCode, OrganisationKind, PartnershipParts, PathwaySet, Places, Population, Purpose, Scope, TokenIssuer, VerifiedBy,
};
use serde::{Deserialize, Deserializer, de::Error};
use toml::value::Datetime;

use super::public_keys::KeyWire;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartnershipWire {
    host: OrganisationCode,
    controllers: Vec<OrganisationCode>,
    /// From how many days before its last day an agreement is warned about.
    #[serde(default = "warn_days")]
    pub(super) warn_days: u16,
    #[serde(default)]
    organisation: Vec<OrganisationWire>,
    #[serde(default)]
    client: Vec<ClientWire>,
    #[serde(default)]
    legal_basis: Vec<LegalBasisWire>,
    #[serde(default)]
    issuer: Vec<IssuerWire>,
    #[serde(default)]
    agreement: Vec<AgreementWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LegalBasisWire {
    id: String,
    citation: String,
    in_force_from: Option<Day>,
    in_force_to: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationWire {
    code: OrganisationCode,
    name: String,
    kind: OrganisationKind,
    valid_from: Day,
    valid_to: Option<Day>,
    #[serde(default)]
    successors: Vec<OrganisationCode>,
    #[serde(default)]
    areas: Vec<String>,
    #[serde(default)]
    practices: Vec<String>,
    #[serde(default)]
    lists: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientWire {
    id: String,
    organisation: OrganisationCode,
    #[serde(default)]
    may_submit_for: Vec<OrganisationCode>,
    authority: String,
    certificate_name: String,
    scopes: Vec<Scope>,
    #[serde(default)]
    keys: Vec<KeyWire>,
    /// If left out, a client with keys may use either way.
    authentication: Option<Authentication>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerWire {
    url: String,
    audience: String,
    clients: Vec<String>,
    keys: Vec<KeyWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgreementWire {
    id: String,
    purpose: Purpose,
    providers: Vec<OrganisationCode>,
    recipients: Vec<OrganisationCode>,
    data: Vec<DataClass>,
    pathways: PathwaySet,
    population: Population,
    consent: ConsentRule,
    #[serde(default)]
    consent_recorded_by: Vec<OrganisationCode>,
    #[serde(default = "holder")]
    verified_by: VerifiedBy,
    starts: Day,
    ends: Day,
    basis: BasisWire,
}

/// The other side's word is needed where the file does not say otherwise.
fn holder() -> VerifiedBy {
    VerifiedBy::Holder
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasisWire {
    uk_gdpr_6: String,
    uk_gdpr_9: String,
    dpa_sch1: Option<String>,
    confidentiality: Confidentiality,
    statute: Option<String>,
    #[serde(default)]
    legal_bases: Vec<String>,
    opt_out: OptOutWire,
}

fn warn_days() -> u16 {
    domain::EXPIRY_WARNING_DAYS
}

/// A TOML date without a time.
#[derive(Clone, Copy)]
struct Day(NaiveDate);

/// `applies`, or `exempt: ` and the reason.
struct OptOutWire(OptOutRule, Option<String>);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Datetime::deserialize(deserializer)? {
            Datetime { date: Some(date), time: None, offset: None } => {
                NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day)).map(Self)
            }
            _ => None,
        }
        .ok_or_else(|| D::Error::custom("a day is written CCYY-MM-DD, without quotes or a time"))
    }
}

impl<'de> Deserialize<'de> for OptOutWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(':').map(|(word, reason)| (word.trim(), reason.trim())) {
            None if text == "applies" => Ok(Self(OptOutRule::Applies, None)),
            Some(("exempt", reason)) if !reason.is_empty() => Ok(Self(OptOutRule::Exempt, Some(reason.to_owned()))),
            _ => Err(D::Error::custom("opt_out is \"applies\", or \"exempt: \" and the reason")),
        }
    }
}

impl PartnershipWire {
    pub(super) fn into_parts(self, authorities: &[String]) -> PartnershipParts {
        PartnershipParts {
            host: self.host,
            controllers: self.controllers,
            organisations: self.organisation.into_iter().map(Into::into).collect(),
            clients: self.client.into_iter().map(Into::into).collect(),
            legal_bases: self.legal_basis.into_iter().map(Into::into).collect(),
            issuers: self.issuer.into_iter().map(Into::into).collect(),
            agreements: self.agreement.into_iter().map(Into::into).collect(),
            authorities: authorities.to_vec(),
        }
    }
}

impl From<OrganisationWire> for Organisation {
    fn from(wire: OrganisationWire) -> Self {
        Self {
            code: wire.code,
            name: wire.name,
            kind: wire.kind,
            valid_from: wire.valid_from.0,
            valid_to: wire.valid_to.map(|day| day.0),
            successors: wire.successors,
            areas: wire.areas,
            practices: wire.practices,
            lists: wire.lists,
        }
    }
}

impl From<LegalBasisWire> for LegalBasis {
    fn from(wire: LegalBasisWire) -> Self {
        let day = |day: Option<Day>| day.map(|day| day.0);
        Self { id: wire.id, citation: wire.citation, in_force_from: day(wire.in_force_from), in_force_to: day(wire.in_force_to) }
    }
}

impl From<ClientWire> for Client {
    fn from(wire: ClientWire) -> Self {
        let usual = if wire.keys.is_empty() { Authentication::Tls } else { Authentication::Either };
        Self {
            id: wire.id,
            organisation: wire.organisation,
            may_submit_for: wire.may_submit_for,
            authority: wire.authority,
            certificate_name: wire.certificate_name,
            scopes: wire.scopes.into_iter().collect(),
            keys: wire.keys.into_iter().map(|key| key.0).collect(),
            authentication: wire.authentication.unwrap_or(usual),
        }
    }
}

impl From<IssuerWire> for TokenIssuer {
    fn from(wire: IssuerWire) -> Self {
        Self { url: wire.url, audience: wire.audience, clients: wire.clients, keys: wire.keys.into_iter().map(|key| key.0).collect() }
    }
}

impl From<AgreementWire> for Agreement {
    fn from(wire: AgreementWire) -> Self {
        let OptOutWire(opt_out, opt_out_reason) = wire.basis.opt_out;
        Self {
            id: wire.id,
            purpose: wire.purpose,
            providers: wire.providers,
            recipients: wire.recipients,
            data: wire.data,
            pathways: wire.pathways,
            population: wire.population,
            consent: wire.consent,
            consent_recorded_by: wire.consent_recorded_by,
            verified_by: wire.verified_by,
            starts: wire.starts.0,
            ends: wire.ends.0,
            basis: LawfulBasis {
                uk_gdpr_6: wire.basis.uk_gdpr_6,
                uk_gdpr_9: wire.basis.uk_gdpr_9,
                dpa_sch1: wire.basis.dpa_sch1,
                confidentiality: wire.basis.confidentiality,
                statute: wire.basis.statute,
                legal_bases: wire.basis.legal_bases,
                opt_out,
                opt_out_reason,
            },
            places: Places::Anywhere,
        }
    }
}
