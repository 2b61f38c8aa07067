//! A draft data protection impact assessment (UK GDPR, article 35), with the steps of the Information Commissioner's
//! template. What the gateway does is filled in; a person fills in likelihood, severity and decisions.

use domain::{ConsentRule, Partnership};

use super::{BLANK, consent, fields, opt_out, population};
use crate::papers::{Block, Paper, Part};
use crate::phrases;

/// A risk, and what the gateway does about it.
const RISKS: [[&str; 2]; 12] = [
    [
        "A child’s health data reaches somebody who has no right to it",
        "nothing flows but under an agreement in date that names who, to whom, what and why; refused otherwise, and logged",
    ],
    [
        "The family has said no, or has changed its mind",
        "decisions are read in the transaction that discloses; none is committed after the withdrawal that forbids it",
    ],
    ["More is shown than is needed", "each class of data is cut to named fields and to the pathways permitted"],
    [
        "A parent’s decision outlives the child’s own right to decide",
        "a parent’s permission stops carrying at sixteen and at the end of compulsory school age until somebody decides anew",
    ],
    ["A family in hiding is found", "a hidden address blanks district, practice and school; reports name organisations by kind"],
    [
        "A child at risk is put at greater risk by sharing, or by telling",
        "safeguarding and court restrictions; reports are drafts that a person reviews, without restrictions in the family’s part",
    ],
    [
        "Two children are taken for one",
        "a number that its provider marks as not verified is shown to its provider alone; the machine joins no near matches",
    ],
    ["A child is found in a published table", "tables pass disclosure control: no count below five is told, from one table or from two"],
    [
        "A system or its credentials are stolen",
        "certificate and bound token for each call; revocation counts at once; tokens live ten minutes at the most",
    ],
    ["The database or a backup is stolen", "identifiers, records and advice are encrypted; keys are kept apart"],
    [
        "Somebody inside looks without need",
        "every call on one child names the person, the role and the reason; the log shows tampering; families can ask who saw what",
    ],
    [
        "An agreement or a law ends and sharing goes on",
        "agreements and provisions are dated; warnings come before the end, and nothing flows after it",
    ],
];

pub(super) fn make(partnership: &Partnership) -> Paper {
    let risks = RISKS.iter().map(|[risk, measure]| [*risk, *measure, BLANK, BLANK, BLANK].map(String::from).to_vec()).collect();
    Paper {
        title: "Data protection impact assessment".into(),
        notice: Some(
            "DRAFT – generated from the partnership file; the controllers and their data protection officers judge, complete and sign it"
                .into(),
        ),
        parts: vec![
            Part::new("1. The need for an assessment", need(partnership)),
            Part::new("2. The processing", processing(partnership)),
            Part::new(
                "3. Consultation",
                vec![Block::fields([
                    ("Families and young people, and how they were asked", BLANK),
                    ("Practitioners", BLANK),
                    ("Caldicott guardians", BLANK),
                    ("Security advisers and suppliers", BLANK),
                ])],
            ),
            Part::new("4. Necessity and proportionality", necessity(partnership)),
            Part::new(
                "5 and 6. Risks, and what is done about them",
                vec![Block::table(
                    "Risks",
                    &["Risk", "What the gateway does", "Likelihood", "Severity", "What is left, and what else is done"],
                    risks,
                )],
            ),
            Part::new(
                "7. Sign-off",
                vec![
                    Block::fields([
                        ("Measures approved by", BLANK),
                        ("Residual risks approved by", BLANK),
                        ("Advice of the data protection officer", BLANK),
                        ("Advice accepted or overruled, and why", BLANK),
                        ("Answers to those consulted", BLANK),
                        ("Reviewed again on", BLANK),
                    ]),
                    Block::checklist([
                        "If a high risk is left that cannot be reduced, the Information Commissioner has been consulted before processing starts \
                         (article 36).",
                    ]),
                ],
            ),
        ],
    }
}

fn need(partnership: &Partnership) -> Vec<Block> {
    vec![
        Block::text(format!(
            "The gateway of {} lets health bodies and councils share what they lawfully may about children with special educational needs and \
             disabilities. An assessment is needed: it processes data concerning health of children, who are vulnerable, on a large scale, and brings \
             together records of several organisations (article 35(3)(b)).",
            partnership.name_of(partnership.host())
        )),
        Block::fields([("What else is decided or planned", BLANK)]),
    ]
}

fn processing(partnership: &Partnership) -> Vec<Block> {
    let rows = partnership.agreements().iter().map(|agreement| {
        let data: Vec<_> = agreement.data.iter().map(|data| format!("{data}: {}", fields(*data))).collect();
        vec![
            agreement.id.clone(),
            phrases::purpose(agreement.purpose).to_owned(),
            format!("{} ({})", population(agreement.population), phrases::pathways(agreement.pathways)),
            data.join(". "),
        ]
    });
    vec![
        Block::heading("Nature and scope"),
        Block::table("What flows", &["Agreement", "Purpose", "Whose data", "Which data"], rows.collect()),
        Block::heading("Context"),
        Block::text(
            "The people are children and young people to 25, and their families. They do not choose these services as customers do, and many would not \
             expect a council to see a hospital’s list unless they were asked or told.",
        ),
        Block::fields([
            ("How many children", BLANK),
            ("What families expect, and how that is known", BLANK),
            ("How long data is kept", BLANK),
        ]),
    ]
}

fn necessity(partnership: &Partnership) -> Vec<Block> {
    let rows = partnership.agreements().iter().map(|agreement| {
        vec![
            agreement.id.clone(),
            phrases::legal_basis(agreement, partnership),
            agreement.basis.confidentiality.to_string(),
            consent(agreement.consent).to_owned(),
            opt_out(agreement),
            BLANK.into(),
        ]
    });
    let asks = partnership.agreements().iter().any(|agreement| agreement.consent == ConsentRule::Required);
    let mut blocks = vec![Block::table(
        "Why it is lawful, and why nothing less would do",
        &["Agreement", "Lawful basis", "Duty of confidence", "The family’s decision", "National Data Opt-out", "Why nothing less would do"],
        rows.collect(),
    )];
    if asks {
        blocks.push(Block::text(
            "Where a family is asked, its yes meets the duty of confidence. It stands beside the basis under data protection law, and not in its place.",
        ));
    }
    blocks.push(Block::fields([
        ("How function creep is prevented", "an agreement names its purpose; another purpose needs another agreement"),
        ("How families are told", "the notice for families"),
        ("How rights are met", "see the arrangement between the joint controllers"),
    ]));
    blocks
}
