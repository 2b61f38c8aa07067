use domain::{PublishedCount, ServiceLine};

use super::*;
use crate::contract::Format;
use crate::contract::kept;

fn counts(bytes: &[u8]) -> (Vec<PublishedCount>, u64) {
    let (kept, end) = kept::read(Format::Published(&ChsSitrep), "RY4", bytes);
    end.unwrap();
    assert!(kept.rows.is_empty());
    (kept.published.into_iter().filter_map(|row| row.count).collect(), kept.out_of_scope)
}

#[test]
fn the_lines_of_the_pathways_are_kept_with_their_bands() {
    let (found, out_of_scope) = counts(ChsSitrep.about().samples[0].bytes);
    let lines: Vec<_> = found.iter().map(|count| (count.line, count.total)).collect();
    assert_eq!(lines, [(ServiceLine::Audiology, 357), (ServiceLine::CommunityPaediatrics, 4090), (ServiceLine::SpeechAndLanguage, 730)]);
    assert_eq!(found[1].bands.as_deref(), Some([40, 38, 90, 410, 505, 1800, 1207].as_slice()));
    // Two lines on no pathway, audiology for adults, and another organisation's line.
    assert_eq!(out_of_scope, 4);
}

#[test]
fn totals_alone_have_no_bands_and_the_split_of_the_last_band_is_one() {
    let (found, _) = counts(ChsSitrep.about().samples[1].bytes);
    assert_eq!(found.iter().map(|count| (count.total, count.bands.clone())).collect::<Vec<_>>(), [(357, None), (4090, None)]);
    let (found, _) = counts(ChsSitrep.about().samples[2].bytes);
    assert_eq!(found[0].bands.as_ref().unwrap().last(), Some(&1207));
}

#[test]
fn every_published_line_for_children_is_known() {
    // Reference, section 6.1.
    for line in [
        "Antenatal, new-born and children screening and immunisation services",
        "Audiology",
        "Child health information service",
        "Community nursing services (planned care and rapid response teams)",
        "Community paediatric service",
        "Looked after children teams",
        "New-born hearing screening",
        "Nursing and Therapy teams support for long term conditions",
        "Rapid Response Services",
        "Safeguarding",
        "Therapy interventions: Dietetics",
        "Therapy interventions: Occupational therapy",
        "Therapy interventions: Orthotics",
        "Therapy interventions: Physiotherapy",
        "Therapy interventions: Speech and language",
        "Vision screening",
        "Wheelchair, orthotics, prosthetics and equipment",
    ] {
        let read = |prefix: &str, line: &str| {
            let file = format!("organisation_code,period,service_line,total\nRY4,2026-09,\"{prefix} {line}\",7\n");
            let (kept, _) = kept::read(Format::Published(&ChsSitrep), "RY4", file.as_bytes());
            (kept.file_issues.len(), kept.published.len())
        };
        assert_eq!(read("(CYP)", line).0, 0, "{line}");
        assert_eq!(read("(CYP)", line), read("(cyp)", &line.to_uppercase()), "{line}");
        assert_eq!(read("(A)", line), (0, 0), "{line}");
        assert_eq!(read("", line), (1, 0), "{line}");
    }
}
