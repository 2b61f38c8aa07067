//! The agreements as an auditor reads them, the law behind them, and the warnings before they end.

use chrono::{Days, NaiveDate};
use integration_tests::records::{BORN, days_ago, list, number, permission, row, sen2};
use integration_tests::{Persona, World, on_both, today, until};
use reqwest::Method;
use serde_json::{Value, json};

const STATUS: &str = "herts-waiting-list-status";

async fn signed_in(world: &World, client_id: &str) -> Persona {
    world.persona(client_id).signed_in().await
}

async fn agreement(auditor: &Persona, id: &str) -> Value {
    let page = auditor.get("/v1/agreements").await.expect(200);
    page["items"].as_array().unwrap().iter().find(|agreement| agreement["id"] == id).unwrap().clone()
}

/// The partnership file with other first and last days in one agreement.
fn with_days(text: &str, id: &str, starts: NaiveDate, ends: NaiveDate) -> String {
    let (before, agreement) = text.split_once(&format!("id = \"{id}\"")).unwrap();
    let changed = |line: &str| match line.split(" = ").next() {
        Some("starts") => format!("starts = {starts}"),
        Some("ends") => format!("ends = {ends}"),
        _ => line.to_owned(),
    };
    let (own, others) = agreement.split_once("[agreement.basis]").unwrap();
    let own: Vec<_> = own.lines().map(changed).collect();
    format!("{before}id = \"{id}\"{}\n[agreement.basis]{others}", own.join("\n"))
}

/// The partnership file with an agreement that also relies on a dated provision of the law.
fn resting_on(text: &str, id: &str, provision: &str) -> String {
    let (before, agreement) = text.split_once(&format!("id = \"{id}\"")).unwrap();
    format!(
        "{before}id = \"{id}\"{}",
        agreement.replacen("[agreement.basis]\n", &format!("[agreement.basis]\nlegal_bases = [\"{provision}\"]\n"), 1)
    )
}

/// Makes the two numbers one child's: the council says so, and then the provider.
async fn join(council: &Persona, trust: &Persona, nhs_number: &str, upn: &str) {
    let crosswalk = format!("nhs_number,upn,date_of_birth\n{nhs_number},{upn},{BORN}\n");
    let call = council.call(Method::PUT, "/v1/children/identifiers").header("content-type", "text/csv");
    call.body(crosswalk).send().await.expect_status(200);
    let found = trust.get("/v1/children/matches").await.expect(200);
    let path = format!("/v1/children/matches/{}/decision", found["items"][0]["id"].as_str().unwrap());
    trust.post(&path, &json!({ "decision": "join", "reason": "the clinic knows both" })).await.expect_status(200);
}

async fn days_left(world: &World, id: &str) -> Option<i64> {
    let (_, metrics) = world.operations("/metrics").await;
    let name = format!("sendbridge_agreement_days_left{{agreement=\"{id}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok())
}

on_both! {
    async fn every_agreement_is_told_with_all_its_parts(world: World) {
        let auditor = signed_in(&world, "auditor-herts").await;
        let page = auditor.get("/v1/agreements").await.expect(200);
        let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|agreement| agreement["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["herts-ehcna-health-advice", STATUS, "herts-dashboard", "herts-child-matching"]);
        assert!(page.get("next").is_none());
        let advice = agreement(&auditor, "herts-ehcna-health-advice").await;
        let ends = today().checked_add_months(chrono::Months::new(12)).unwrap();
        let expected = json!({
            "standing": "in-date", "in_force": true, "starts": "2026-04-01", "ends": ends, "days_left": (ends - today()).num_days(),
            "warnings": [], "purpose": "ehc-needs-assessment", "pathways": ["autism", "adhd", "speech-and-language", "audiology"],
            "population": "resident", "consent": "not-required", "consent_recorded_by": [],
            "recipients": [{ "code": "E10000015", "name": "Hertfordshire County Council" }],
            "basis": {
                "uk_gdpr_6": "6(1)(c)", "uk_gdpr_9": "9(2)(g)", "dpa_sch1": "paragraph 6", "confidentiality": "statute",
                "statute": "SEND Regulations 2014 regs 6(1)(c), 8", "legal_bases": [], "opt_out": "exempt", "opt_out_reason": "required by law"
            }
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&advice[name], value, "{name}");
        }
        let status = agreement(&auditor, STATUS).await;
        assert_eq!(status["data"][0]["class"], "waiting-list-status");
        let fields: Vec<_> = status["data"][0]["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
        assert!(fields.contains(&"stage") && fields.contains(&"pathway"), "{fields:?}");
        for kept in ["gp_practice", "school_urn", "district", "ethnic_category", "nhs_number", "local_patient_id", "referral_id"] {
            assert!(!fields.contains(&kept), "{kept}");
        }
        signed_in(&world, "council-herts").await.get("/v1/agreements").await.expect_problem(403, "scope-missing");
    }

    async fn an_agreement_that_is_about_to_end_is_warned_of(world: World) {
        let auditor = signed_in(&world, "auditor-herts").await;
        let whole = std::fs::read_to_string(&world.configuration.partnership).unwrap();
        until("the metric", async || days_left(&world, STATUS).await.is_some()).await;
        let year = (today().checked_add_months(chrono::Months::new(12)).unwrap() - today()).num_days();
        assert_eq!(days_left(&world, STATUS).await, Some(year));
        let warning = json!(["the agreement is about to end"]);
        let ended = json!(["the agreement has ended: nothing flows under it"]);
        let after = |days| today() + Days::new(days);
        for (starts, ends, standing, left, warnings) in [
            (days_ago(30), after(61), "in-date", 61, json!([])),
            (days_ago(30), after(60), "expiring", 60, warning.clone()),
            (days_ago(30), today(), "expiring", 0, warning),
            (days_ago(30), days_ago(1), "ended", -1, ended),
            (after(1), after(90), "not-started", 90, json!([])),
        ] {
            world.change_partnership(|_| with_days(&whole, STATUS, starts, ends));
            until(standing, async || agreement(&auditor, STATUS).await["days_left"] == left).await;
            let told = agreement(&auditor, STATUS).await;
            assert_eq!((&told["standing"], &told["warnings"]), (&json!(standing), &warnings));
            assert_eq!(told["in_force"], json!(["in-date", "expiring"].contains(&standing)));
            until("the metric", async || days_left(&world, STATUS).await == Some(left)).await;
        }
        let renamed = whole.replace(STATUS, "another").replace("controllers", "warn_days = 366\ncontrollers").replacen("warn_days = 60", "", 1);
        world.change_partnership(|_| renamed);
        until("an agreement that is gone is forgotten", async || days_left(&world, STATUS).await.is_none()).await;
        assert_eq!(agreement(&auditor, "another").await["standing"], "expiring", "as many days as the file says");
    }

    async fn an_agreement_that_rests_on_a_provision_permits_nothing_until_the_day_it_is_in_force(world: World) {
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        trust.push_csv("list=autism", list([row("A-1", &number(0), "01", "autism")])).await.expect(201);
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
        let child = council.child_id(&number(0), BORN).await;
        let waits = async || council.get(&format!("/v1/children/{child}/waits")).await;
        let entries = async || council.get("/v1/waiting-list/entries?organisation=RY4").await;
        waits().await.expect(200);

        let provision = "children-act-2004-s16LA";
        let whole = std::fs::read_to_string(&world.configuration.partnership).unwrap();
        let resting = resting_on(&whole, STATUS, provision);
        world.change_partnership(|_| resting.clone());
        until("nothing flows", async || waits().await.status == 404).await;
        entries().await.expect_problem(403, "no-agreement");
        let leaf = world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == "list_entries").unwrap();
        assert_eq!(leaf["reason"], "legal-basis-not-in-force");
        let auditor = signed_in(&world, "auditor-herts").await;
        let told = agreement(&auditor, STATUS).await;
        assert_eq!((&told["standing"], &told["in_force"], &told["basis"]["legal_bases"][0]["in_force"]), (&json!("in-date"), &json!(false), &json!(false)));
        assert_eq!(told["warnings"], json!(["the agreement rests on a provision that is not in force today"]));

        let dated = |from: NaiveDate, to: &str| resting.replacen("# in_force_from = 2027-09-01", &format!("in_force_from = {from}\n{to}"), 1);
        world.change_partnership(|_| dated(today() + Days::new(1), ""));
        tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
        entries().await.expect_problem(403, "no-agreement");
        world.change_partnership(|_| dated(today(), ""));
        until("it is law from its first day", async || waits().await.status == 200).await;
        world.change_partnership(|_| dated(days_ago(9), &format!("in_force_to = {}", today())));
        tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
        waits().await.expect(200);
        world.change_partnership(|_| dated(days_ago(9), &format!("in_force_to = {}", days_ago(1))));
        until("it is law to its last day", async || waits().await.status == 404).await;
    }

    async fn a_plan_that_is_held_under_a_upn_counts_for_the_waits_under_the_nhs_number(world: World) {
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        let upn = domain::Upn::from_parts(919, 2000, 17, 1).unwrap().as_str().to_owned();
        let call = council.call(Method::POST, "/v1/ehcp/submissions?format=sen2-xml").header("content-type", "application/xml");
        call.body(sen2("Example", BORN, &upn, "AL1 1AA")).send().await.expect_status(201);
        trust.push_csv("list=autism", list([row("A-1", &number(0), "01", "autism")])).await.expect(201);
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
        let child = council.child_id(&number(0), BORN).await;
        let waits = async || council.get(&format!("/v1/children/{child}/waits")).await;
        waits().await.expect(200);

        world.change_partnership(|text| {
            let (before, agreement) = text.split_once(&format!("id = \"{STATUS}\"")).unwrap();
            format!("{before}id = \"{STATUS}\"{}", agreement.replacen("population = \"resident\"", "population = \"plan-maintained\"", 1))
        });
        until("it is about children with a plan", async || waits().await.status == 404).await;
        let leaf = world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == "get_waits").unwrap();
        assert_eq!(leaf["reason"], "outside-population");
        join(&council, &trust, &number(0), &upn).await;
        assert_eq!(waits().await.expect(200)["waits"].as_array().unwrap().len(), 1);
    }
}
