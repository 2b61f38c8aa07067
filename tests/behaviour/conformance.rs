//! Rules for all formats, checked on each adapter in the registry. A new format needs no test here, only
//! samples: a missing sample fails.

#![cfg(test)]

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Cursor, Read, Write};

use adapters::{Format, InMemory, REGISTRY, Row, Scratch, Sink, Spool, SpoolReader, Starters, Stop, Unreadable};
use domain::{Issue, Severity};
use integration_tests::short_or_whole;
use proptest::prelude::*;

use crate::readings::{assert_holds_together, context, read, read_with, survives};

/// The bits of a byte that are flipped.
const MASKS: [u8; 6] = [0x01, 0x04, 0x10, 0x20, 0x80, 0xFF];

/// The places in a sample that are tried: about 300 from start to end, or all.
fn places(sample: &[u8]) -> impl Iterator<Item = usize> {
    let step = short_or_whole(1 + sample.len() / 300, 1);
    (0..sample.len()).step_by(step)
}

/// Limited scratch space, for adapters that put a body aside before they read it.
struct Lent;

struct LentSpool(Vec<u8>);

impl Scratch for Lent {
    fn spool(&self) -> io::Result<Box<dyn Spool>> {
        Ok(Box::new(LentSpool(Vec::new())))
    }
}

impl Spool for LentSpool {
    fn into_reader(self: Box<Self>) -> io::Result<Box<dyn SpoolReader>> {
        Box::new(self.0).into_reader()
    }
}

impl Write for LentSpool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() > 1024 * 1024 { Err(io::ErrorKind::FileTooLarge.into()) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives some bytes, then one byte for ever, and counts what was taken.
struct Unending<'a> {
    start: Cursor<&'a [u8]>,
    filler: u8,
    taken: &'a Cell<usize>,
}

impl Read for Unending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.start.read(buffer)? {
            0 => {
                buffer.fill(self.filler);
                buffer.len()
            }
            count => count,
        };
        self.taken.set(self.taken.get() + count);
        assert!(self.taken.get() < 200_000_000, "200 MB were read of what never ends");
        Ok(count)
    }
}

#[test]
fn every_format_has_its_samples_its_fields_and_their_provenance() {
    let mut names = HashSet::new();
    assert!(!REGISTRY.is_empty());
    for adapter in REGISTRY {
        let format = adapter.format();
        assert!(names.insert((adapter.dataset(), format)), "{format} is registered twice");
        assert!(format.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{format}");
        assert!(std::ptr::eq(adapters::find(adapter.dataset(), format).unwrap().about(), adapter.about()), "{format} cannot be found");
        assert!(!adapter.title().is_empty() && !adapter.media_types().is_empty() && !adapter.fields().is_empty(), "{format}");
        assert!(adapter.samples().iter().any(|sample| sample.records > 0), "{format} has no sample with a record in it");
        assert!(!adapter.bad_samples().is_empty(), "{format} has no bad sample");
        for sample in adapter.samples() {
            assert!(sample.provenance.len() > 100, "{format}: {} does not say where it is from", sample.name);
        }
    }
}

#[test]
fn every_sample_gives_its_records_and_no_error() {
    for adapter in REGISTRY {
        for sample in adapter.samples() {
            let (kept, end) = read(*adapter, &mut Cursor::new(sample.bytes));
            assert!(end.is_ok(), "{}: {end:?}", sample.name);
            assert_holds_together(&kept);
            let errors: Vec<_> = kept.issues().filter(|issue| issue.code.severity() == Severity::Error).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", sample.name);
            let (records, counts) = (kept.rows.len(), kept.published.len());
            assert_eq!((records + counts) as u64, sample.records, "{}", sample.name);
            let other = if matches!(adapter, Format::Records(_)) { counts } else { records };
            assert_eq!(other, 0, "{} holds what its format does not", sample.name);
        }
    }
}

#[test]
fn what_a_sender_starts_from_is_read_without_an_error() {
    for adapter in REGISTRY {
        let Starters { template, examples } = adapter.starters();
        assert_eq!(examples.is_some(), matches!(adapter, Format::Records(_)), "{} has no examples", adapter.format());
        assert!(template.is_none_or(|template| template.records == 0));
        for starter in template.into_iter().chain(examples) {
            let (kept, end) = read(*adapter, &mut Cursor::new(starter.bytes));
            assert!(end.is_ok(), "{}: {end:?}", starter.name);
            assert_eq!(kept.rows.len() as u64, starter.records, "{}", starter.name);
            let errors: Vec<_> = kept.issues().filter(|issue| issue.code.severity() == Severity::Error).collect();
            assert!(errors.is_empty() && kept.out_of_scope == 0, "{}: {errors:?}", starter.name);
        }
        let names: HashSet<_> = adapter.files().into_iter().map(|file| file.name).collect();
        assert_eq!(names.len(), adapter.files().len(), "{}: two files of one name", adapter.format());
    }
}

#[test]
fn every_field_that_a_format_describes_is_in_one_of_its_samples() {
    for adapter in REGISTRY {
        let samples: Vec<_> = adapter.samples().iter().map(|sample| String::from_utf8_lossy(sample.bytes).to_lowercase()).collect();
        for field in adapter.fields() {
            // A field may be named `table.column`.
            let name = field.name.rsplit('.').next().unwrap().to_lowercase();
            assert!(samples.iter().any(|sample| sample.contains(&name)), "{}: {}", adapter.format(), field.name);
        }
    }
}

#[test]
fn every_bad_sample_gives_its_named_code() {
    for adapter in REGISTRY {
        for bad in adapter.bad_samples() {
            let (kept, end) = read(*adapter, &mut Cursor::new(bad.bytes));
            assert_holds_together(&kept);
            let found: Vec<_> =
                kept.issues().map(|issue| issue.code.as_str()).chain(end.err().map(|unreadable| unreadable.code())).collect();
            assert!(found.contains(&bad.code), "{} gave {found:?}, not {}", bad.name, bad.code);
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_rows_however_they_arrive() {
    struct Drops<'a>(Cursor<&'a [u8]>);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(1);
            self.0.read(&mut buffer[..most])
        }
    }
    for adapter in REGISTRY {
        for bytes in adapter.samples().iter().map(|it| it.bytes).chain(adapter.bad_samples().iter().map(|it| it.bytes)) {
            let (first, end) = read(*adapter, &mut Cursor::new(bytes));
            for (again, end_again) in [read(*adapter, &mut Cursor::new(bytes)), read(*adapter, &mut Drops(Cursor::new(bytes)))] {
                assert_eq!(first, again);
                assert_eq!(end.as_ref().err().map(Unreadable::code), end_again.err().map(|unreadable| unreadable.code()));
            }
        }
    }
}

#[test]
fn no_sample_cut_short_anywhere_breaks_its_reader() {
    for adapter in REGISTRY {
        for sample in adapter.samples() {
            for length in places(sample.bytes) {
                survives(*adapter, &sample.bytes[..length]);
            }
        }
    }
}

#[test]
fn no_flipped_byte_of_a_sample_breaks_its_reader() {
    for adapter in REGISTRY {
        for sample in adapter.samples() {
            let mut bytes = sample.bytes.to_vec();
            for (nth, at) in places(sample.bytes).enumerate() {
                // Each place is flipped with one mask, or with all.
                for mask in MASKS.iter().cycle().skip(nth).take(short_or_whole(1, MASKS.len())) {
                    bytes[at] ^= mask;
                    survives(*adapter, &bytes);
                    bytes[at] ^= mask;
                }
            }
        }
    }
}

#[test]
fn the_sample_of_another_format_is_refused() {
    for adapter in REGISTRY {
        for other in REGISTRY.iter().filter(|other| other.format() != adapter.format()) {
            for sample in other.samples() {
                let (kept, end) = read(*adapter, &mut Cursor::new(sample.bytes));
                assert!(end.is_err() && kept.rows.is_empty() && kept.published.is_empty(), "{} read {}", adapter.format(), sample.name);
            }
        }
    }
}

#[test]
fn what_never_ends_is_refused_after_a_bounded_part_of_it() {
    const BOUND: usize = 2 * 1024 * 1024;
    for adapter in REGISTRY {
        for sample in adapter.samples() {
            for eighth in 0..8 {
                let start = &sample.bytes[..sample.bytes.len() * eighth / 8];
                // Each place goes on with two fillers, so that each filler is used twice, or with all.
                for filler in b"A \n\"<,&0".iter().copied().cycle().skip(eighth).take(short_or_whole(2, 8)) {
                    let taken = Cell::new(0);
                    let (kept, end) = read_with(*adapter, &mut Unending { start: Cursor::new(start), filler, taken: &taken }, &Lent);
                    assert!(end.is_err(), "{} at {eighth}/8 before {filler}", sample.name);
                    assert!(taken.get() < BOUND, "{} at {eighth}/8 before {filler}: {} bytes", sample.name, taken.get());
                    assert_holds_together(&kept);
                }
            }
        }
    }
}

#[test]
fn a_value_that_never_ends_is_too_large() {
    for adapter in REGISTRY {
        let refusals =
            adapter.samples().iter().flat_map(|sample| (0..8).map(move |eighth| &sample.bytes[..sample.bytes.len() * eighth / 8]));
        let codes: HashSet<_> = refusals
            .filter_map(|start| {
                read_with(*adapter, &mut Unending { start: Cursor::new(start), filler: b'A', taken: &Cell::new(0) }, &Lent).1.err()
            })
            .map(|unreadable| unreadable.code())
            .collect();
        assert!(codes.contains("too-large"), "{}: {codes:?}", adapter.format());
    }
}

#[test]
fn a_sink_that_stops_ends_the_reading() {
    struct Full;
    impl Sink for Full {
        fn row(&mut self, _: Row) -> Result<(), Stop> {
            Err(Stop)
        }
        fn out_of_scope(&mut self) -> Result<(), Stop> {
            Err(Stop)
        }

        fn file_issue(&mut self, _: Issue) -> Result<(), Stop> {
            Err(Stop)
        }
    }
    for adapter in REGISTRY {
        for sample in adapter.samples().iter().filter(|sample| sample.records > 0) {
            let end = adapters::read(*adapter, &mut Cursor::new(sample.bytes), &InMemory, &context(adapter.dataset()), &mut Full);
            assert!(matches!(end, Err(Unreadable::Stopped)), "{}: {end:?}", sample.name);
        }
    }
}

#[test]
fn a_source_that_fails_is_told_apart_from_a_file_that_is_wrong() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    for adapter in REGISTRY {
        for sample in adapter.samples() {
            let half = Cursor::new(&sample.bytes[..sample.bytes.len() / 2]);
            for end in [read(*adapter, &mut Fails).1, read(*adapter, &mut half.chain(Fails)).1] {
                assert!(matches!(end, Err(Unreadable::Source(_))), "{}: {end:?}", sample.name);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_at_all_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        for adapter in REGISTRY {
            survives(*adapter, &bytes);
        }
    }

    #[test]
    fn samples_cut_and_joined_anyhow_are_read_or_refused(cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6)) {
        for adapter in REGISTRY {
            for sample in adapter.samples() {
                let joined: Vec<_> = cuts.iter().flat_map(|(from, to)| {
                    let (from, to) = (from.index(sample.bytes.len()), to.index(sample.bytes.len()));
                    &sample.bytes[from.min(to)..from.max(to)]
                }).copied().collect();
                survives(*adapter, &joined);
            }
        }
    }
}
