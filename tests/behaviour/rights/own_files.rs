//! A sender's own file names one of its children by two identifiers. Where both are known, they are one child's.

use domain::KeyPurpose;
use integration_tests::records::sen2;

use super::*;

/// A row of the trust's own list, with any of the two numbers blank.
fn named(id: &str, nhs_number: &str, status: &str, local: &str, born: &str) -> String {
    format!("{id},{nhs_number},{status},{local},{born},autism,{},waiting\n", days_ago(100))
}

/// A row that names the child by the provider's own number alone.
fn by_local(id: &str, local: &str) -> String {
    named(id, "", "", local, BORN)
}

/// A row that names the child by both its numbers.
fn by_both(id: &str, nth: usize, local: &str) -> String {
    named(id, &number(nth), "01", local, BORN)
}

async fn push(persona: &Persona, query: &str, rows: impl IntoIterator<Item = String>) -> Value {
    const HEADER: &str = "referral_id,nhs_number,nhs_number_status,local_patient_id,date_of_birth,pathway,referral_received_date,status\n";
    let rows: String = rows.into_iter().collect();
    let report = persona.push_csv(query, format!("{HEADER}{rows}")).await.expect(201);
    assert_eq!(report["records"]["rejected"], 0, "{report}");
    report
}

async fn send(trust: &Persona, rows: impl IntoIterator<Item = String>) -> Value {
    push(trust, "list=all", rows).await
}

/// How many entries of the trust's list the council sees.
async fn seen(council: &Persona) -> usize {
    council.get("/v1/waiting-list/entries?organisation=RY4").await.expect(200)["items"].as_array().unwrap().len()
}

fn joins(world: &World) -> i64 {
    world.ask_database("SELECT count(*) FROM child_match WHERE source = 'own-file' AND status = 'verified' AND verified_by = claimed_by")
}

fn identifiers(world: &World) -> i64 {
    world.ask_database("SELECT count(*) FROM child_identifier")
}

async fn told(world: &World) -> Vec<Value> {
    world.audit_log().await.into_iter().filter(|leaf| leaf["operation"] == "join_identifiers").collect()
}

async fn send_return(council: &Persona, body: String) -> Value {
    let call = council.call(Method::POST, "/v1/ehcp/submissions?format=sen2-xml").header("content-type", "application/xml");
    call.body(body).send().await.expect(201)
}

/// A return about a child that has no UPN yet.
fn without_upn(file: &str, upn: &str) -> String {
    file.replace(&format!("<UPN>{upn}</UPN>"), "<UPNunknown>UN1</UPNunknown>")
}

on_both! {
    async fn what_a_family_decided_counts_for_the_referral_that_came_under_the_provider_s_own_number(world: World) {
        let (trust, council) = (signed_in(&world, "provider-hct").await, signed_in(&world, "council-herts").await);
        send(&trust, [by_local("A-1", "L-7"), by_local("A-2", "L-8")]).await;
        let mut denial = permission(&number(0), &["autism"]);
        denial["decision"] = "deny".into();
        let denial = council.post("/v1/consents", &denial).await.expect(201)["id"].as_str().unwrap().to_owned();
        permit(&council, &number(0)).await;
        assert_eq!((seen(&council).await, joins(&world)), (0, 0));

        send(&trust, [by_both("A-3", 0, "L-7")]).await;
        assert_eq!((seen(&council).await, joins(&world)), (0, 1), "denied, whichever number it came under");
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
        assert_eq!(last_leaf(&world, "get_waits").await["reason"], "consent-denied");
        let withdrawal = format!("/v1/consents/{denial}/withdrawal");
        council.post(&withdrawal, &json!({ "reason": "the family changed its mind" })).await.expect_status(200);
        assert_eq!(waits(&council, &number(0)).await.expect(200)["waits"].as_array().unwrap().len(), 2);
        assert_eq!(seen(&council).await, 2, "the other local number is another child's");

        // The same again joins nothing more.
        let report = send(&trust, [by_both("A-3", 0, "L-7")]).await;
        assert_eq!((&report["records"]["unchanged"], joins(&world), identifiers(&world)), (&json!(1), 1, 3));
        let told = told(&world).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let leaf = ["outcome", "act", "holder", "event", "data"].map(|name| told[0][name].as_str().unwrap().to_owned());
        assert_eq!(leaf, ["permitted", "join-own", "RY4", "identifiers-joined", "child-matching"]);
    }

    async fn an_identifier_that_is_not_known_is_not_made_known_and_is_joined_once_it_is(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        send(&trust, [by_both("A-1", 0, "L-7"), by_both("A-2", 1, "L-8")]).await;
        assert_eq!((identifiers(&world), joins(&world)), (2, 0));
        send(&trust, [by_local("A-3", "L-7")]).await;
        assert_eq!((identifiers(&world), joins(&world)), (3, 0), "no row names both");
        let report = send(&trust, [by_both("A-1", 0, "L-7"), by_both("A-2", 1, "L-8")]).await;
        assert_eq!((&report["records"]["unchanged"], identifiers(&world), joins(&world)), (&json!(2), 3, 1));
    }

    async fn in_one_file_the_order_of_the_rows_does_not_matter(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        send(&trust, [by_both("A-1", 0, "L-7"), by_local("A-2", "L-7"), by_local("A-3", "L-8"), by_both("A-4", 1, "L-8")]).await;
        assert_eq!((identifiers(&world), joins(&world)), (4, 2));
        // A check joins nothing.
        send(&trust, [by_local("A-5", "L-9")]).await;
        let path = "list=all&validate=true";
        let row = by_both("A-6", 2, "L-9");
        let header = "referral_id,nhs_number,nhs_number_status,local_patient_id,date_of_birth,pathway,referral_received_date,status\n";
        trust.push_csv(path, format!("{header}{row}")).await.expect_status(200);
        assert_eq!(joins(&world), 2);
    }

    async fn equal_numbers_of_two_providers_are_of_two_children(world: World) {
        let (trust, icb) = (signed_in(&world, "provider-hct").await, signed_in(&world, "icb-central-east").await);
        send(&trust, [by_local("A-1", "L-7")]).await;
        push(&icb, "organisation=RWR&list=autism", [by_both("P-1", 0, "L-7")]).await;
        assert_eq!((joins(&world), identifiers(&world)), (0, 2));
        push(&icb, "organisation=RWR&list=autism", [by_local("P-2", "L-7")]).await;
        push(&icb, "organisation=RWR&list=autism", [by_both("P-1", 0, "L-7")]).await;
        let theirs = "SELECT count(*) FROM child_match m JOIN record r ON r.child_id = m.second_id WHERE m.claimed_by = 'RWR' AND r.organisation = 'RWR'";
        assert_eq!((joins(&world), world.ask_database(theirs)), (1, 1));
    }

    async fn a_number_that_a_provider_gives_to_two_children_is_joined_with_neither(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        send(&trust, [by_local("A-1", "L-7"), by_both("A-2", 0, "L-7"), by_both("A-3", 1, "L-7")]).await;
        assert_eq!(joins(&world), 0);
        // Once it is one child's by the provider's word, a later file does not make it another's too.
        send(&trust, [by_both("A-2", 0, "L-7")]).await;
        assert_eq!(joins(&world), 1);
        send(&trust, [by_both("A-3", 1, "L-7")]).await;
        assert_eq!(joins(&world), 1);
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier WHERE joined_id IS NOT NULL"), 2);
    }

    async fn who_may_be_another_child_is_not_joined(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        send(&trust, [by_local("A-1", "L-7")]).await;
        let born_later = days_ago(1000).to_string();
        for (why, row) in [
            ("another birthday is another child", named("A-2", &number(0), "01", "L-7", &born_later)),
            ("the number is not verified", named("A-2", &number(0), "02", "L-7", BORN)),
        ] {
            send(&trust, [row]).await;
            assert_eq!(joins(&world), 0, "{why}");
        }
        // An adoption gave the child another NHS number, and nothing may join it with what was before.
        let guardian = {
            world.grant("guardian-hct", "restriction:write override:write rights:write opt-out:write waiting-list:read").await;
            signed_in(&world, "guardian-hct").await
        };
        of_child(&guardian, &number(1), "restrictions", &json!({ "kind": "adopted", "reason": "told by the family" })).await.expect_status(201);
        send(&trust, [by_both("A-3", 1, "L-7")]).await;
        assert_eq!(joins(&world), 0);
        assert_eq!(last_leaf(&world, "join_identifiers").await["reason"], "adopted");
    }

    async fn a_pupil_known_by_name_last_year_is_the_one_of_a_upn_this_year(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let upn = domain::Upn::from_parts(919, 2000, 17, 1).unwrap().as_str().to_owned();
        let this_year = sen2("Example", BORN, &upn, "AL1 1AA");
        send_return(&council, without_upn(&this_year, &upn)).await;
        send_return(&council, without_upn(&sen2("Another", BORN, &upn, "AL1 1AA"), &upn)).await;
        assert_eq!((identifiers(&world), joins(&world)), (2, 0));
        send_return(&council, this_year.clone()).await;
        assert_eq!((identifiers(&world), joins(&world)), (3, 1));
        let grouped = "SELECT count(*) FROM child_identifier c JOIN record r ON r.child_id = c.id WHERE c.joined_id = (SELECT min(id) FROM child_identifier)";
        assert_eq!(world.ask_database(grouped), 2, "last year's case and this year's");
        let leaf = last_leaf(&world, "join_identifiers").await;
        assert_eq!((&leaf["outcome"], &leaf["holder"]), (&json!("permitted"), &json!("E10000015")));
        send_return(&council, this_year).await;
        assert_eq!(joins(&world), 1);
    }

    async fn identifiers_are_joined_while_keys_change(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        send(&trust, [by_local("A-1", "L-7"), by_local("A-2", "L-8")]).await;
        world.rotate(Some(KeyPurpose::LookUp), false).await.unwrap();
        // From some moment on there are two keys, and what was sent before is under either.
        until("the new key is in force", async || {
            send(&trust, [by_local("A-3", "L-9")]).await;
            send(&trust, [by_both("A-4", 0, "L-7"), by_both("A-5", 1, "L-9")]).await;
            world.values_under_older_keys(1, 2) == 0
        })
        .await;
        send(&trust, [by_both("A-6", 2, "L-8")]).await;
        assert_eq!((joins(&world), identifiers(&world)), (3, 6));
    }

    async fn a_corrected_row_takes_the_provider_s_number_from_the_wrong_child(world: World) {
        let (trust, council) = (signed_in(&world, "provider-hct").await, signed_in(&world, "council-herts").await);
        send(&trust, [by_local("A-1", "L-7"), by_both("A-2", 0, "L-7")]).await;
        permit(&council, &number(0)).await;
        assert_eq!((joins(&world), seen(&council).await), (1, 2));
        let body = json!({ "to": child(&number(1)), "referrals": ["A-2"], "reason": "a digit was wrong", "decided_by": "data-protection-officer" });
        of_child(&trust, &number(0), "rectifications", &body).await.expect_status(201);
        assert_eq!((joins(&world), seen(&council).await), (0, 0), "the number was never that child's");
        send(&trust, [by_both("A-2", 1, "L-7")]).await;
        assert_eq!(joins(&world), 1);
    }
}
