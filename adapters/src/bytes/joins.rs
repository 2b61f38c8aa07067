//! Joins tables that are larger than memory. Rows are stored in parts, by a hash of their key, as blocks in
//! one spool. They come back one part at a time, grouped by key. Only the columns that are read are stored.
//!
//! All that is stored is text: lengths and numbers are written in digits of seven bits, which are ASCII. So
//! a part is checked to be UTF-8 once, and its values are slices of it.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use crate::contract::{Scratch, Spool, Unreadable};

const PARTS: usize = 512;
/// The most bytes of a part that are held in memory.
const BLOCK: usize = 8 * 1024;
/// The most bytes of one part. An archive of a gigabyte makes parts of some 8 MiB.
const MOST_OF_A_PART: usize = 32 * 1024 * 1024;
/// Values are cut to this many bytes. Any that is so long is refused later.
const MOST_OF_A_VALUE: usize = 500;

/// Takes the rows to be joined.
pub(crate) struct Sorting<'a> {
    scratch: &'a dyn Scratch,
    spool: Option<Box<dyn Spool>>,
    written: u64,
    parts: Vec<Part>,
    /// The row being stored.
    row: Vec<u8>,
}

#[derive(Default)]
struct Part {
    /// Rows that are not in scratch space yet.
    held: Vec<u8>,
    /// Where the rest is in scratch space.
    blocks: Vec<Range<u64>>,
    rows: usize,
}

/// One row, as it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    hash: u64,
    pub(crate) key: &'a str,
    /// The caller's number for the table that the row is from.
    pub(crate) table: u8,
    /// The caller's marks, below 128.
    pub(crate) marks: u8,
    /// The row's number in its table.
    pub(crate) number: u64,
    values: &'a str,
}

impl<'a> Entry<'a> {
    /// The first `N` values, in order; blank where there are fewer.
    pub(crate) fn values<const N: usize>(&self) -> [&'a str; N] {
        let mut rest = self.values;
        std::array::from_fn(|_| cut(&mut rest).unwrap_or_default())
    }
}

impl<'a> Sorting<'a> {
    pub(crate) fn new(scratch: &'a dyn Scratch) -> Self {
        Self { scratch, spool: None, written: 0, parts: std::iter::repeat_with(Part::default).take(PARTS).collect(), row: Vec::new() }
    }

    /// Stores a row.
    pub(crate) fn put<'v>(
        &mut self,
        key: &str,
        (table, marks, number): (u8, u8, u64),
        values: impl Iterator<Item = &'v str>,
    ) -> Result<(), Unreadable> {
        let key = bounded(key);
        let hash = hash(key);
        self.row.clear();
        self.row.extend([table & 0x7F, marks & 0x7F]);
        digits::<6>(&mut self.row, number);
        text(&mut self.row, key);
        values.for_each(|value| text(&mut self.row, bounded(value)));
        if self.parts[part_of(hash)].held.len() + 3 + self.row.len() > BLOCK {
            self.flush(part_of(hash))?;
        }
        let part = &mut self.parts[part_of(hash)];
        part.rows += 1;
        make_room(&mut part.held, 3 + self.row.len());
        digits::<3>(&mut part.held, self.row.len() as u64);
        part.held.extend_from_slice(&self.row);
        Ok(())
    }

    fn flush(&mut self, part: usize) -> Result<(), Unreadable> {
        let part = &mut self.parts[part];
        if part.held.is_empty() {
            return Ok(());
        }
        let spool = match &mut self.spool {
            Some(spool) => spool,
            none => none.insert(self.scratch.spool().map_err(Unreadable::Source)?),
        };
        spool.write_all(&part.held).map_err(Unreadable::Source)?;
        let end = self.written + part.held.len() as u64;
        part.blocks.push(self.written..end);
        self.written = end;
        part.held.clear();
        Ok(())
    }

    /// Hands on the rows of each key as a group, ordered by table, then by number.
    pub(crate) fn each_group(self, mut take: impl FnMut(&[Entry<'_>]) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        let mut reader = self.spool.map(Spool::into_reader).transpose().map_err(Unreadable::Source)?;
        let mut bytes = Vec::new();
        for part in self.parts {
            bytes.clear();
            let length = part.blocks.iter().map(|block| block.end - block.start).sum::<u64>() + part.held.len() as u64;
            let length = usize::try_from(length).ok().filter(|length| *length <= MOST_OF_A_PART).ok_or(Unreadable::TooLarge { row: 0 })?;
            bytes.reserve_exact(length);
            if let Some(reader) = &mut reader {
                for block in part.blocks {
                    reader.seek(SeekFrom::Start(block.start)).map_err(Unreadable::Source)?;
                    let read = reader.take(block.end - block.start).read_to_end(&mut bytes).map_err(Unreadable::Source)?;
                    if read as u64 != block.end - block.start {
                        return Err(Unreadable::Source(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
            }
            bytes.extend_from_slice(&part.held);
            groups(&bytes, part.rows, &mut take)?;
        }
        Ok(())
    }
}

fn groups(bytes: &[u8], rows: usize, take: &mut impl FnMut(&[Entry<'_>]) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
    let mut rest = std::str::from_utf8(bytes).map_err(|_| Unreadable::Encoding)?;
    let mut entries = Vec::with_capacity(rows);
    while let Some(entry) = entry(&mut rest) {
        entries.push(entry);
    }
    // The key is compared as well: a sender could choose two keys with one hash.
    entries.sort_unstable_by(|a, b| {
        a.hash.cmp(&b.hash).then_with(|| a.key.cmp(b.key)).then_with(|| (a.table, a.number).cmp(&(b.table, b.number)))
    });
    entries.chunk_by(|a, b| a.hash == b.hash && a.key == b.key).try_for_each(take)
}

/// Makes room for more bytes. Doubling would leave half a block unused.
fn make_room(held: &mut Vec<u8>, more: usize) {
    if held.len() + more > held.capacity() {
        let room = if held.capacity() == 0 { BLOCK / 16 } else { BLOCK };
        held.reserve_exact(more.max(room - held.len().min(room)));
    }
}

fn entry<'a>(rest: &mut &'a str) -> Option<Entry<'a>> {
    let (length, body) = number::<3>(rest)?;
    let (body, after) = body.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    let (marks, body) = number::<2>(body)?;
    let (row, mut body) = number::<6>(body)?;
    let key = cut(&mut body)?;
    let [table, marks] = [marks >> 7, marks & 0x7F].map(|byte| u8::try_from(byte).unwrap_or(0));
    Some(Entry { hash: hash(key), key, table, marks, number: row, values: body })
}

/// Takes the next value off the rest of a row.
fn cut<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (length, body) = number::<2>(rest)?;
    let (value, after) = body.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(value)
}

fn number<const N: usize>(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at_checked(N)?;
    Some((digits.bytes().fold(0, |sum, digit| sum << 7 | u64::from(digit)), rest))
}

fn digits<const N: usize>(out: &mut Vec<u8>, number: u64) {
    out.extend((0..N).rev().map(|place| digit(number, place)));
}

fn digit(number: u64, place: usize) -> u8 {
    u8::try_from(number >> (7 * place) & 0x7F).unwrap_or(0)
}

fn text(out: &mut Vec<u8>, value: &str) {
    digits::<2>(out, value.len() as u64);
    out.extend_from_slice(value.as_bytes());
}

fn bounded(value: &str) -> &str {
    &value[..value.floor_char_boundary(MOST_OF_A_VALUE)]
}

fn part_of(hash: u64) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0) % PARTS
}

/// FNV-1a, mixed once more so that the parts are of similar size. It need not be secret, since the size of
/// a part is limited.
fn hash(key: &str) -> u64 {
    let hash = key.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    (hash ^ hash >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::contract::InMemory;

    type Rows = Vec<(String, u8, Vec<String>)>;

    fn joined(rows: &Rows) -> BTreeMap<String, Vec<(u8, u64, Vec<String>)>> {
        let mut sorting = Sorting::new(&InMemory);
        for (number, (key, table, values)) in rows.iter().enumerate() {
            sorting.put(key, (*table, 5, number as u64), values.iter().map(String::as_str)).unwrap();
        }
        let mut found = BTreeMap::new();
        sorting
            .each_group(|group| {
                let rows = group.iter().map(|entry| {
                    assert_eq!(entry.marks, 5);
                    (entry.table, entry.number, entry.values::<3>().map(str::to_owned).to_vec())
                });
                assert!(found.insert(group[0].key.to_owned(), rows.collect()).is_none(), "a key comes once");
                Ok(())
            })
            .unwrap();
        found
    }

    proptest! {
        #[test]
        fn every_row_comes_back_with_its_key(rows in proptest::collection::vec(("[a-c]{0,2}", 0_u8..3, proptest::collection::vec("\\PC{0,9}", 3)), 0..200)) {
            let mut expected: BTreeMap<String, Vec<_>> = BTreeMap::new();
            for (number, (key, table, values)) in rows.iter().enumerate() {
                expected.entry(key.clone()).or_default().push((*table, number as u64, values.clone()));
            }
            expected.values_mut().for_each(|rows| rows.sort());
            prop_assert_eq!(joined(&rows), expected);
        }
    }

    #[test]
    fn rows_that_go_through_scratch_come_back_too() {
        let rows: Rows =
            (0..40_000).map(|at| (format!("K{}", at % 900), 1, vec!["x".repeat(600), String::new(), at.to_string()])).collect();
        let found = joined(&rows);
        assert_eq!(found.len(), 900);
        assert!(found.values().all(|group| group.windows(2).all(|pair| pair[0].1 < pair[1].1)));
        assert!(found.values().flatten().all(|(_, number, values)| values[2] == number.to_string() && values[0].len() == MOST_OF_A_VALUE));
    }

    #[test]
    fn one_key_for_everything_is_refused_before_it_fills_memory() {
        let mut sorting = Sorting::new(&InMemory);
        let value = "x".repeat(MOST_OF_A_VALUE);
        for number in 0..80_000 {
            sorting.put("same", (0, 0, number), std::iter::once(value.as_str())).unwrap();
        }
        let end = sorting.each_group(|_| panic!("handed on"));
        assert!(matches!(end, Err(Unreadable::TooLarge { .. })), "{end:?}");
    }

    #[test]
    fn scratch_that_fails_is_no_fault_of_the_file() {
        struct Full;
        impl Scratch for Full {
            fn spool(&self) -> io::Result<Box<dyn Spool>> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        let mut sorting = Sorting::new(&Full);
        let value = "x".repeat(400);
        let end = (0..100).try_for_each(|number| sorting.put("k", (0, 0, number), std::iter::once(value.as_str())));
        assert!(matches!(end, Err(Unreadable::Source(_))));
    }
}
