//! What a format is, and how a body in it is read.

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

/// Everything that a format's reader may know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The organisation whose records these are.
    pub organisation: OrganisationCode,
    /// Today's date in Europe/London.
    pub today: NaiveDate,
    /// Which codes put a referral on a pathway.
    pub rules: &'a RecognitionRules,
}

/// A format whose files hold records of children.
pub trait Adapter: Sync {
    /// The description of the format.
    fn about(&self) -> &'static About;

    /// An empty file and made-up records to start from.
    fn starters(&self) -> Starters;

    /// Reads the source to its end and drafts its rows as they come. Callers use [`read`].
    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable>;
}

/// A format whose files hold published counts. They are comparators and change no record.
pub trait Return: Sync {
    /// The description of the format.
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

    /// What a sender starts from. Published counts are never made up.
    pub fn starters(self) -> Starters {
        match self {
            Self::Records(adapter) => adapter.starters(),
            Self::Published(_) => Starters { template: None, examples: None },
        }
    }

    /// Every file that shows the format; those a sender starts from come first.
    pub fn files(self) -> Vec<&'static Sample> {
        let Starters { template, examples } = self.starters();
        template.into_iter().chain(examples).chain(self.samples()).collect()
    }

    /// The code list of a field, where there is one. An unknown code gives a warning.
    pub fn code_list(self, field: &str) -> Option<&'static CodeList> {
        code_lists::of_field(field)
    }

    /// The code lists of all fields, each once, sorted by name.
    pub fn code_lists(self) -> Vec<&'static CodeList> {
        let mut lists: Vec<_> = self.fields().iter().filter_map(|field| self.code_list(field.name)).collect();
        lists.sort_unstable_by_key(|list| list.name);
        lists.dedup_by_key(|list| list.name);
        lists
    }
}

/// Reads a whole body. Rows reach the sink as they are read, so the sink already has those that came
/// before an [`Unreadable`]: the caller has to drop them.
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
