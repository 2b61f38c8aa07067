//! HL7 v2 messages: referrals and merges, one, several, or a batch file. `README.md` says what is
//! read, and describes the quirks.

mod codes;
mod dates;
mod map;
#[cfg(test)]
mod tests;
mod texts;
mod wire;
mod write;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read};

use domain::{Dataset, IssueCode};

use crate::contract::{
    About, Adapter, Context, Draft, Field, Rows, Scratch, Spool, SpoolReader, Starters, Unreadable, bad_samples, samples, starter,
};
use codes::Kind;
use texts::Message;
use wire::{Damage, FileWire, MessageBytes};
pub use write::write_hl7v2;

/// The most messages in one body. Sixteen bytes of each stay in memory until the end.
const MOST_MESSAGES: u64 = 1_000_000;

pub(crate) struct Hl7V2;

impl Adapter for Hl7V2 {
    fn about(&self) -> &'static About {
        &About {
            format: "hl7v2",
            dataset: Dataset::WaitingList,
            title: "HL7 v2 referrals (REF^I12, I13, I14) and merges (ADT^A40)",
            media_types: &["application/hl7-v2", "x-application/hl7-v2+er7", "text/plain"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-segment.hl7" = 2, "batch.hl7" = 2, "quirks.hl7" = 3, "merge.hl7" = 1],
            bad_samples: bad_samples![
                "empty.hl7" = "empty",
                "text.hl7" = "not-this-format",
                "count.hl7" = "count-mismatch",
                "no-trailer.hl7" = "truncated",
                "two-files.hl7" = "malformed",
                "line-feeds.hl7" = "segment-separator",
                "windows-1252.hl7" = "encoding-converted",
                "not-utf-8.hl7" = "row-encoding",
                "broken-line.hl7" = "segment-shape",
                "delimiters.hl7" = "segment-shape",
                "cut-short.hl7" = "message-cut-short",
                "other-event.hl7" = "message-type-unknown",
                "version-3.hl7" = "message-version",
                "training.hl7" = "message-for-test",
                "no-patient.hl7" = "segment-missing",
                "two-merges.hl7" = "segment-too-often",
                "merge-of-nobody.hl7" = "merge-without-retired",
                "elsewhere.hl7" = "referred-to-another-provider",
                "check-digit.hl7" = "nhs-number-check-digit",
                "nobody.hl7" = "child-not-identified",
                "half-a-date.hl7" = "date-format",
                "local-column.hl7" = "column-unknown",
                "superseded.hl7" = "message-superseded",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let mut file = FileWire::open(looks, source)?;
        let mut aside = Aside::new(scratch)?;
        while let Some(message) = file.next()? {
            aside.put(&message, rows)?;
        }
        for (is_so, field, code) in [
            (file.has_line_feeds(), "MSH", IssueCode::SegmentSeparator),
            (aside.guessed, "MSH-18", IssueCode::EncodingConverted),
            (aside.superseded, "RF1-6", IssueCode::MessageSuperseded),
        ] {
            if is_so {
                rows.file_issue(field, code)?;
            }
        }
        aside.take_out(context, rows)
    }

    fn starters(&self) -> Starters {
        Starters { template: None, examples: starter!("hl7v2-examples.hl7" = 10) }
    }
}

const FIELDS: &[Field] = &[
    Field { name: "FHS", required: false, meaning: "a file of batches begins; FTS-1 counts its batches" },
    Field { name: "BHS", required: false, meaning: "a batch begins; BTS-1 counts its messages" },
    Field {
        name: "MSH",
        required: true,
        meaning: "the delimiters; MSH-9 REF^I12, I13, I14 or ADT^A40; MSH-11 P; MSH-12 2.3 to 2.8; MSH-18 UNICODE UTF-8 or 8859/1",
    },
    Field {
        name: "RF1",
        required: true,
        meaning: "the referral: RF1-1 status (P, A, R, E), RF1-2 priority, RF1-6 its id, RF1-7 received, RF1-8 expired, RF1-9 processed, \
                  RF1-10 the reason's codes, RF1-11 the earlier referral and its provider, or a UBRN",
    },
    Field { name: "PRD", required: false, meaning: "a provider: PRD-1 RP or RT, PRD-7 its ODS code with type ODS" },
    Field {
        name: "PID",
        required: true,
        meaning: "the child: PID-3 NHS number (type NH or authority NHS) or the provider's own id (MR, PI), PID-7 born, PID-8 sex, \
                  PID-22 ethnic category, PID-29 died, PID-32 trace status",
    },
    Field { name: "PD1", required: false, meaning: "PD1-3 the ODS code of the practice" },
    Field { name: "DG1", required: false, meaning: "DG1-3 what is suspected; a final diagnosis (DG1-6 F) is left out" },
    Field { name: "OBR", required: false, meaning: "OBR-4 what is asked for" },
    Field { name: "MRG", required: false, meaning: "MRG-1 the identifiers that an A40 retires; in an A40 required" },
    Field { name: "ZSB", required: false, meaning: "a value that HL7 has no field for, by the native column's name: ZSB|stage|assessment" },
];

/// Messages that wait until the last about each referral is known: a stream of events sends its states in turn.
struct Aside {
    spool: Box<dyn Spool>,
    /// The last row about each referral, by a hash of the referral's id.
    last: HashMap<u64, u64>,
    guessed: bool,
    superseded: bool,
}

/// Bytes before each message's text in the spool: its row, its damage and its length.
const HEAD: usize = 13;

impl Aside {
    fn new(scratch: &dyn Scratch) -> Result<Self, Unreadable> {
        let spool = scratch.spool().map_err(Unreadable::Source)?;
        Ok(Self { spool, last: HashMap::new(), guessed: false, superseded: false })
    }

    fn put(&mut self, message: &MessageBytes, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (row, mut damage) = (message.row, message.damage);
        if row > MOST_MESSAGES {
            return Err(Unreadable::TooMany { row });
        }
        let decoded = texts::decode(&message.bytes);
        if decoded.is_none() {
            damage = Some(Damage::Encoding);
        }
        self.guessed |= decoded.as_ref().is_some_and(|decoded| decoded.guessed);
        let text = decoded.as_ref().map_or("", |decoded| &decoded.text);
        match Message::new(text) {
            None => damage = damage.or(Some(Damage::Shape)),
            Some(message) => match map::kind(&message) {
                Ok(Kind::OutOfScope) => return rows.out_of_scope(),
                Ok(Kind::Referral { .. }) => {
                    let last = map::referral_id(&message).and_then(|id| self.last.insert(hash(&id), row));
                    self.superseded |= last.is_some();
                }
                _ => {}
            },
        }
        self.write(row, damage, text).map_err(Unreadable::Source)
    }

    fn write(&mut self, row: u64, damage: Option<Damage>, text: &str) -> io::Result<()> {
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        self.spool.write_all(&row.to_le_bytes())?;
        self.spool.write_all(&[damage.map_or(0, |damage| damage as u8 + 1)])?;
        self.spool.write_all(&length.to_le_bytes())?;
        self.spool.write_all(text.as_bytes())
    }

    fn take_out(self, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let mut spool = BufReader::new(self.spool.into_reader().map_err(Unreadable::Source)?);
        let mut text = String::new();
        while let Some((row, damage)) = next(&mut spool, &mut text).map_err(Unreadable::Source)? {
            let Some(message) = Message::new(&text) else {
                rows.draft(Draft::refused(row, None, damage.unwrap_or(Damage::Shape).fault()))?;
                continue;
            };
            let id = map::referral_id(&message);
            let is_superseded = || id.as_ref().is_some_and(|id| self.last.get(&hash(id)).is_some_and(|last| *last != row));
            match (map::kind(&message), damage) {
                (Ok(Kind::Referral { .. }), _) if is_superseded() => {}
                (_, Some(damage)) => rows.draft(Draft::refused(row, id.map(String::from), damage.fault()))?,
                (Err(fault), None) => rows.draft(Draft::refused(row, None, fault))?,
                (Ok(Kind::Merge), None) => rows.draft(map::merge(row, &message, context))?,
                (Ok(Kind::Referral { cancelled }), None) => match map::referral(row, &message, cancelled, context) {
                    Some(draft) => rows.draft(draft)?,
                    None => rows.out_of_scope()?,
                },
                (Ok(Kind::OutOfScope), None) => rows.out_of_scope()?,
            }
        }
        Ok(())
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// Reads the next message: its `text`, row and damage; `None` at the end.
fn next(spool: &mut BufReader<Box<dyn SpoolReader>>, text: &mut String) -> io::Result<Option<(u64, Option<Damage>)>> {
    if spool.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    spool.read_exact(&mut head)?;
    let (row, rest) = head.split_at(8);
    let row = u64::from_le_bytes(row.try_into().map_err(io::Error::other)?);
    let length = u32::from_le_bytes(rest[1..].try_into().map_err(io::Error::other)?);
    text.clear();
    spool.take(u64::from(length)).read_to_string(text)?;
    Ok(Some((row, Damage::ALL.get(usize::from(rest[0]).wrapping_sub(1)).copied())))
}
