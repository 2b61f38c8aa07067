//! Reads a row as the audiology line of a month.

use std::io::Read;

use domain::{IssueCode, PublishedCount, PublishedReturn, ServiceLine};

use crate::contract::{Context, Fault, Lines, Unreadable};
use crate::published::{ReturnWire, folded, numbers};

/// The first band of waits of six weeks and over, and of thirteen weeks and over.
const SIX_WEEKS: usize = 6;
const THIRTEEN_WEEKS: usize = 13;

/// The positions of the columns.
pub(super) struct Columns {
    period: Option<usize>,
    provider: Option<usize>,
    test: Option<usize>,
    total: Option<usize>,
    six_weeks: Option<usize>,
    thirteen_weeks: Option<usize>,
    percentage: Option<usize>,
    bands: Vec<Option<usize>>,
}

impl Columns {
    pub(super) fn of<R: Read>(file: &ReturnWire<R>) -> Result<Self, Unreadable> {
        let at = |name: &str| file.position(name);
        let band = |week: usize| file.header.iter().position(|name| band_of(name) == Some(week));
        let bands: Vec<_> = (0..PublishedReturn::Dm01.bands().len()).map(band).collect();
        if bands.iter().any(Option::is_none) {
            return Err(Unreadable::HeaderMissing(vec!["0 <01 weeks", "13+ weeks"]));
        }
        Ok(Self {
            period: at("period"),
            provider: at("providercode"),
            test: at("diagnostictestname"),
            total: at("totalwaitinglist"),
            six_weeks: at("numberwaiting6+weeks"),
            thirteen_weeks: at("numberwaiting13+weeks"),
            percentage: at("percentagewaiting6+weeks"),
            bands,
        })
    }
}

/// The band that a column counts: `03 <04 weeks` is the fourth, `13+ weeks` the last.
fn band_of(name: &str) -> Option<usize> {
    let plain = folded(name);
    if !plain.starts_with(|first: char| first.is_ascii_digit()) || !plain.ends_with("weeks") {
        return None;
    }
    match numbers(name).as_slice() {
        [13] if plain.contains('+') => Some(THIRTEEN_WEEKS),
        [from, to] if *to == from + 1 => usize::try_from(*from).ok().filter(|week| *week < THIRTEEN_WEEKS),
        _ => None,
    }
}

pub(super) fn row<R: Read>(
    number: u64,
    file: &mut ReturnWire<R>,
    columns: &Columns,
    context: &Context<'_>,
    lines: &mut Lines<'_>,
) -> Result<(), Unreadable> {
    let is_audiology = ["audiologyassessments", "audiologyaudiologyassessments"].contains(&&*folded(&file.cell(columns.test)));
    match file.owner(columns.provider, context.organisation) {
        None => return Ok(()),
        Some(true) if !file.has_shape() => return lines.line(number, None, vec![("row", IssueCode::RowShape)]),
        Some(own) if !own || !is_audiology => return lines.out_of_scope(),
        Some(_) => {}
    }
    let mut faults: Vec<Fault> = Vec::new();
    let line = ServiceLine::AudiologyAssessments;
    let period = file.month(columns.period).map_err(|code| faults.push(("Period", code))).ok();
    let total = file.count(columns.total).map_err(|code| faults.push(("Total Waiting List", code))).ok();
    let bands: Result<Vec<_>, _> = columns.bands.iter().map(|band| file.count(*band)).collect();
    let bands = bands.map_err(|code| faults.push(("weeks", code))).ok();
    if period.is_some_and(|period| file.is_repeated(line, period)) {
        faults.push(("Period", IssueCode::LineTwice));
    }
    let count = period.zip(total).zip(bands).map(|((period, total), bands)| {
        check(file, columns, total, &bands, &mut faults);
        PublishedCount { line, period, total, bands: Some(bands) }
    });
    lines.line(number, count, faults)
}

/// Checks the columns that are worked out from the bands.
fn check<R: Read>(file: &mut ReturnWire<R>, columns: &Columns, total: u64, bands: &[u64], faults: &mut Vec<Fault>) {
    let from = |week: usize| bands[week..].iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    for (position, week, field) in
        [(columns.six_weeks, SIX_WEEKS, "Number waiting 6+ Weeks"), (columns.thirteen_weeks, THIRTEEN_WEEKS, "Number waiting 13+ Weeks")]
    {
        match file.count(position) {
            Ok(stated) if stated != from(week) => faults.push((field, IssueCode::BandsNotTotal)),
            Err(IssueCode::CountFormat) => faults.push((field, IssueCode::CountFormat)),
            _ => {}
        }
    }
    let stated = file.cell(columns.percentage);
    let is_right = |stated: &str| share(from(SIX_WEEKS), total, stated);
    if !matches!(&*stated, "" | "-" | "*") && !is_right(&stated) {
        faults.push(("Percentage waiting 6+ weeks", IssueCode::PercentageWrong));
    }
}

/// Whether a share, stated as a fraction or in percent, is right to the decimal places that it has.
fn share(part: u64, whole: u64, stated: &str) -> bool {
    let digits = stated.trim_end_matches('%').trim();
    let Ok(value) = digits.parse::<f64>() else { return false };
    let places = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let slack = 0.5 / 10_f64.powi(i32::try_from(places).unwrap_or(i32::MAX)) + 1e-9;
    #[expect(clippy::cast_precision_loss, reason = "counts of people are far below where it begins")]
    let right = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    (value - right * 100.0).abs() <= slack || (!stated.ends_with('%') && (value - right).abs() <= slack)
}
