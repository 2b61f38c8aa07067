//! The route table, which is also the OpenAPI document: an operation is in both or in neither.

#![expect(unreachable_pub, reason = "the macros that make a route hide the function behind a type of its name")]

pub mod advice;
pub mod advice_requests;
pub mod agreements;
pub mod audit_events;
pub mod audit_proofs;
pub mod authorization_servers;
pub mod children;
pub mod consent_reviews;
pub mod consents;
pub mod descriptions;
pub mod disclosures;
pub mod disputes;
pub mod docs;
pub mod ehcp_cases;
pub mod entries;
pub mod erasures;
pub mod fhir;
pub mod format_docs;
pub mod formats;
pub mod holds;
pub mod issue_catalogue;
pub mod jwks;
pub mod matches;
pub mod openapi;
pub mod opt_outs;
pub mod overrides;
pub mod reconciliation;
pub mod rectifications;
pub mod releases;
pub mod restrictions;
pub mod submission_reports;
mod submission_views;
pub mod submissions;
pub mod tokens;
pub mod withdrawals;

use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

/// Every operation of the partner API, one on each line.
pub fn table(config: &mut ServiceConfig<'_>) {
    config
        .service(tokens::issue_token)
        .service(authorization_servers::describe_authorization_server)
        .service(jwks::list_keys)
        .service(submissions::submit_waiting_list)
        .service(submissions::submit_ehcp)
        .service(submission_reports::list_submissions)
        .service(submission_reports::get_submission)
        .service(submission_reports::cancel_submission)
        .service(submission_reports::list_issues)
        .service(entries::list_entries)
        .service(reconciliation::reconcile)
        .service(children::search_child)
        .service(children::get_waits)
        .service(matches::put_identifiers)
        .service(matches::list_matches)
        .service(matches::decide_match)
        .service(disclosures::get_disclosures)
        .service(consents::record_consent)
        .service(consents::list_consents)
        .service(consent_reviews::list_reviews)
        .service(consent_reviews::review_objection)
        .service(consents::get_consent)
        .service(withdrawals::withdraw_consent)
        .service(restrictions::restrict_child)
        .service(restrictions::list_restrictions)
        .service(restrictions::lift_restriction)
        .service(overrides::make_override)
        .service(overrides::end_override)
        .service(opt_outs::load_opt_outs)
        .service(opt_outs::list_opt_outs)
        .service(erasures::erase)
        .service(erasures::lift_erasure)
        .service(rectifications::rectify)
        .service(disputes::open_dispute)
        .service(disputes::settle_dispute)
        .service(holds::set_hold)
        .service(holds::release_hold)
        .service(ehcp_cases::list_cases)
        .service(ehcp_cases::get_case)
        .service(advice_requests::create_advice_request)
        .service(advice_requests::list_advice_requests)
        .service(advice_requests::get_advice_request)
        .service(advice::acknowledge_advice_request)
        .service(advice::submit_advice)
        .service(advice::get_advice)
        .service(releases::list_releases)
        .service(releases::get_release)
        .service(releases::get_table)
        .service(audit_events::list_audit_events)
        .service(audit_proofs::get_checkpoint)
        .service(audit_proofs::get_proof)
        .service(agreements::list_agreements)
        .service(issue_catalogue::get_issue_catalogue)
        .service(formats::list_formats)
        .service(formats::get_format)
        .service(formats::get_sample)
        .service(fhir::capabilities::fhir_capabilities)
        .service(fhir::transactions::fhir_transact)
        .service(fhir::service_requests::fhir_search_service_requests)
        .service(fhir::service_requests::fhir_find_service_requests)
        .service(fhir::service_requests::fhir_get_service_request)
        .service(fhir::tasks::fhir_search_tasks)
        .service(fhir::tasks::fhir_find_tasks)
        .service(fhir::tasks::fhir_get_task)
        .service(fhir::consents::fhir_search_consents)
        .service(fhir::consents::fhir_find_consents)
        .service(fhir::consents::fhir_get_consent)
        .service(fhir::consents::fhir_record_consent)
        .service(openapi::get_document)
        .service(format_docs::get_formats_page)
        .service(docs::get_page);
}

/// The contract, from the table.
pub fn document() -> OpenApi {
    let (_, document) = actix_web::App::new().into_utoipa_app().openapi(descriptions::base()).configure(table).split_for_parts();
    descriptions::complete(document)
}

#[cfg(test)]
mod tests;
