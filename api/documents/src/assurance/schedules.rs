//! The schedule to the data-sharing agreements: one section for each, with the minimum data that it gives.

use domain::{Agreement, DataClass, Partnership};

use super::{BLANK, consent, fields, opt_out, parties, population};
use crate::papers::{Block, Paper, Part};
use crate::phrases;

pub(super) fn make(partnership: &Partnership) -> Paper {
    let mut parts: Vec<_> =
        partnership.agreements().iter().map(|agreement| Part::new(agreement.id.clone(), schedule(agreement, partnership))).collect();
    parts.push(Part::new("Provisions of the law that are dated", provisions(partnership)));
    Paper {
        title: "Data-sharing agreements: the schedule".into(),
        notice: Some("Generated from the partnership file, which is what the gateway enforces. It is a schedule to the agreements that the parties sign.".into()),
        parts,
    }
}

fn schedule(agreement: &Agreement, partnership: &Partnership) -> Vec<Block> {
    let recorders = phrases::names(partnership, &agreement.consent_recorded_by);
    let signed = parties(partnership, agreement).into_iter().map(|party| vec![party, BLANK.into(), BLANK.into()]).collect();
    vec![
        Block::fields([
            ("Purpose", format!("{} ({})", phrases::purpose(agreement.purpose), agreement.purpose)),
            ("Who gives", phrases::names(partnership, &agreement.providers).join("; ")),
            ("Who receives", phrases::names(partnership, &agreement.recipients).join("; ")),
            ("Which children", population(agreement.population).into()),
            ("Pathways", phrases::pathways(agreement.pathways)),
            ("From", phrases::day(agreement.starts)),
            ("To", format!("{}, inclusive; it is warned of {} days before", phrases::day(agreement.ends), partnership.warn_days())),
            ("The family’s decision", consent(agreement.consent).into()),
            ("Recorded by", if recorders.is_empty() { "nobody; any party may record an objection".into() } else { recorders.join("; ") }),
            ("Lawful basis", phrases::legal_basis(agreement, partnership)),
            ("Duty of confidence met by", agreement.basis.confidentiality.to_string()),
            ("National Data Opt-out", opt_out(agreement)),
        ]),
        Block::table("What flows: these fields and no others", &["Class of data", "Direction", "Fields"], directions(agreement)),
        Block::table("Signed for the parties", &["Party", "Name and role", "Date"], signed),
    ]
}

fn directions(agreement: &Agreement) -> Vec<Vec<String>> {
    let direction = |data: DataClass| match data {
        DataClass::DashboardAggregate => "counted inside the gateway: only released tables leave it",
        DataClass::ChildMatching => "between any two of them: that two identifiers are one child's, and neither's own",
        data if data.flows_to_provider() => "to who gives, from who receives",
        _ => "from who gives, to who receives",
    };
    agreement.data.iter().map(|data| vec![data.to_string(), direction(*data).into(), fields(*data)]).collect()
}

fn provisions(partnership: &Partnership) -> Vec<Block> {
    let resting = |id: &str| {
        let ids: Vec<_> = partnership
            .agreements()
            .iter()
            .filter(|one| one.basis.legal_bases.iter().any(|law| law == id))
            .map(|one| one.id.clone())
            .collect();
        if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
    };
    let rows: Vec<_> = partnership
        .provisions()
        .map(|law| {
            let from = law.in_force_from.map_or_else(|| "not in force".to_owned(), phrases::day);
            let to = law.in_force_to.map_or_else(|| "open".to_owned(), phrases::day);
            vec![law.citation.clone(), from, to, resting(&law.id)]
        })
        .collect();
    if rows.is_empty() {
        return vec![Block::text("The file names none.")];
    }
    vec![
        Block::text("An agreement that rests on one of these permits nothing on a day on which it is not in force."),
        Block::table("Dated provisions", &["Provision", "In force from", "Until", "Agreements that rest on it"], rows),
    ]
}
