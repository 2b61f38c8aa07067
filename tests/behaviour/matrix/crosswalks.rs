//! What a council is told about its crosswalk does not depend on what others hold.

use integration_tests::records::{BORN, advice_request, crosswalk, list, number, permission, row, upn};
use integration_tests::{GUARDIAN, Persona, World, on_both, today};
use reqwest::Method;
use serde_json::{Value, json};

/// How many children the crosswalk names, by numbers from 0.
const NAMED: usize = 5;
/// The one of whom a restriction says that nothing may join it with what was before.
const ADOPTED: usize = 1;

/// Others hold records of some of the children, and more has been decided about them.
async fn others_hold_records(world: &World) {
    let trust = world.persona("provider-hct").signed_in().await;
    let guardian = world.persona("guardian-hct").signed_in().await;
    let council = world.persona("council-herts").signed_in().await;
    let rows = (0..NAMED).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism"));
    trust.push_csv("list=all", list(rows)).await.expect(201);
    let board = world.persona("icb-central-east").signed_in().await;
    board.push_csv("list=all&organisation=RWR", list([row("B-0", &number(0), "01", "adhd")])).await.expect(201);
    council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
    council.post("/v1/advice-requests", &advice_request(&number(1), "RY4")).await.expect(201);
    for (child, kind) in [(2, "safeguarding"), (ADOPTED, "adopted")] {
        let path = format!("/v1/children/{}/restrictions", trust.child_id(&number(child), BORN).await);
        guardian.call(Method::POST, &path).actor(GUARDIAN).json(&json!({ "kind": kind, "reason": "told" })).send().await.expect(201);
    }
    let opt_outs = guardian.call(Method::PUT, &format!("/v1/opt-outs?as_of={}", today())).header("content-type", "text/csv");
    opt_outs.body(format!("nhs_number\n{}\n", number(3))).send().await.expect(200);
}

/// What the council is told when it sends its crosswalk, sends it again with less in it, lists its matches after each, and tries
/// to join them by its own word.
async fn told(council: &Persona) -> Vec<String> {
    let mut told = Vec::new();
    for most in [NAMED, NAMED, NAMED - 1] {
        let text = crosswalk((0..most).map(|nth| (upn(&format!("91920011{nth:04}")), number(nth))));
        let call = council.call(Method::PUT, "/v1/children/identifiers?confirm=shrink").header("content-type", "text/csv");
        let answer = call.body(text).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        told.push(without_its_own(&answer.text));
        for query in ["", "?state=potential", "?state=joined", "?state=undone"] {
            let answer = council.get(&format!("/v1/children/matches{query}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let mut page = answer.json();
            let items = page["items"].as_array_mut().unwrap();
            for item in items.iter() {
                let path = format!("/v1/children/matches/{}/decision", item["id"].as_str().unwrap());
                let join = council.post(&path, &json!({ "decision": "join", "reason": "made up" })).await;
                told.push(format!("{} {:?}", join.status, join.problem()));
            }
            // Their ids are made up, and so is their order.
            items.sort_by_key(|item| item["own"]["upn"].as_str().unwrap().to_owned());
            let items: Vec<_> = items.iter().map(|item| without_its_own(&item.to_string())).collect();
            told.push(format!("{query} {} bytes {items:?} {:?}", answer.text.len(), page.get("next")));
        }
    }
    told
}

/// An answer's text without its id and the instant at which it was made.
fn without_its_own(text: &str) -> String {
    let body: Value = serde_json::from_str(text).unwrap();
    let own = ["id", "received_at"].iter().filter_map(|name| body[*name].as_str());
    own.fold(text.to_owned(), |text, own| text.replace(own, ""))
}

on_both! {
    async fn a_council_learns_from_its_crosswalk_nothing_that_others_hold(world: World) {
        let other = World::start(world.database()).await;
        others_hold_records(&world).await;
        let mut both = Vec::new();
        for world in [&world, &other] {
            both.push(told(&world.persona("council-herts").signed_in().await).await);
        }
        assert!(both[0].iter().any(|told| told.contains("potential")), "matches are listed: {both:?}");
        for (held, not_held) in both[0].iter().zip(&both[1]) {
            assert_eq!(held, not_held);
        }
        // The control: they are held, and their holder is told, but not of the adopted child.
        for (world, listed) in [(&world, NAMED - 2), (&other, 0)] {
            let matches = world.persona("provider-hct").signed_in().await.get("/v1/children/matches").await.expect(200);
            assert_eq!(matches["items"].as_array().unwrap().len(), listed, "{matches}");
        }
    }
}
