//! What is sent: lists, cases, and requests with their answers.

use integration_tests::records::{BORN, advice_request, crosswalk, days_ago, number, sen2, upn};
use reqwest::Method;
use serde_json::json;

use super::{Held, Kind, ROWS, SEEN, Side, UNHELD, list_name};
use crate::matrix::partners::{ENDED, ESSEX, HERTS};

/// What two councils' lists state: the council, the digits of its UPN, the child whose number stands beside it, and who holds
/// records of that number under an agreement about matching with the council. R1L holds records of child 7 and is in none; RY4
/// holds records of child 0 and is in none with Essex; the one with [`ENDED`], which was asked about child 8, has ended.
const MATCHED: [(&str, &str, usize, &[&str]); 6] = [
    (HERTS, "919200016001", 0, &["RY4", "RWR"]),
    (HERTS, "919200116001", 4, &["RWH"]),
    (HERTS, "919200216001", 7, &[]),
    (HERTS, "919200316001", 8, &["RY4"]),
    (ESSEX, "881200016002", 2, &["RWR"]),
    (ESSEX, "881200116002", 0, &["RWR"]),
];

impl Held {
    /// Sends a long list, and cancels it while it is worked on.
    pub(super) async fn cancel_a_list(&mut self) {
        let rows = (0..20_000).map(|at| format!("CANCELLED-{at},{},01,{BORN},autism,{},waiting\n", number(UNHELD), days_ago(100)));
        let header = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status\n".to_owned();
        let call = self.partners["provider-hct"].call(Method::POST, "/v1/waiting-list/submissions?format=csv&validate=true");
        let call = call.header("content-type", "text/csv").header("prefer", "respond-async");
        let begun = call.body(rows.fold(header, |text, row| text + &row)).send().await.expect(202);
        let id = self.keep(Kind::Submission, &begun, vec![(Side::Owner, "provider-hct")], &["provider-hct"]);
        let cancelling = self.partners["provider-hct"].call(Method::POST, &format!("/v1/submissions/{id}/cancellation"));
        cancelling.send().await.expect(200);
    }

    pub(super) async fn send_lists(&mut self) {
        for (organisation, client, child, pathway) in ROWS {
            let (list, referral) = (list_name(organisation, child), format!("REFERRAL-{organisation}-{child}"));
            let (local, fault) = (format!("LOCAL-{organisation}-{child}"), format!("FAULT-{organisation}-{child}"));
            let row = |id: &str, number: &str| {
                format!("{id},{number},{local},01,{BORN},{pathway},{},waiting,assessment,{}\n", days_ago(100), days_ago(50))
            };
            let csv = "referral_id,nhs_number,local_patient_id,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage,stage_start_date\n"
                .to_owned() + &row(&referral, &number(child)) + &row(&fault, "9990000019") + &row(&format!("{fault}-2"), "9990000019");
            let query = format!("list={list}&organisation={organisation}");
            let report = self.partners[client].push_csv(&query, csv).await.expect(201);
            self.keep(Kind::Submission, &report, vec![(Side::Owner, client)], &[client]);
            self.mark(&fault, &[client]);
            // A warning about a row that is kept also names the referral.
            self.mark(&referral, &[organisation, client]);
            self.mark(&local, &[]);
            let seers: Vec<_> = SEEN.iter().filter(|(_, of, holder)| *of == child && *holder == organisation).map(|seen| seen.0).collect();
            // A released table names the lists that count in it, sent or not.
            let counted: &[&str] = if organisation == "R1L" { &[] } else { &[HERTS, "S1Y5D"] };
            self.mark(&list, &[&seers[..], counted, &[client, organisation]].concat());
        }
    }

    pub(super) async fn send_cases(&mut self) {
        for (client, council, digits) in [
            ("council-herts", HERTS, "919200016001"),
            ("council-essex", ESSEX, "881200016002"),
            ("council-thurrock", "E06000034", "883200016003"),
        ] {
            let upns = [upn(digits), upn(&digits.replace("2000", "2001"))];
            // Two people in a return, so that there is a second page.
            let one = sen2("Canary", BORN, &upns[0], "ZZ99 3CZ");
            let (from, to) = (one.find("<Person>").unwrap(), one.find("</Persons>").unwrap());
            let two = one[from..to].replace(&upns[0], &upns[1]);
            let xml = one.replace("</Persons>", &format!("{two}</Persons>"));
            let call = self.partners[client].call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml");
            let report = call.body(xml).send().await.expect(201);
            assert_eq!(report["records"]["accepted"], 2, "{report}");
            self.keep(Kind::Submission, &report, vec![(Side::Owner, client)], &[client]);
            let cases = self.partners[client].get("/v1/ehcp/cases").await.expect(200);
            for case in cases["items"].as_array().unwrap() {
                self.keep(Kind::Case, case, vec![(Side::Owner, council)], &[council]);
            }
            for upn in upns {
                self.mark(&upn, &[council]);
            }
        }
    }

    pub(super) async fn ask_for_advice(&mut self) {
        for (nth, (client, asker, health, addressee, child, answered)) in [
            ("council-herts", HERTS, "provider-hct", "RY4", 0, true),
            ("council-herts", HERTS, "icb-central-east", "S1Y5D", 1, false),
            ("council-essex", ESSEX, "system-rwr", "RWR", 6, true),
            ("council-essex", ESSEX, "system-rwr", "RWR", 6, false),
            ("council-herts", HERTS, "board-essex", ENDED, 8, true),
        ]
        .into_iter()
        .enumerate()
        {
            let (case, role, needs) = (format!("CASE-REFERENCE-{nth}"), format!("ROLE-{nth}"), format!("NEEDS-{nth}"));
            let mut body = advice_request(&number(child), addressee);
            (body["case_reference"], body["role"], body["kinds"]) = (json!(case), json!(role), json!(["autism"]));
            let made = self.partners[client].post("/v1/advice-requests", &body).await.expect(201);
            let id = self.keep(Kind::Request, &made, vec![(Side::Asker, asker), (Side::Addressee, addressee)], &[asker, addressee]);
            let ended = addressee == ENDED;
            self.objects.last_mut().unwrap().has_ended = ended;
            self.mark(&role, &[asker, addressee]);
            let parties = [asker, addressee];
            self.mark(&case, if ended { &parties[..1] } else { &parties });
            if answered {
                let advice = json!({ "needs": needs, "provision": "p", "outcomes": "o", "author_role": "therapist" });
                self.partners[health].put(&format!("/v1/advice-requests/{id}/advice"), &advice).await.expect(200);
                self.mark(&needs, if ended { &[] } else { std::slice::from_ref(&asker) });
            }
        }
    }

    /// The councils say by their lists which identifiers are one child's.
    pub(super) async fn match_identifiers(&mut self) {
        for (client, council) in [("council-herts", HERTS), ("council-essex", ESSEX)] {
            let stated: Vec<_> = MATCHED.iter().filter(|row| row.0 == council).collect();
            let text = crosswalk(stated.iter().map(|(_, digits, child, _)| (upn(digits), number(*child))));
            let call = self.partners[client].call(Method::PUT, "/v1/children/identifiers").header("content-type", "text/csv");
            let report = call.body(text).send().await.expect(200);
            assert_eq!(report["records"]["accepted"], stated.len(), "{report}");
            self.keep(Kind::Submission, &report, vec![(Side::Owner, client)], &[client]);
            let listed = self.partners[client].get("/v1/children/matches").await.expect(200);
            for (_, digits, _, holders) in stated {
                let upn = upn(digits);
                let of_it = listed["items"].as_array().unwrap().iter().find(|item| item["own"]["upn"] == upn.as_str());
                let sides: Vec<_> = std::iter::once((Side::Owner, council)).chain(holders.iter().map(|of| (Side::Holder, *of))).collect();
                let seers: Vec<_> = sides.iter().map(|side| side.1).collect();
                self.keep(Kind::Match, of_it.unwrap(), sides, &seers);
                self.mark(&upn, &[council]);
            }
        }
    }
}
