//! A summary of what joint controllers have arranged between them. Families have a right to the essence of it
//! (UK GDPR, article 26).

use domain::Partnership;

use super::BLANK;
use crate::papers::{Block, Paper, Part};
use crate::phrases;

/// A duty, its articles, and how the gateway helps with it.
const DUTIES: [[&str; 3]; 10] = [
    ["Telling families", "13, 14", "the notice for families, generated from the agreements"],
    ["Access by the family", "15", "the report of who saw what, as a draft for a person to review"],
    ["Putting mistakes right", "16", "each organisation corrects what it sent; the gateway keeps the correction"],
    ["Erasure", "17", "decided by the controller whose record it is"],
    ["Restriction", "18", "restrictions on a child’s records, checked at every read"],
    ["Objections", "21", "recorded by the organisations that the agreement names; a person looks at those that do not stop a duty"],
    ["Records", "30", "the record of processing, generated from the agreements"],
    ["Security", "32", "certificates, bound tokens, sealing, the log"],
    ["Breaches", "33, 34", "the log shows what was disclosed to whom"],
    ["Impact assessment", "35", "a draft, generated from the agreements"],
];

pub(super) fn make(partnership: &Partnership) -> Paper {
    let controllers = phrases::names(partnership, partnership.controllers());
    let duties = DUTIES.iter().map(|[duty, article, gives]| [*duty, *article, *gives, BLANK].map(String::from).to_vec()).collect();
    let shared = partnership
        .agreements()
        .iter()
        .map(|agreement| {
            let (from, to) = (phrases::names(partnership, &agreement.providers), phrases::names(partnership, &agreement.recipients));
            vec![agreement.id.clone(), from.join("; "), to.join("; ")]
        })
        .collect();
    Paper {
        title: "Joint controllers: what they have arranged".into(),
        notice: Some("DRAFT generated from the partnership file. The controllers complete the blanks and sign it.".into()),
        parts: vec![
            Part::new(
                "Who",
                vec![
                    Block::text(format!(
                        "{} decide together why and how the gateway processes personal data, and are joint controllers of what it holds (UK GDPR, \
                         article 26(1)).",
                        phrases::all_of(&controllers)
                    )),
                    Block::text(
                        "Every organisation remains the controller of its own records: of what it sends until it has sent it, and of what it receives \
                         from then on.",
                    ),
                    Block::fields([("Contact point for families", BLANK), ("Who runs the gateway, and as what", BLANK)]),
                ],
            ),
            Part::new(
                "Who does what",
                vec![Block::table("Duties", &["Duty", "Article", "What the gateway gives towards it", "Who answers for it"], duties)],
            ),
            Part::new(
                "What is shared",
                vec![
                    Block::table("Agreements", &["Agreement", "Who gives", "Who receives"], shared),
                    Block::text("A family may use its rights against each of the controllers, whatever is arranged here (article 26(3))."),
                ],
            ),
        ],
    }
}
