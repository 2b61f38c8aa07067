use std::io::{Cursor, Write};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use proptest::prelude::*;

use super::*;

type Files = Vec<(String, Vec<u8>)>;

fn read(bytes: &[u8]) -> Result<Files, Unreadable> {
    let mut found = Vec::new();
    each(&mut &*bytes, &mut |name, content| {
        let mut held = Vec::new();
        content.read_to_end(&mut held).map_err(refusal)?;
        found.push((name.to_owned(), held));
        Ok(())
    })?;
    Ok(found)
}

fn code(bytes: &[u8]) -> &'static str {
    read(bytes).map(|files| files.len()).unwrap_err().code()
}

fn zipped(files: &Files, options: SimpleFileOptions, streamed: bool) -> Vec<u8> {
    fn fill<W: Write + std::io::Seek>(mut zip: ZipWriter<W>, files: &Files, options: SimpleFileOptions) -> W {
        for (name, content) in files {
            zip.start_file(name, options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap()
    }
    if streamed {
        fill(ZipWriter::new_stream(Vec::new()), files, options).into_inner()
    } else {
        fill(ZipWriter::new(Cursor::new(Vec::new())), files, options).into_inner()
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn files() -> impl Strategy<Value = Files> {
    let content = prop_oneof![
        proptest::collection::vec(any::<u8>().prop_map(|byte| byte | 1), 0..300),
        (0_usize..5_000).prop_map(|length| b"R1,P1,2026-01-01,,\r\n".repeat(length)),
        Just(b"\r\n--b0 \r\n--b\r\n\r".to_vec()),
    ];
    proptest::collection::vec(content, 0..5)
        .prop_map(|contents| contents.into_iter().enumerate().map(|(at, content)| (format!("t{at}.csv"), content)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_archive_gives_its_files_however_it_was_written(files in files(), stored: bool, streamed: bool, wide: bool) {
        let method = if stored && !streamed { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let archive = zipped(&files, options().compression_method(method).large_file(wide), streamed);
        prop_assert_eq!(read(&archive).unwrap(), files);
    }

    #[test]
    fn a_multipart_body_gives_its_files(files in files(), feeds_only: bool) {
        let end = if feeds_only { "\n" } else { "\r\n" };
        let mut body = Vec::new();
        for (name, content) in &files {
            write!(body, "--b0{end}Content-Disposition: attachment; filename={name}{end}{end}").unwrap();
            body.extend_from_slice(content);
            write!(body, "{end}").unwrap();
        }
        write!(body, "--b0--{end}").unwrap();
        // Where lines end in LF alone, a CR at the end of a file looks like part of the delimiter.
        let ends_in_doubt = feeds_only && files.iter().any(|(_, content)| content.ends_with(b"\r"));
        prop_assume!(!files.is_empty() && !ends_in_doubt);
        prop_assume!(files.iter().all(|(_, content)| !content.windows(5).any(|window| window == b"\n--b0")));
        prop_assert_eq!(read(&body).unwrap(), files);
    }
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused_before_it_does() {
    let bomb = zipped(&vec![("t.csv".into(), vec![b','; 40 << 20])], options(), false);
    let mut taken = 0;
    let end = each(&mut bomb.as_slice(), &mut |_, content| {
        let mut buffer = [0; 4096];
        loop {
            match content.read(&mut buffer).map_err(refusal)? {
                0 => return Ok(()),
                count => taken += count,
            }
        }
    });
    assert_eq!(end.unwrap_err().code(), "archive-bomb");
    assert!(taken < 2 << 20, "{taken}");
}

#[test]
fn names_that_lead_out_are_refused_in_both_containers() {
    for name in
        ["../t.csv", "a/../../t.csv", "/t.csv", "\\t.csv", "C:t.csv", "C:\\t.csv", "a\\..\\t.csv", "./t.csv", "~/t.csv", "t\u{7}.csv"]
    {
        let body = format!("--b\r\nContent-Disposition: form-data; filename=\"{name}\"\r\n\r\nx\r\n--b--\r\n");
        assert_eq!(code(body.as_bytes()), "archive-name", "{name}");
        assert!(checked(name.as_bytes()).is_err());
    }
    assert!(checked(b"").is_err() && checked(&[b'a'; 256]).is_err() && checked(b"\xFF.csv").is_err());
    assert!(checked(b"October 2026/CYP101.csv").is_ok());
}

#[test]
fn archives_are_refused_in_either_container() {
    let inner = zipped(&vec![("t.csv".into(), b"x".to_vec())], options(), false);
    assert_eq!(code(&zipped(&vec![("t.csv".into(), inner.clone())], options(), false)), "archive-nested");
    let body = [b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n", inner.as_slice(), b"\r\n--b--"].concat();
    assert_eq!(code(&body), "archive-nested");
}

#[test]
fn bytes_before_or_after_an_archive_are_refused() {
    let archive = zipped(&vec![("t.csv".into(), b"x".to_vec())], options(), false);
    assert_eq!(code(&[archive.as_slice(), b"\0"].concat()), "archive-damaged");
    assert_eq!(code(&[archive.as_slice(), archive.as_slice()].concat()), "archive-damaged");
    assert_eq!(code(&[b"x", archive.as_slice()].concat()), "not-this-format");
}

#[test]
fn a_directory_that_contradicts_the_entries_is_refused() {
    let archive = zipped(&vec![("a.csv".into(), b"x".to_vec()), ("b.csv".into(), b"y".to_vec())], options(), false);
    let directory = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    // Of the first entry: method, checksum, sizes, offset and name.
    for at in [10, 16, 20, 24, 42, 46] {
        let mut changed = archive.clone();
        changed[directory + at] ^= 1;
        assert_eq!(code(&changed), "archive-damaged", "{at}");
    }
    for back in [12, 6] {
        let mut changed = archive.clone();
        let length = changed.len();
        changed[length - back] ^= 1;
        assert_eq!(code(&changed), "archive-damaged", "{back} from the end");
    }
}

/// The entries of an archive, the two records of its directory, and its end.
fn directory() -> (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>) {
    let archive = zipped(&vec![("a.csv".into(), b"x".to_vec()), ("b.csv".into(), b"y".to_vec())], options(), false);
    let starts: Vec<_> = archive.windows(4).enumerate().filter(|(_, window)| window.starts_with(b"PK")).map(|(at, _)| at).collect();
    let [_, _, first, second, end] = starts[..] else { panic!("{starts:?}") };
    (archive[..first].to_vec(), archive[first..second].to_vec(), archive[second..end].to_vec(), archive[end..].to_vec())
}

#[test]
fn a_directory_that_hides_or_repeats_an_entry_is_refused() {
    let (entries, first, second, end) = directory();
    assert_eq!(read(&[entries.clone(), first.clone(), second.clone(), end.clone()].concat()).unwrap().len(), 2);
    assert_eq!(code(&[entries.clone(), first.clone(), end.clone()].concat()), "archive-damaged");
    assert_eq!(code(&[entries, first.clone(), second, first, end].concat()), "archive-damaged");
}

#[test]
fn content_that_fails_its_checksum_is_refused_wherever_the_checksum_is() {
    let files = vec![("a.csv".to_owned(), b"x".to_vec())];
    for streamed in [false, true] {
        let mut archive = zipped(&files, options(), streamed);
        let sum = if streamed { archive.windows(4).position(|window| window == b"PK\x07\x08").unwrap() + 4 } else { 14 };
        archive[sum] ^= 1;
        assert_eq!(code(&archive), "archive-checksum", "{streamed}");
    }
}

#[test]
fn a_part_without_a_name_or_an_end_is_refused() {
    assert_eq!(code(b"--b\r\nContent-Type: text/csv\r\n\r\nx\r\n--b--"), "archive-name");
    assert_eq!(code(b"--b\r\nContent-Disposition: form-data; name=t\r\n\r\nx"), "truncated");
    assert_eq!(code(b"--b\r\nContent-Disposition: form-data; name=t\r\n\r\nx\r\n--b"), "truncated");
    assert_eq!(code(b"--b\r\nContent-Disposition: form-data; name=t\r\n\r\nx\r\n--b--\r\nmore"), "archive-damaged");
    assert_eq!(code(b"--b\r\nno header\r\n\r\nx\r\n--b--"), "archive-damaged");
    assert_eq!(code(b"-- a b\r\n"), "not-this-format");
    let found = read(b"--b\nContent-Disposition: form-data; name=t\n\n--b--\n").unwrap();
    assert_eq!(found, [("t".to_owned(), Vec::new())], "an empty part");
}

#[test]
fn an_unwanted_file_is_skipped_but_never_without_end() {
    let body = |content: Vec<u8>| [b"--b\nContent-Disposition: form-data; name=t\n\n".to_vec(), content, b"\n--b--\n".to_vec()].concat();
    let skipped = |content: Vec<u8>| each(&mut body(content).as_slice(), &mut |_, _| Ok(()));
    assert!(skipped(b"a line\n".repeat(400_000)).is_ok());
    assert_eq!(skipped(vec![b'a'; 2 << 20]).unwrap_err().code(), "too-large");
    assert_eq!(skipped(vec![b'\n'; 2 << 20]).unwrap_err().code(), "too-large");
}
