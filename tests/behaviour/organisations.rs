//! No organisation sees another's: every client with every scope there is, at everything there is to
//! be read or acted on, and no byte of another's in any answer.

use integration_tests::records::{BORN, advice_request, list, number, permission, row, sen2};
use integration_tests::{ACTOR, Answer, Persona, World, on_both};
use reqwest::Method;
use serde_json::{Value, json};

const EVERY_SCOPE: &str = "waiting-list:write waiting-list:read ehcp:write ehcp:read advice:request advice:respond advice:read consent:write consent:read dashboard:read audit:read events:read";
const UPN: &str = "M919200016001";

/// What partners have sent, and the marks by which each would be known again in an answer.
struct Held {
    council: Persona,
    trust: Persona,
    board: Persona,
    stranger: Persona,
    trusts_submission: String,
    boards_submission: String,
    councils_submission: String,
    case: String,
    consent: String,
    /// Of the council to the trust, answered.
    request: String,
    /// Of the council to the board, not answered.
    other_request: String,
}

impl Held {
    async fn set_up(world: &World) -> Self {
        // With every scope: what stands between two organisations is then only whose it is.
        for client in ["provider-hct", "icb-central-east", "stranger", "council-herts"] {
            world.grant(client, EVERY_SCOPE).await;
        }
        let [council, trust, board, stranger] = [
            world.persona("council-herts").signed_in().await,
            world.persona("provider-hct").signed_in().await,
            world.persona("icb-central-east").signed_in().await,
            world.persona("stranger").signed_in().await,
        ];
        let rows = list([row("TRUSTS-REFERRAL", &number(0), "01", "autism"), row("TRUSTS-FAULT", "9990000019", "01", "autism")]);
        let trusts = trust.push_csv("list=trusts-list", rows).await.expect(201);
        let rows = list([row("BOARDS-REFERRAL", &number(0), "01", "adhd")]);
        let boards = board.push_csv("organisation=RWR&list=boards-list", rows).await.expect(201);
        let xml = council.call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml");
        let councils = xml.body(sen2("Canary", BORN, UPN, "ZZ99 3CZ")).send().await.expect(201);
        let cases = council.get("/v1/ehcp/cases").await.expect(200);
        let mut asked = advice_request(&number(0), "RY4");
        asked["case_reference"] = "COUNCILS-CASE".into();
        let request = id(&council.post("/v1/advice-requests", &asked).await.expect(201));
        asked["addressed_to"] = "S1Y5D".into();
        asked["case_reference"] = "OTHER-CASE".into();
        let other_request = id(&council.post("/v1/advice-requests", &asked).await.expect(201));
        let advice = json!({ "needs": "TRUSTS-NEEDS", "provision": "p", "outcomes": "o", "author_role": "therapist" });
        trust.put(&format!("/v1/advice-requests/{request}/advice"), &advice).await.expect(200);
        let consent = id(&council.post("/v1/consents", &permission(&number(1), &["autism"])).await.expect(201));
        Self {
            trusts_submission: id(&trusts),
            boards_submission: id(&boards),
            councils_submission: id(&councils),
            case: id(&cases["items"][0]),
            consent,
            request,
            other_request,
            council,
            trust,
            board,
            stranger,
        }
    }

    /// The marks of each organisation's own, with the paths that show all of them to it.
    fn marks(&self) -> [(&Persona, Vec<String>); 4] {
        let number = number(0);
        let of = |marks: &[&str]| marks.iter().map(|mark| (*mark).to_owned()).collect();
        [
            (
                &self.council,
                of(&[
                    &self.councils_submission,
                    &self.case,
                    UPN,
                    &self.request,
                    &self.other_request,
                    "COUNCILS-CASE",
                    "OTHER-CASE",
                    "TRUSTS-NEEDS",
                    &self.consent,
                    &number,
                ]),
            ),
            (
                &self.trust,
                of(&[&self.trusts_submission, "TRUSTS-REFERRAL", "TRUSTS-FAULT", "trusts-list", &self.request, "COUNCILS-CASE", &number]),
            ),
            (&self.board, of(&[&self.boards_submission, "boards-list", &self.other_request, "OTHER-CASE", &number])),
            (&self.stranger, Vec::new()),
        ]
    }

    /// Everything that can be read: a path, and the status of each of the four, in the order of
    /// [`Held::marks`].
    fn readable(&self) -> Vec<(String, [u16; 4])> {
        let mut paths: Vec<(String, [u16; 4])> = [
            "/v1/submissions",
            "/v1/waiting-list/entries",
            "/v1/ehcp/cases",
            "/v1/advice-requests",
            "/v1/advice-requests?status=open",
            "/v1/audit/events?limit=500",
        ]
        .map(|path| (path.to_owned(), [200; 4]))
        .into();
        for (id, statuses) in [
            (&self.councils_submission, [200, 404, 404, 404]),
            (&self.trusts_submission, [404, 200, 404, 404]),
            (&self.boards_submission, [404, 404, 200, 404]),
        ] {
            paths.push((format!("/v1/submissions/{id}"), statuses));
            paths.push((format!("/v1/submissions/{id}/issues"), statuses));
        }
        for (organisation, statuses) in [
            ("RY4", [200, 200, 403, 403]),
            ("RWR", [200, 403, 403, 403]),
            ("S1Y5D", [200, 403, 200, 403]),
            ("E10000015", [200, 403, 403, 403]),
            ("R1L", [403, 403, 403, 200]),
        ] {
            paths.push((format!("/v1/waiting-list/entries?organisation={organisation}"), statuses));
        }
        let case = &self.case;
        paths.push((format!("/v1/ehcp/cases/{case}"), [200, 404, 404, 404]));
        let (request, other) = (&self.request, &self.other_request);
        paths.push((format!("/v1/advice-requests/{request}"), [200, 200, 404, 404]));
        paths.push((format!("/v1/advice-requests/{request}/advice"), [200, 404, 404, 404]));
        paths.push((format!("/v1/advice-requests/{other}"), [200, 404, 200, 404]));
        paths.push((format!("/v1/advice-requests/{other}/advice"), [409, 404, 404, 404]));
        paths.push((format!("/v1/consents/{}", self.consent), [200, 404, 404, 404]));
        paths
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// That no mark which is not the reader's own stands in the answer, in its body or its head.
#[track_caller]
fn shows_nothing_of_others(held: &Held, reader: &Persona, path: &str, answer: &Answer) {
    let marks = held.marks();
    let own = &marks.iter().find(|(persona, _)| persona.client_id == reader.client_id).unwrap().1;
    for foreign in marks.iter().flat_map(|(_, marks)| marks).filter(|mark| !own.contains(mark) && !path.contains(mark.as_str())) {
        assert!(!answer.text.contains(foreign.as_str()), "{} reads {foreign} at {path}: {}", reader.client_id, answer.text);
        assert!(!format!("{:?}", answer.headers).contains(foreign.as_str()), "{} at {path}", reader.client_id);
    }
}

on_both! {
    async fn what_an_organisation_reads_is_its_own_or_meant_for_it(world: World) {
        let held = Held::set_up(&world).await;
        let mut seen = ["", "", "", ""].map(str::to_owned);
        for (path, statuses) in held.readable() {
            for (at, (reader, _)) in held.marks().iter().enumerate() {
                let answer = reader.get(&path).await;
                assert_eq!(answer.status, statuses[at], "{} at {path}: {}", reader.client_id, answer.text);
                shows_nothing_of_others(&held, reader, &path, &answer);
                seen[at] += &answer.text;
            }
        }
        // The control: each has seen what is its own, so that the search would have found it elsewhere.
        for ((reader, marks), seen) in held.marks().iter().zip(&seen) {
            for mark in marks {
                assert!(seen.contains(mark.as_str()), "{} has not seen {mark}", reader.client_id);
            }
        }
    }

    async fn nobody_acts_on_what_is_another_s(world: World) {
        let held = Held::set_up(&world).await;
        let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "r" });
        let reason = json!({ "reason": "none" });
        let (request, other, consent) = (&held.request, &held.other_request, &held.consent);
        let before = held.council.get(&format!("/v1/advice-requests/{request}/advice")).await.expect(200);
        for actor in [&held.trust, &held.board, &held.stranger, &held.council] {
            let is = |persona: &Persona| persona.client_id == actor.client_id;
            for (id, addressee) in [(request, &held.trust), (other, &held.board)] {
                if !is(addressee) {
                    let path = format!("/v1/advice-requests/{id}");
                    let answer = actor.post(&format!("{path}/acknowledgement"), &json!({})).await;
                    answer.expect_problem(404, "not-found");
                    shows_nothing_of_others(&held, actor, &path, &answer);
                    actor.put(&format!("{path}/advice"), &advice).await.expect_problem(404, "not-found");
                }
            }
            if !is(&held.council) {
                actor.post(&format!("/v1/consents/{consent}/withdrawal"), &reason).await.expect_problem(404, "not-found");
                let body = permission(&number(1), &["autism"]);
                if !is(&held.trust) {
                    actor.post("/v1/consents", &body).await.expect_problem(403, "no-agreement");
                }
                let body = advice_request(&number(1), "RWG");
                actor.post("/v1/advice-requests", &body).await.expect_problem(403, "no-agreement");
            }
            for organisation in ["RY4", "RWR", "R1L", "E10000015"] {
                let own = match actor.client_id.as_str() {
                    "provider-hct" => organisation == "RY4",
                    "icb-central-east" => organisation == "RWR",
                    "stranger" => organisation == "R1L",
                    _ => organisation == "E10000015",
                };
                if !own {
                    let rows = list([row("FORGED", &number(0), "01", "autism")]);
                    let answer = actor.push_csv(&format!("organisation={organisation}"), rows).await;
                    answer.expect_problem(403, "organisation-not-yours");
                }
            }
        }
        assert_eq!(held.council.get(&format!("/v1/consents/{consent}")).await.expect(200)["standing"], "in-force");
        assert_eq!(held.council.get(&format!("/v1/advice-requests/{request}/advice")).await.expect(200), before);
        assert_eq!(held.council.get(&format!("/v1/advice-requests/{other}")).await.expect(200)["status"], "requested");
        assert!(!held.trust.get("/v1/waiting-list/entries").await.text.contains("FORGED"));
    }

    async fn a_child_s_id_is_worth_nothing_to_another_organisation(world: World) {
        let held = Held::set_up(&world).await;
        held.council.post("/v1/consents", &permission(&number(0), &["autism", "adhd"])).await.expect(201);
        let everybody = held.marks().map(|(persona, _)| persona.clone());
        let mut ids = Vec::new();
        for persona in &everybody {
            ids.push(persona.child_id(&number(0), BORN).await);
        }
        for (at, reader) in everybody.iter().enumerate() {
            for (owner, id) in ids.iter().enumerate().filter(|(owner, _)| *owner != at) {
                assert_ne!(*id, ids[at]);
                let path = format!("/v1/children/{id}/waits");
                let answer = reader.get(&path).await;
                answer.expect_problem(404, "not-found");
                shows_nothing_of_others(&held, reader, &path, &answer);
                let path = format!("/v1/consents?child_id={id}");
                assert_eq!(reader.get(&path).await.expect(200)["items"], json!([]), "{} with {owner}'s", reader.client_id);
            }
        }
        // The controls: to its own organisation an id is worth what the agreements and the family let it see.
        for (at, reader) in everybody.iter().enumerate() {
            let own = &ids[at];
            let answer = reader.get(&format!("/v1/children/{own}/waits")).await;
            let shown: Vec<_> = match answer.status {
                200 => answer.json()["waits"].as_array().unwrap().iter().map(|wait| wait["provider"].as_str().unwrap().to_owned()).collect(),
                _ => Vec::new(),
            };
            match reader.client_id.as_str() {
                "council-herts" => assert!(shown.contains(&"RY4".to_owned()) && shown.contains(&"RWR".to_owned()), "{shown:?}"),
                "provider-hct" => assert_eq!(shown, ["RY4"]),
                _ => answer.expect_status(404),
            }
            let recorded = reader.get(&format!("/v1/consents?child_id={own}")).await.expect(200);
            assert_eq!(recorded["items"].as_array().unwrap().len(), usize::from(at == 0), "{recorded}");
        }
    }

    async fn another_system_of_the_same_organisation_reads_no_report_that_is_not_its_own(world: World) {
        let held = Held::set_up(&world).await;
        world.grant("dashboard-herts", EVERY_SCOPE).await;
        let sibling = world.persona("dashboard-herts").signed_in().await;
        let path = format!("/v1/submissions/{}", held.councils_submission);
        sibling.get(&path).await.expect_problem(404, "not-found");
        assert_eq!(sibling.get("/v1/submissions").await.expect(200)["items"], json!([]));
        // The records themselves are the organisation's.
        let case = sibling.call(Method::GET, &format!("/v1/ehcp/cases/{}", held.case)).actor(ACTOR).send().await;
        assert_eq!(case.expect(200)["upn"], UPN);
    }
}
