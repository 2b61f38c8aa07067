//! Reads the resources of a body as they come, and joins them into referrals when all are read: a referral,
//! its child and its contacts may be in any order. Up to [`HELD`] bytes of what is kept stay in memory. Beyond
//! that they go to scratch space, split by child, and are joined one split at a time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};

use domain::IssueCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::joining;
use super::map::{Mapping, UnknownExtension};
use super::parts::{Part, PatientPart};
use super::wire::{EntryWire, HeadWire, PatientWire, ServiceRequestWire};
use crate::contract::{Context, Draft, Fault, Rows, Scratch, Spool, Unreadable};

/// The bytes that are held in memory before scratch space is used.
const HELD: usize = 8 * 1024 * 1024;
/// The number of splits in scratch space, and the most bytes of one.
const SPLITS: u64 = 64;
const SPLIT_BYTES: u64 = 32 * 1024 * 1024;

/// The types of bundle that state records.
const KINDS: [&str; 5] = ["collection", "transaction", "batch", "message", "searchset"];

/// Resources that come with referrals and are no records themselves.
const BESIDE: [&str; 9] = [
    "HealthcareService",
    "Location",
    "MessageHeader",
    "OperationOutcome",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Provenance",
    "RelatedPerson",
];

pub(crate) struct Reading<'c, 's, 'k> {
    mapping: Mapping<'c>,
    context: &'c Context<'c>,
    scratch: &'c dyn Scratch,
    rows: &'s mut Rows<'k>,
    /// How many resources were read.
    read: u64,
    held: Vec<Part>,
    weight: usize,
    spools: Vec<Box<dyn Spool>>,
    unknown_extension: bool,
    not_a_bundle: Option<&'static str>,
}

impl<'c, 's, 'k> Reading<'c, 's, 'k> {
    pub(crate) fn new(context: &'c Context<'c>, scratch: &'c dyn Scratch, rows: &'s mut Rows<'k>, one_source: bool) -> Self {
        let mapping = Mapping { rules: context.rules, today: context.today, one_source };
        Self {
            mapping,
            context,
            scratch,
            rows,
            read: 0,
            held: Vec::new(),
            weight: 0,
            spools: Vec::new(),
            unknown_extension: false,
            not_a_bundle: None,
        }
    }

    pub(crate) fn next_row(&self) -> u64 {
        self.read + 1
    }

    /// Notes what the body says that it is, once that is known.
    pub(crate) fn be_bundle(&mut self, resource_type: Option<&str>, kind: Option<&str>) {
        self.not_a_bundle = match (resource_type, kind) {
            (Some("Bundle"), Some(kind)) if KINDS.contains(&kind) => None,
            (Some("Bundle"), _) => Some("a Bundle of a type that states no records"),
            _ => Some("JSON that is no FHIR resource"),
        };
    }

    pub(crate) fn check_bundle(&self) -> Result<(), Unreadable> {
        self.not_a_bundle.map_or(Ok(()), |looks| Err(Unreadable::NotThisFormat(looks)))
    }

    pub(crate) fn entry(&mut self, entry: EntryWire) -> Result<(), Unreadable> {
        self.read += 1;
        let asks = entry.request.as_ref();
        let conditional = asks.is_some_and(|it| {
            it.if_match.is_some() || it.if_none_match.is_some() || it.if_modified_since.is_some() || it.if_none_exist.is_some()
                // Updates whatever a search finds.
                || it.url.as_deref().is_some_and(|url| url.contains('?'))
        });
        let method = asks.and_then(|it| it.method.as_deref());
        if conditional || !matches!(method, None | Some("POST" | "PUT")) {
            return self.reject(("request", IssueCode::EntryRequest));
        }
        match entry.resource {
            Some(resource) => match typed(resource.get()) {
                Ok(head) => self.take(&head, resource.get(), entry.full_url.as_deref()),
                Err(NotFhir) => self.reject(("resource", IssueCode::ResourceShape)),
            },
            None => self.reject(("resource", IssueCode::ResourceShape)),
        }
    }

    /// Takes a resource that is not in a bundle.
    pub(crate) fn resource(&mut self, head: &HeadWire<'_>, resource: &str) -> Result<(), Unreadable> {
        self.read += 1;
        self.take(head, resource, None)
    }

    /// Counts the next resource, and rejects it.
    pub(crate) fn refuse(&mut self, fault: Fault) -> Result<(), Unreadable> {
        self.read += 1;
        self.reject(fault)
    }

    /// Rejects the resource just read.
    fn reject(&mut self, fault: Fault) -> Result<(), Unreadable> {
        self.rows.draft(Draft::refused(self.read, None, fault))
    }

    fn take(&mut self, head: &HeadWire<'_>, resource: &str, full_url: Option<&str>) -> Result<(), Unreadable> {
        let mapped = self.map(head, resource, full_url);
        match mapped {
            Ok(Mapped::Part(part)) => self.keep(part),
            Ok(Mapped::Nothing) => Ok(()),
            Ok(Mapped::OutOfScope) => self.rows.out_of_scope(),
            Err(NotFhir) => self.reject(("resource", IssueCode::ResourceShape)),
        }
    }

    fn map(&mut self, head: &HeadWire<'_>, resource: &str, full_url: Option<&str>) -> Result<Mapped, NotFhir> {
        let (mapping, modified) = (self.mapping, head.is_modified());
        let part = match head.resource_type.as_deref().ok_or(NotFhir)? {
            "Patient" => {
                let (patient, unknown) = mapping.patient(&typed(resource)?, full_url, modified);
                self.note(unknown.as_ref());
                Some(Part::Patient(patient))
            }
            "ServiceRequest" => {
                let request: ServiceRequestWire<'_> = typed(resource)?;
                let patient = |id: &str| contained_patient(mapping, &request.contained, id);
                let (referral, unknown) = mapping.referral(self.read, &request, full_url, modified, patient);
                self.note(unknown.as_ref());
                match referral {
                    Some(referral) => Some(Part::Referral(Box::new(referral))),
                    None => return Ok(Mapped::OutOfScope),
                }
            }
            "Encounter" if !modified => mapping.encounter(&typed(resource)?).map(Part::Contact),
            "Appointment" if !modified => mapping.appointment(&typed(resource)?).map(Part::Contact),
            kind if BESIDE.contains(&kind) => None,
            _ => return Ok(Mapped::OutOfScope),
        };
        Ok(part.map_or(Mapped::Nothing, Mapped::Part))
    }

    fn note(&mut self, unknown: Option<&UnknownExtension>) {
        self.unknown_extension |= unknown.is_some();
    }

    fn keep(&mut self, part: Part) -> Result<(), Unreadable> {
        self.weight += part.weight();
        self.held.push(part);
        if self.weight < HELD {
            return Ok(());
        }
        self.weight = 0;
        while (self.spools.len() as u64) < SPLITS {
            self.spools.push(self.scratch.spool().map_err(Unreadable::Source)?);
        }
        let mut line = Vec::new();
        for part in self.held.drain(..) {
            line.clear();
            serde_json::to_writer(&mut line, &part).map_err(|error| Unreadable::Source(error.into()))?;
            line.push(b'\n');
            for split in splits_of(&part) {
                self.spools[split].write_all(&line).map_err(Unreadable::Source)?;
            }
        }
        Ok(())
    }

    /// Joins what was read and hands the referrals on: in the order of the body, unless scratch space was used.
    pub(crate) fn finish(mut self) -> Result<(), Unreadable> {
        if self.unknown_extension {
            self.rows.file_issue("extension", IssueCode::ColumnUnknown)?;
        }
        if self.spools.is_empty() {
            return joining::join(&self.held, self.context, self.rows);
        }
        let mut rest: HashMap<usize, Vec<Part>> = HashMap::new();
        for part in self.held.drain(..) {
            for split in splits_of(&part) {
                rest.entry(split).or_default().push(part.clone());
            }
        }
        for (split, spool) in self.spools.into_iter().enumerate() {
            let mut parts = Vec::new();
            let mut reader = BufReader::new(spool.into_reader().map_err(Unreadable::Source)?.take(SPLIT_BYTES + 1));
            let (mut line, mut taken) = (Vec::new(), 0);
            loop {
                line.clear();
                taken += reader.read_until(b'\n', &mut line).map_err(Unreadable::Source)? as u64;
                if taken > SPLIT_BYTES {
                    return Err(Unreadable::TooLarge { row: self.read });
                }
                if line.is_empty() {
                    break;
                }
                parts.push(serde_json::from_slice(&line).map_err(|error| Unreadable::Source(error.into()))?);
            }
            parts.extend(rest.remove(&split).unwrap_or_default());
            joining::join(&parts, self.context, self.rows)?;
        }
        Ok(())
    }
}

enum Mapped {
    Part(Part),
    /// A resource of which nothing is needed.
    Nothing,
    OutOfScope,
}

struct NotFhir;

fn typed<'a, T: Deserialize<'a>>(resource: &'a str) -> Result<T, NotFhir> {
    serde_json::from_str(resource).map_err(|_| NotFhir)
}

fn contained_patient(mapping: Mapping<'_>, contained: &[&RawValue], id: &str) -> Option<PatientPart> {
    contained.iter().map(|resource| resource.get()).find_map(|resource| {
        let head: HeadWire<'_> = typed(resource).ok()?;
        let patient: PatientWire<'_> = (head.resource_type.as_deref()? == "Patient").then(|| typed(resource))?.ok()?;
        (patient.id.as_deref() == Some(id)).then(|| mapping.patient(&patient, None, head.is_modified()).0)
    })
}

/// The splits that a part goes to: those of the keys that it is filed under, each once.
fn splits_of(part: &Part) -> Vec<usize> {
    let split = |key: &String| {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        usize::try_from(hasher.finish() % SPLITS).unwrap_or(0)
    };
    let mut splits: Vec<_> = part.filed_under().iter().map(split).collect();
    if splits.is_empty() && matches!(part, Part::Referral(_)) {
        splits.push(0);
    }
    splits.sort_unstable();
    splits.dedup();
    splits
}
