//! A format, and how a body in it is read.

use std::io::Read;

use chrono::NaiveDate;
use domain::{CodeList, Dataset, OrganisationCode, RecognitionRules};

use super::code_lists;
use super::lines::Lines;
use super::rows::Rows;
use super::samples::{About, BadSample, Field, Sample, Starters};
use super::scratch::Scratch;
use super::sinks::Sink;
use super::unreadable::Unreadable;

/// Everything that the reader of a format may know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The organisation whose records these are.
    pub organisation: OrganisationCode,
    /// The day it is, in Europe/London.
    pub today: NaiveDate,
    /// Which codes make a referral one of a pathway.
    pub rules: &'a RecognitionRules,
}

/// A format whose files hold records of children.
pub trait Adapter: Sync {
    /// What it says of itself.
    fn about(&self) -> &'static About;

    /// An empty file and made-up records to start from.
    fn starters(&self) -> Starters;

    /// Reads the source to its end and drafts its rows as they come. Callers use [`read`].
    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable>;
}

/// A format whose files hold counts that were published. They are comparators, and touch no record.
pub trait Return: Sync {
    /// What it says of itself.
    fn about(&self) -> &'static About;

    /// Reads the source to its end and gives its lines as they come. Callers use [`read`].
    fn parse(&self, source: &mut dyn Read, context: &Context<'_>, lines: &mut Lines<'_>) -> Result<(), Unreadable>;
}

/// A format, by what its files hold.
#[derive(Clone, Copy)]
pub enum Format {
    Records(&'static dyn Adapter),
    Published(&'static dyn Return),
}

impl Format {
    pub fn about(self) -> &'static About {
        match self {
            Self::Records(adapter) => adapter.about(),
            Self::Published(published) => published.about(),
        }
    }

    pub fn format(self) -> &'static str {
        self.about().format
    }

    pub fn dataset(self) -> Dataset {
        self.about().dataset
    }

    pub fn title(self) -> &'static str {
        self.about().title
    }

    pub fn media_types(self) -> &'static [&'static str] {
        self.about().media_types
    }

    pub fn fields(self) -> &'static [Field] {
        self.about().fields
    }

    pub fn guide(self) -> &'static str {
        self.about().guide
    }

    pub fn samples(self) -> &'static [Sample] {
        self.about().samples
    }

    pub fn bad_samples(self) -> &'static [BadSample] {
        self.about().bad_samples
    }

    /// What a sender starts from. Nobody makes up published counts.
    pub fn starters(self) -> Starters {
        match self {
            Self::Records(adapter) => adapter.starters(),
            Self::Published(_) => Starters { template: None, examples: None },
        }
    }

    /// Every file that shows the format, what a sender starts from first.
    pub fn files(self) -> Vec<&'static Sample> {
        let Starters { template, examples } = self.starters();
        template.into_iter().chain(examples).chain(self.samples()).collect()
    }

    /// The list that a field's codes are of, where there is one. An unknown code of it is warned about.
    pub fn code_list(self, field: &str) -> Option<&'static CodeList> {
        code_lists::of_field(field)
    }

    /// The lists of its fields, each once, by name.
    pub fn code_lists(self) -> Vec<&'static CodeList> {
        let mut lists: Vec<_> = self.fields().iter().filter_map(|field| self.code_list(field.name)).collect();
        lists.sort_unstable_by_key(|list| list.name);
        lists.dedup_by_key(|list| list.name);
        lists
    }
}

/// Reads a whole body. Rows reach the sink as they are read: those before an [`Unreadable`] were
/// handed over already, and it is the caller's to drop them.
pub fn read(
    format: Format,
    source: &mut dyn Read,
    scratch: &dyn Scratch,
    context: &Context<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Unreadable> {
    match format {
        Format::Records(adapter) => adapter.parse(source, scratch, context, &mut Rows::new(context.today, sink)),
        Format::Published(published) => published.parse(source, context, &mut Lines::new(context.today, sink)),
    }
}
