//! `GET /v1/agreements`: what the partnership file permits now.

use actix_web::{get, web};
use chrono::NaiveDate;
use domain::operations::ListAgreements;
use domain::{
    Agreement, AgreementStanding, Confidentiality, ConsentRule, DataClass, LegalBasis, OptOutRule, OrganisationCode, Partnership,
    PathwaySet, Population, Purpose, minimum_columns, minimum_fields,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::calls::Call;
use crate::pages::Page;

/// An organisation by code and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyView {
    pub code: OrganisationCode,
    #[schema(example = "Hertfordshire Community NHS Trust")]
    pub name: String,
}

/// A class of data and what it carries: these fields and no others.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataView {
    pub class: DataClass,
    pub fields: Vec<&'static str>,
}

/// A provision of the law, and whether it is in force today.
#[derive(Debug, Serialize, ToSchema)]
pub struct LegalBasisView {
    pub id: String,
    pub citation: String,
    pub in_force_from: Option<NaiveDate>,
    /// Its last day, inclusive.
    pub in_force_to: Option<NaiveDate>,
    pub in_force: bool,
}

/// The lawful basis in its parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct BasisView {
    #[schema(example = "6(1)(c)")]
    pub uk_gdpr_6: String,
    #[schema(example = "9(2)(g)")]
    pub uk_gdpr_9: String,
    pub dpa_sch1: Option<String>,
    pub confidentiality: Confidentiality,
    pub statute: Option<String>,
    pub legal_bases: Vec<LegalBasisView>,
    pub opt_out: OptOutRule,
    pub opt_out_reason: Option<String>,
}

/// One agreement with all its parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreementView {
    pub id: String,
    /// By its dates, today in Europe/London.
    pub standing: AgreementStanding,
    /// Whether anything may flow under it today: it is in date, and every provision that it rests on is in force.
    pub in_force: bool,
    pub starts: NaiveDate,
    /// Its last day, inclusive.
    pub ends: NaiveDate,
    /// 0 on its last day, negative after it.
    pub days_left: i64,
    /// What somebody has to look after.
    pub warnings: Vec<&'static str>,
    pub purpose: Purpose,
    pub providers: Vec<PartyView>,
    pub recipients: Vec<PartyView>,
    pub data: Vec<DataView>,
    pub pathways: PathwaySet,
    pub population: Population,
    pub consent: ConsentRule,
    pub consent_recorded_by: Vec<PartyView>,
    pub basis: BasisView,
}

impl LegalBasisView {
    fn of(law: &LegalBasis, today: NaiveDate) -> Self {
        Self {
            id: law.id.clone(),
            citation: law.citation.clone(),
            in_force_from: law.in_force_from,
            in_force_to: law.in_force_to,
            in_force: law.is_in_force(today),
        }
    }
}

impl BasisView {
    pub(super) fn of(agreement: &Agreement, partnership: &Partnership, today: NaiveDate) -> Self {
        let basis = &agreement.basis;
        Self {
            uk_gdpr_6: basis.uk_gdpr_6.clone(),
            uk_gdpr_9: basis.uk_gdpr_9.clone(),
            dpa_sch1: basis.dpa_sch1.clone(),
            confidentiality: basis.confidentiality,
            statute: basis.statute.clone(),
            legal_bases: partnership.legal_bases(agreement).map(|law| LegalBasisView::of(law, today)).collect(),
            opt_out: basis.opt_out,
            opt_out_reason: basis.opt_out_reason.clone(),
        }
    }
}

impl AgreementView {
    fn of(agreement: &Agreement, partnership: &Partnership, today: NaiveDate) -> Self {
        let parties = |codes: &[OrganisationCode]| {
            codes.iter().map(|code| PartyView { code: *code, name: partnership.name_of(*code) }).collect::<Vec<_>>()
        };
        let fields = |data| [minimum_columns(data), minimum_fields(data)].concat();
        Self {
            id: agreement.id.clone(),
            standing: agreement.standing(today, partnership.warn_days()),
            in_force: agreement.is_in_date(today) && partnership.is_law(agreement, today),
            starts: agreement.starts,
            ends: agreement.ends,
            days_left: agreement.days_left(today),
            warnings: partnership.warnings(agreement, today),
            purpose: agreement.purpose,
            providers: parties(&agreement.providers),
            recipients: parties(&agreement.recipients),
            data: agreement.data.iter().map(|class| DataView { class: *class, fields: fields(*class) }).collect(),
            pathways: agreement.pathways,
            population: agreement.population,
            consent: agreement.consent,
            consent_recorded_by: parties(&agreement.consent_recorded_by),
            basis: BasisView::of(agreement, partnership, today),
        }
    }
}

/// The agreements
///
/// All of them, in the order of the partnership file, which is the only source of permission.
#[utoipa::path(
    tag = "audit",
    responses((status = 200, description = "Every agreement", body = Page<AgreementView>))
)]
#[get("/v1/agreements")]
pub async fn list_agreements(call: Call<ListAgreements>) -> web::Json<Page<AgreementView>> {
    let (partnership, today) = (call.partnership(), call.today());
    let items = partnership.agreements().iter().map(|agreement| AgreementView::of(agreement, partnership, today)).collect();
    web::Json(Page { items, next: None })
}
