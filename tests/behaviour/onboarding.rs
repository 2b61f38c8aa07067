//! The views of the on-boarding pack are examples that work: on a stub of the tables that they name, they
//! give the right columns, and rows that the gateway accepts.

#![cfg(test)]

use std::io::Cursor;

use adapters::{Context, InMemory, Kept, Row};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use domain::{Dataset, RecognitionRules, Severity, SubmittedEntry, parse_day};

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

fn cells(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    diesel::sql_query(query).load::<Cell>(connection).unwrap().into_iter().map(|cell| cell.value.unwrap_or_default()).collect()
}

/// The view's columns, and its rows as the gateway reads them.
fn view(tables: &str, view: &str) -> (Vec<String>, Vec<Row>) {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.batch_execute(tables).unwrap();
    connection.batch_execute(view).unwrap();
    let columns = cells(&mut connection, "SELECT name AS value FROM pragma_table_info('waiting_list') ORDER BY cid");
    let values: Vec<_> = columns
        .iter()
        .map(|column| cells(&mut connection, &format!("SELECT CAST({column} AS TEXT) AS value FROM waiting_list ORDER BY referral_id")))
        .collect();
    let mut file = columns.join(",");
    for row in 0..values[0].len() {
        let row: Vec<_> = values.iter().map(|column| format!("\"{}\"", column[row])).collect();
        file = format!("{file}\n{}", row.join(","));
    }
    let mut kept = Kept::default();
    let context =
        Context { organisation: "RY4".parse().unwrap(), today: parse_day("2026-11-20").unwrap(), rules: RecognitionRules::built_in() };
    adapters::read(adapters::find(Dataset::WaitingList, "csv").unwrap(), &mut Cursor::new(file), &InMemory, &context, &mut kept).unwrap();
    assert!(kept.file_issues.is_empty() && kept.out_of_scope == 0);
    (columns, kept.rows)
}

#[test]
fn the_example_views_give_the_native_columns_and_rows_that_are_taken() {
    let columns: Vec<_> = adapters::find(Dataset::WaitingList, "csv").unwrap().fields().iter().map(|field| field.name).collect();
    let cases = [
        (
            include_str!("../fixtures/onboarding/systmone.sql"),
            include_str!("../../deploy/onboarding/systmone-waiting-list.sql"),
            [("S-1", "autism|adhd", "waiting"), ("S-2", "audiology", "on-hold"), ("S-3", "audiology", "rejected")],
        ),
        (
            include_str!("../fixtures/onboarding/rio.sql"),
            include_str!("../../deploy/onboarding/rio-waiting-list.sql"),
            [("R-1", "autism", "waiting"), ("R-2", "mental-health", "closed"), ("R-3", "mental-health", "rejected")],
        ),
    ];
    for (tables, sql, expected) in cases {
        assert!(sql.starts_with("-- EXAMPLE, UNVERIFIED."), "a view says that nobody has checked it");
        let (named, rows) = view(tables, sql);
        assert_eq!(named, columns);
        let read: Vec<_> = rows
            .iter()
            .map(|row| match row.record.as_ref().map(|record| &record.entry) {
                Some(SubmittedEntry::Referral(it)) => (it.referral_id.clone(), it.pathways.to_string(), it.status.to_string()),
                _ => panic!("{:?}", row.issues),
            })
            .collect();
        assert_eq!(read, expected.map(|(id, pathways, status)| (id.to_owned(), pathways.to_owned(), status.to_owned())));
        assert!(rows.iter().flat_map(|row| &row.issues).all(|issue| issue.code.severity() == Severity::Warning));
    }
}
