//! Whole bodies: batches and their counts, segments, character sets.

use super::*;

#[test]
fn messages_about_no_referral_are_counted_and_unknown_kinds_are_reported() {
    for event in ["ADT^A08", "ADT^A28", "SIU^S12", "MDM^T02", "ACK"] {
        let kept = read(&[&MSH.replace("REF^I12", event), PID]);
        assert_eq!((kept.out_of_scope, kept.rows.len()), (1, 0), "{event}");
    }
    for event in ["REF^I15", "RRI^I12", "ADT^A34", "ADT^A47", "", "XYZ"] {
        assert_eq!(faults(&read(&[&MSH.replace("REF^I12", event), PID])), [("MSH-9", IssueCode::MessageType)], "{event}");
    }
}

#[test]
fn counts_of_a_file_have_to_be_what_it_holds() {
    let message = [MSH, RF1, PID, DISTRICT];
    let file = |before: &[&'static str], after: &[&'static str]| [before, &message, after].concat();
    for (before, after) in [(vec!["BHS|^~\\&"], vec!["BTS"]), (vec!["FHS|^~\\&", "BHS|^~\\&"], vec!["BTS|1", "FTS|1"])] {
        assert_eq!(read(&file(&before, &after)).rows.len(), 1);
    }
    assert_eq!(refused(&file(&["BHS|^~\\&"], &["BTS|2"])), "count-mismatch");
    assert_eq!(refused(&file(&["BHS|^~\\&"], &["BTS|one"])), "count-mismatch");
    assert_eq!(refused(&file(&["FHS|^~\\&", "BHS|^~\\&"], &["BTS|1", "FTS|2"])), "count-mismatch");
    assert_eq!(refused(&file(&["FHS|^~\\&", "BHS|^~\\&"], &["BTS|1"])), "truncated");
    assert_eq!(refused(&file(&["BHS|^~\\&"], &[])), "truncated");
    assert_eq!(refused(&file(&["FHS|^~\\&", "BHS|^~\\&"], &["FTS|1"])), "malformed");
    assert_eq!(refused(&file(&["FHS|^~\\&"], &["FTS|0", "FHS|^~\\&", "FTS|0"])), "malformed");
    assert_eq!(refused(&[PID]), "not-this-format");
}

#[test]
fn an_empty_batch_is_a_nil_return() {
    assert!(read(&["FHS|^~\\&", "BHS|^~\\&", "BTS|0", "FTS|1"]).rows.is_empty());
}

#[test]
fn only_a_segment_that_is_read_has_to_be_ended() {
    let message = [MSH, RF1, PID, DISTRICT, "OBX|1|ST|a letter that was cut sh"].join("\r");
    assert_eq!(faults(&read_bytes(message.as_bytes())), []);
    let kept = read_bytes([MSH, RF1, PID, DISTRICT].join("\r").as_bytes());
    assert_eq!(faults(&kept), [("message", IssueCode::MessageCutShort)]);
    // The segment with the id is complete, so the referral is known to have come.
    assert_eq!(kept.rows[0].referral_id.as_deref(), Some("R-1"));
    assert_eq!(read_bytes([MSH, PID, RF1].join("\r").as_bytes()).rows[0].referral_id, None);
    let framed = format!("\x0b{}\x1c", [MSH, RF1, PID, DISTRICT].join("\r"));
    assert_eq!(faults(&read_bytes(framed.as_bytes())), []);
}

#[test]
fn a_message_larger_than_any_is_refused_and_a_large_letter_is_not() {
    let with_letter = |length| [MSH, RF1, PID, DISTRICT, &format!("OBX|1|ED|{}", "A".repeat(length))].join("\r") + "\r";
    assert_eq!(read_bytes(with_letter(900_000).as_bytes()).rows.len(), 1);
    let (_, end) = kept::read(Format::Records(&Hl7V2), "RY4", with_letter(1_200_000).as_bytes());
    assert_eq!(end.unwrap_err().code(), "too-large");
}

#[test]
fn every_reference_message_is_read_or_refused_by_name() {
    use IssueCode::*;
    let bytes = |name: &str| std::fs::read(format!("{}/src/formats/hl7v2/samples/reference/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (name, out_of_scope) in [
        ("ADT-A04-01.hl7", 1),
        ("ADT-A08-01.hl7", 1),
        ("ADT-A28-01.hl7", 1),
        ("ADT-A31-01.hl7", 1),
        ("MDM-T02-01.hl7", 1),
        // About an adult's bowels, so on none of the pathways.
        ("REF-I12-01.hl7", 1),
        ("REF-I14-01.hl7", 1),
        ("SIU-S12-01.hl7", 1),
        ("ADT-A40-01.hl7", 0),
    ] {
        let kept = read_bytes(&bytes(name));
        assert_eq!(kept.out_of_scope, out_of_scope, "{name}");
        assert_eq!(file_issues(&kept), [SegmentSeparator], "{name}");
    }
    // The last segment, with the identifiers to retire, is cut short.
    assert_eq!(faults(&read_bytes(&bytes("ADT-A40-01.hl7"))), [("message", MessageCutShort)]);
    // The reference referral, changed to one for autism.
    let sample = String::from_utf8(bytes("REF-I12-01.hl7")).unwrap();
    let kept = read_bytes(sample.replace("O^Provider Ordered^HL70336", "autism^^SENDBRIDGE").as_bytes());
    assert_eq!(faults(&kept)[0], ("PID-3", ChildNotIdentified));
    assert_eq!(kept.rows[0].referral_id.as_deref(), Some("226839"));
}

#[test]
fn text_is_read_by_its_character_set() {
    let team = |set: &str, team: &[u8]| {
        let head = [&MSH.replace("UNICODE UTF-8", set), RF1, PID, DISTRICT, "ZSB|team|"].join("\r");
        let kept = read_bytes(&[head.as_bytes(), team, b"\r"].concat());
        let found = kept.rows[0].record.as_ref().map(|_| referral(&kept, 0).details.team.clone().unwrap());
        (found, file_issues(&kept))
    };
    let windows = b"H\xF6he \x96 2";
    assert_eq!(team("", windows), (Some("Höhe – 2".into()), vec![IssueCode::EncodingConverted]));
    assert_eq!(team("", "Höhe".as_bytes()), (Some("Höhe".into()), vec![]));
    assert_eq!(team("8859/1", b"H\xF6he"), (Some("Höhe".into()), vec![]));
    assert_eq!(team("8859/15", b"\xA4"), (Some("€".into()), vec![]));
    assert_eq!(team("UNICODE UTF-8~8859/1", "Höhe".as_bytes()), (Some("Höhe".into()), vec![]));
    for set in ["UNICODE UTF-8", "ASCII", "UNICODE UTF-16", "ISO IR87", "8859/99"] {
        assert_eq!(team(set, windows), (None, vec![]), "{set}");
    }
}
