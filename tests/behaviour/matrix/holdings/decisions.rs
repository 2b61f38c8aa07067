//! Decisions about children: permissions, restrictions, holds, overrides, opt-outs.

use chrono::Days;
use integration_tests::records::{number, permission};
use integration_tests::{GUARDIAN, today};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Held, Kind, ROWS, Side};
use crate::matrix::partners::{ENDED, ESSEX, HERTS};

impl Held {
    /// POST as a person whose id only the same organisation may see.
    async fn post_as_decider(&mut self, client: &str, organisation: &'static str, path: &str, body: &Value) -> Value {
        let actor = format!("id=\"DECIDES-{organisation}\", role=\"caldicott-guardian\", reason=\"told\"");
        let answer = self.partners[client].call(Method::POST, path).actor(&actor).json(body).send().await;
        assert!([200, 201].contains(&answer.status), "{client} {path}: {}", answer.text);
        answer.json()
    }

    pub(super) async fn decide(&mut self) {
        for organisation in [HERTS, ESSEX, "RY4", "RWR", "RWH", "R1L", ENDED] {
            self.mark(&format!("DECIDES-{organisation}"), &[organisation]);
        }
        for (nth, (client, recorder, decision, recipient, child, pathway)) in [
            ("council-herts", HERTS, "permit", HERTS, 0, "autism"),
            ("council-herts", HERTS, "permit", HERTS, 0, "adhd"),
            ("guardian-hct", "RY4", "permit", HERTS, 1, "autism"),
            ("system-rwr", "RWR", "permit", ESSEX, 2, "autism"),
            ("council-herts", HERTS, "deny", HERTS, 2, "autism"),
            ("council-herts", HERTS, "permit", HERTS, 3, "autism"),
            ("council-essex", ESSEX, "permit", ESSEX, 5, "autism"),
            ("board-essex", ENDED, "permit", ENDED, 8, "autism"),
            ("council-essex", ESSEX, "objection", ESSEX, 6, "autism"),
            ("system-rwr", "RWR", "objection", ESSEX, 6, "autism"),
            ("council-essex", ESSEX, "objection", ESSEX, 6, "autism"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut body = permission(&number(child), &[pathway]);
            let evidence = format!("EVIDENCE-{nth}");
            (body["decision"], body["recipient"], body["evidence"]) = (json!(decision), json!(recipient), json!(evidence));
            if decision == "objection" {
                (body["purpose"], body["data"]) = (json!("ehc-needs-assessment"), json!(["health-advice"]));
            }
            let made = self.post_as_decider(client, recorder, "/v1/consents", &body).await;
            let id = self.keep(Kind::Consent, &made, vec![(Side::Owner, recorder)], &[recorder]);
            self.objects.last_mut().unwrap().about = Some(child);
            self.mark(&evidence, &[]);
            // The recipient and the holders of a flow read in the log which decision allowed it.
            let holders = ROWS.iter().filter(|row| row.2 == child).map(|row| row.0);
            let at = self.marks.len() - 2;
            self.marks[at].in_log = holders.chain([recipient, if child == 6 { "RWR" } else { recipient }]).collect();
            let reason = json!({ "reason": format!("REASON-{nth}") });
            if child == 1 {
                self.post_as_decider(client, recorder, &format!("/v1/consents/{id}/withdrawal"), &reason).await;
                self.mark(&format!("REASON-{nth}"), &[]);
            }
            if nth == 8 {
                let body = json!({ "outcome": "flow-continues", "reason": format!("REASON-{nth}") });
                self.post_as_decider(client, recorder, &format!("/v1/consents/{id}/review"), &body).await;
                self.mark(&format!("REASON-{nth}"), &[]);
            }
        }
    }

    pub(super) async fn restrict(&mut self) {
        for (nth, (client, setter, kind, against, child)) in [
            ("guardian-hct", "RY4", "safeguarding", None, 3),
            ("system-rwr", "RWR", "court-order", Some(ESSEX), 0),
            ("council-herts", HERTS, "address-hidden", None, 0),
            ("system-rwr", "RWR", "safeguarding", None, 2),
        ]
        .into_iter()
        .enumerate()
        {
            let id = self.child_ids[setter][&child].clone();
            let body = json!({ "kind": kind, "against": against, "reason": format!("WHY-RESTRICTED-{nth}") });
            let made = self.post_as_decider(client, setter, &format!("/v1/children/{id}/restrictions"), &body).await;
            let id = self.keep(Kind::Restriction, &made, vec![(Side::Owner, setter)], &[setter]);
            self.objects.last_mut().unwrap().about = Some(child);
            self.mark(&format!("WHY-RESTRICTED-{nth}"), &[]);
            if nth == 3 {
                let body = json!({ "reason": "over" });
                self.post_as_decider(client, setter, &format!("/v1/restrictions/{id}/lifting"), &body).await;
            }
        }
    }

    /// These are about records that do not exist or that nobody else is shown, so that nothing is gone before everybody
    /// has asked for it.
    pub(super) async fn hold_and_erase(&mut self) {
        let why = json!({ "reason": "says the family" });
        let erasure = json!({ "data": ["ehcp-status"], "reason": "asked for", "decided_by": "data-protection-officer" });
        for (client, organisation, kind, path, body) in [
            ("council-essex", ESSEX, Kind::Erasure, "erasures", &erasure),
            ("system-rwr", "RWR", Kind::Erasure, "erasures", &erasure),
            ("council-essex", ESSEX, Kind::Hold, "holds", &why),
            ("system-rwr", "RWR", Kind::Hold, "holds", &why),
            ("stranger", "R1L", Kind::Dispute, "disputes", &why),
        ] {
            let id = self.child_ids[organisation][&7].clone();
            let made = self.post_as_decider(client, organisation, &format!("/v1/children/{id}/{path}"), body).await;
            self.keep(kind, &made, vec![(Side::Owner, organisation)], &[organisation]);
        }
    }

    pub(super) async fn override_and_opt_out(&mut self) {
        // The court order in `restrict` stops the second override.
        for (client, holder, recipient, child, pathway) in
            [("system-rwh", "RWH", HERTS, 4, "adhd"), ("system-rwr", "RWR", ESSEX, 0, "adhd")]
        {
            let id = self.child_ids[holder][&child].clone();
            let body = json!({
                "recipient": recipient, "purpose": "care-coordination", "data": "waiting-list-status", "pathways": [pathway],
                "ends": today() + Days::new(5), "reason": format!("WHY-OVERRIDDEN-{child}"),
            });
            let made = self.post_as_decider(client, holder, &format!("/v1/children/{id}/overrides"), &body).await;
            self.keep(Kind::Override, &made, vec![(Side::Owner, holder)], &[holder]);
            self.marks.last_mut().unwrap().in_log = vec![recipient];
            self.mark(&format!("WHY-OVERRIDDEN-{child}"), &[]);
        }
        for (client, numbers) in [("guardian-hct", 3..7), ("system-rwr", 4..6)] {
            let csv: String = numbers.map(|nth| number(nth) + "\n").collect();
            let path = format!("/v1/opt-outs?as_of={}", today());
            self.partners[client]
                .call(Method::PUT, &path)
                .actor(GUARDIAN)
                .header("content-type", "text/csv")
                .body(csv)
                .send()
                .await
                .expect(200);
        }
    }
}
