//! A release: only counts that went through disclosure control.

use client::{Table, TableForm};

use super::lists::LIST_NOT_SENT;
use super::{Cast, Telling};
use crate::failures::Failure;

const WAITS: &str = "waiting-list-by-weeks-and-district";

/// The operator builds a release, and the dashboard reads it.
pub(super) async fn build_and_read(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let built = server::build_release(&cast.stage.gateway, trust::Clock::system(), cast.stage.today).await?;
    telling.did(&format!("the operator builds a release: sendbridge release build --as-of {}", cast.stage.today))?;
    let release = cast.dashboard.release(None).await?;
    let names: Vec<_> = release.tables.iter().map(|table| table.name.as_str()).collect();
    telling.did(&format!("dashboard-herts reads the latest: {}", names.join(", ")))?;
    telling.check(release.id == built && release.as_of == cast.stage.today, "what was built is what is read")?;

    let table = release.tables.iter().find(|table| table.name == WAITS).ok_or_else(|| missing("the release has no table of waits"))?;
    let json = cast.dashboard.table(Some(release.id), WAITS, TableForm::Json, None).await?;
    telling.check(matches!(json, Table::Fresh { .. }), "the table comes as JSON")?;
    let csv = cast.dashboard.table(Some(release.id), WAITS, TableForm::Csv, None).await?;
    let Table::Fresh { etag: Some(tag), body } = csv else { return Err(missing("the table came as CSV without a tag")) };
    telling.did(&format!("{}, as CSV:", table.title))?;
    let cells = cells(&String::from_utf8_lossy(&body)).ok_or_else(|| missing("the table's columns are not the documented ones"))?;
    show(telling, &cells)?;

    let again = cast.dashboard.table(Some(release.id), WAITS, TableForm::Csv, Some(&tag)).await?;
    telling.check(again == Table::NotModified, "asked for again with its tag, it is 304: a published figure is never recomputed")?;
    Ok(())
}

fn missing(what: &str) -> Failure {
    Failure::Other(what.to_owned())
}

/// One line of the table's CSV.
struct Cell {
    area_name: String,
    pathway: String,
    weeks: String,
    value: String,
}

/// `None` if a column is missing. No name in the demonstration has a comma.
fn cells(csv: &str) -> Option<Vec<Cell>> {
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next()?;
    let at = |name| header.iter().position(|column| *column == name);
    let (area_name, pathway, weeks, value) = (at("area_name")?, at("pathway")?, at("weeks")?, at("value")?);
    let cell = |line: Vec<&str>| {
        let field = |at: usize| line.get(at).map(|value| (*value).to_owned());
        Some(Cell { area_name: field(area_name)?, pathway: field(pathway)?, weeks: field(weeks)?, value: field(value)? })
    };
    lines.map(cell).collect()
}

/// Shows a few figures, and the markers in place of others.
fn show(telling: &mut Telling<'_>, cells: &[Cell]) -> Result<(), Failure> {
    let area = cells.first().map(|cell| cell.area_name.clone()).unwrap_or_default();
    let line = |cell: &Cell| format!("  {:<24} {:<20} {:>8} weeks {:>6}", cell.area_name, cell.pathway, cell.weeks, cell.value);
    let whole = cells.iter().filter(|cell| cell.area_name == area && cell.pathway == "autism");
    let withheld = cells.iter().filter(|cell| cell.area_name != area && cell.value == "c").take(2);
    let absent = cells.iter().filter(|cell| cell.value == "x").take(1);
    for cell in whole.chain(withheld).chain(absent) {
        telling.did(&line(cell))?;
    }
    let is_published = |cell: &Cell| match cell.value.as_str() {
        "c" | "x" | "z" => true,
        count => count.parse::<u64>().is_ok_and(|count| count >= 5 && count.is_multiple_of(5)),
    };
    telling.check(cells.iter().all(is_published), "every count is a multiple of 5 or a marker; zero to four alike are c")?;
    let not_sent = |cell: &Cell| cell.pathway == LIST_NOT_SENT;
    telling.check(
        cells.iter().any(not_sent) && cells.iter().all(|cell| not_sent(cell) == (cell.value == "x")),
        "the list that did not come is x: absent is not zero, and neither is withheld",
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_the_names_of_their_columns() {
        let found = cells("as_of,area_name,pathway,weeks,value\r\n2026-11-20,Stevenage,autism,0-1,c\r\n").unwrap();
        assert_eq!((found[0].area_name.as_str(), found[0].value.as_str()), ("Stevenage", "c"));
        assert!(cells("as_of,value\n").is_none());
    }
}
