//! Reads a row as a service line of a month.

use std::io::Read;

use domain::{IssueCode, PublishedCount, ServiceLine};

use crate::contract::{Context, Fault, Lines, Unreadable};
use crate::published::{ReturnWire, folded, numbers};

/// The [`folded`] names of lines for children and young people that have nothing to do with the pathways.
const OTHER_LINES: [&str; 14] = [
    "antenatalnewbornandchildrenscreeningandimmunisationservices",
    "childhealthinformationservice",
    "communitynursingservicesplannedcareandrapidresponseteams",
    "lookedafterchildrenteams",
    "newbornhearingscreening",
    "nursingandtherapyteamssupportforlongtermconditions",
    "rapidresponseservices",
    "safeguarding",
    "therapyinterventionsdietetics",
    "therapyinterventionsoccupationaltherapy",
    "therapyinterventionsorthotics",
    "therapyinterventionsphysiotherapy",
    "visionscreening",
    "wheelchairorthoticsprostheticsandequipment",
];

enum Line {
    Read(ServiceLine),
    /// A line for adults, or on none of the pathways.
    OutOfScope,
    Unknown,
}

fn line_of(name: &str) -> Line {
    let plain = folded(name);
    if name.trim_start().to_ascii_uppercase().starts_with("(A)") {
        return Line::OutOfScope;
    }
    match plain.strip_prefix("cyp") {
        Some("audiology") => Line::Read(ServiceLine::Audiology),
        Some("communitypaediatricservice") => Line::Read(ServiceLine::CommunityPaediatrics),
        Some("therapyinterventionsspeechandlanguage") => Line::Read(ServiceLine::SpeechAndLanguage),
        Some(other) if OTHER_LINES.contains(&other) => Line::OutOfScope,
        _ => Line::Unknown,
    }
}

/// The positions of the columns.
pub(super) struct Columns {
    organisation: Option<usize>,
    period: Option<usize>,
    line: Option<usize>,
    total: Option<usize>,
    /// The columns of each band (the last band may have two). `None` where only totals are sent.
    bands: Option<Vec<Vec<usize>>>,
}

impl Columns {
    pub(super) fn of<R: Read>(file: &ReturnWire<R>) -> Result<Self, Unreadable> {
        let found: Vec<Vec<usize>> = [
            &[(Some(0), Some(1))][..],
            &[(Some(1), Some(2))],
            &[(Some(2), Some(4))],
            &[(Some(4), Some(12))],
            &[(Some(12), Some(18))],
            &[(Some(18), Some(52))],
            &[(Some(52), None), (Some(52), Some(104)), (Some(104), None)],
        ]
        .iter()
        .map(|weeks| (0..file.header.len()).filter(|at| weeks.contains(&weeks_of(&file.header[*at]))).collect())
        .collect();
        let bands = if found.iter().all(Vec::is_empty) {
            None
        } else if found.iter().all(|columns| !columns.is_empty()) {
            Some(found)
        } else {
            return Err(Unreadable::HeaderMissing(vec!["0-1 weeks", "over 52 weeks"]));
        };
        let at = |name: &str| file.position(name);
        Ok(Self { organisation: at("organisationcode"), period: at("period"), line: at("serviceline"), total: at("total"), bands })
    }
}

/// The weeks in a column's name: `18-52 weeks`, `over 52 weeks`, `52+`.
fn weeks_of(name: &str) -> (Option<u32>, Option<u32>) {
    let plain = folded(name);
    let is_band = plain.starts_with(|first: char| first.is_ascii_digit()) || plain.starts_with("over");
    match numbers(name).as_slice() {
        [from, to] if is_band => (Some(*from), Some(*to)),
        [from] if is_band && (plain.starts_with("over") || plain.contains('+')) => (Some(*from), None),
        _ => (None, None),
    }
}

/// Reads a row. True where its service line is unknown.
pub(super) fn row<R: Read>(
    number: u64,
    file: &mut ReturnWire<R>,
    columns: &Columns,
    context: &Context<'_>,
    lines: &mut Lines<'_>,
) -> Result<bool, Unreadable> {
    let line = match file.owner(columns.organisation, context.organisation) {
        None => return Ok(false),
        Some(false) => return lines.out_of_scope().map(|()| false),
        Some(true) if !file.has_shape() => {
            return lines.line(number, None, vec![("row", IssueCode::RowShape)]).map(|()| false);
        }
        Some(true) => line_of(&file.cell(columns.line)),
    };
    let line = match line {
        Line::Read(line) => line,
        Line::OutOfScope => return lines.out_of_scope().map(|()| false),
        Line::Unknown => return lines.out_of_scope().map(|()| true),
    };
    let mut faults: Vec<Fault> = Vec::new();
    let period = file.month(columns.period).map_err(|code| faults.push(("period", code))).ok();
    let total = file.count(columns.total).map_err(|code| faults.push(("total", code))).ok();
    let mut band = |positions: &Vec<usize>| {
        positions.iter().try_fold(0_u64, |sum, at| sum.checked_add(file.count(Some(*at))?).ok_or(IssueCode::CountFormat))
    };
    let bands: Result<Option<Vec<_>>, _> = columns.bands.as_ref().map(|bands| bands.iter().map(&mut band).collect()).transpose();
    let bands = bands.map_err(|code| faults.push(("weeks", code))).ok();
    if period.is_some_and(|period| file.is_repeated(line, period)) {
        faults.push(("period", IssueCode::LineTwice));
    }
    let count = period.zip(total).zip(bands).map(|((period, total), bands)| PublishedCount { line, period, total, bands });
    lines.line(number, count, faults)?;
    Ok(false)
}
