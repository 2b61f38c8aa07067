//! The record of processing activities (UK GDPR, article 30).

use domain::{Agreement, Partnership};

use super::{BLANK, fields, opt_out, population};
use crate::papers::{Block, Paper, Part};
use crate::phrases;

pub(super) fn make(partnership: &Partnership) -> Paper {
    let mut parts = vec![Part::new("Who", who(partnership))];
    parts.extend(partnership.agreements().iter().map(|agreement| Part::new(agreement.id.clone(), activity(agreement, partnership))));
    parts.push(Part::new("What the gateway keeps so that it can do this", own()));
    parts.push(Part::new("Security (article 32)", vec![security()]));
    Paper {
        title: "Record of processing activities".into(),
        notice: Some(
            "Generated from the partnership file. Complete the blanks and have it checked by the data protection officers.".into(),
        ),
        parts,
    }
}

fn who(partnership: &Partnership) -> Vec<Block> {
    let controllers = phrases::names(partnership, partnership.controllers());
    let rows = controllers.iter().map(|name| vec![name.clone(), BLANK.into(), BLANK.into()]).collect();
    vec![
        Block::text("UK GDPR, article 30(1). One section for each agreement, which is the only thing that lets data flow."),
        Block::table("Joint controllers of what the gateway holds", &["Controller", "Contact", "Data protection officer"], rows),
        Block::fields([
            ("Area", partnership.name_of(partnership.host())),
            ("Transfers out of the United Kingdom", format!("none by the gateway; hosting: {BLANK}")),
        ]),
    ]
}

fn activity(agreement: &Agreement, partnership: &Partnership) -> Vec<Block> {
    let data: Vec<_> = agreement.data.iter().map(|data| phrases::data(*data)).collect();
    let carried = agreement.data.iter().map(|data| vec![data.to_string(), fields(*data)]).collect();
    vec![
        Block::fields([
            ("Purpose", format!("{} ({})", phrases::purpose(agreement.purpose), agreement.purpose)),
            ("People", format!("{}, on the pathways {}", population(agreement.population), phrases::pathways(agreement.pathways))),
            ("Personal data", phrases::all_of(&data)),
            ("Special category", "data concerning health (article 9(1))".into()),
            ("From", phrases::names(partnership, &agreement.providers).join("; ")),
            ("To", phrases::names(partnership, &agreement.recipients).join("; ")),
            ("Lawful basis", phrases::legal_basis(agreement, partnership)),
            ("Duty of confidence met by", agreement.basis.confidentiality.to_string()),
            ("National Data Opt-out", opt_out(agreement)),
            ("Between", format!("{} and {}, both days inclusive", phrases::day(agreement.starts), phrases::day(agreement.ends))),
            ("Kept for", format!("as the retention settings of the gateway say: {BLANK}")),
        ]),
        Block::table("Fields, and no others", &["Class of data", "Fields"], carried),
    ]
}

fn own() -> Vec<Block> {
    let rows = [
        ["Records as partners sent them", "to answer what the agreements permit", "sealed; what rows are found by is clear"],
        ["Families’ decisions, restrictions and overrides", "to decide each flow at the moment of the read", "evidence and reasons sealed"],
        [
            "The log of disclosures and refusals",
            "accountability (article 5(2)); to tell a family who saw what",
            "no identifier of a child in it",
        ],
        ["National Data Opt-outs, where an agreement is subject to them", "to take opted-out children out", "numbers sealed"],
        ["Released tables", "joint commissioning", "no child can be found in them"],
    ];
    vec![Block::table("Kept by the gateway itself", &["What", "What for", "How"], rows.map(|row| row.map(String::from).to_vec()).to_vec())]
}

fn security() -> Block {
    Block::bullets([
        "Every caller shows a client certificate that holds now, and a token that is bound to it and lives ten minutes at the most.",
        "Names, NHS numbers, pupil numbers, dates of birth, postcodes, records and advice are encrypted at rest with keys kept apart.",
        "Nothing that identifies a child is in an address, a log line, a metric or a trace.",
        "Every disclosure and every refusal is written to a log that shows tampering, or nothing is disclosed.",
        "Each organisation has its own id for a child, so that two of them cannot join what they hold.",
    ])
}
