//! One format, as the rest of the house sees it.

use std::io::Read;

use chrono::NaiveDate;
use domain::codelists::CodeList;
use domain::organisations::OrganisationCode;
use domain::recognition::Rules;
use domain::submissions::Dataset;

use super::code_lists;
use super::rows::{Rows, Sink};
use super::samples::{About, BadSample, Field, Sample, Starters};
use super::scratch::Scratch;
use super::unreadable::Unreadable;

/// Everything an adapter may know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The organisation whose records these are.
    pub organisation: OrganisationCode,
    /// The day it is, in Europe/London.
    pub today: NaiveDate,
    /// Which codes make a referral one of a pathway.
    pub rules: &'a Rules,
}

/// What the files of a format hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Records of children.
    Records,
    /// Counts that were published: comparators, which touch no record.
    Published,
}

/// One format.
pub trait Adapter: Sync {
    /// What it says of itself; one by one in the methods that follow.
    fn about(&self) -> &'static About;

    fn format(&self) -> &'static str {
        self.about().format
    }

    fn dataset(&self) -> Dataset {
        self.about().dataset
    }

    fn title(&self) -> &'static str {
        self.about().title
    }

    fn media_types(&self) -> &'static [&'static str] {
        self.about().media_types
    }

    fn fields(&self) -> &'static [Field] {
        self.about().fields
    }

    fn guide(&self) -> &'static str {
        self.about().guide
    }

    /// What its files hold.
    fn content(&self) -> Content {
        Content::Records
    }

    /// The list that a field's codes are of, where there is one. An unknown code of it is warned about.
    fn code_list(&self, field: &str) -> Option<&'static CodeList> {
        code_lists::of_field(field)
    }

    /// Reads the source to its end and drafts its rows as they come. Callers use [`read`].
    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable>;

    /// Files that are read without an error.
    fn samples(&self) -> &'static [Sample];

    /// An empty file and made-up records to start from.
    fn starters(&self) -> Starters;

    /// Every file that shows the format, what a sender starts from first.
    fn files(&self) -> Vec<&'static Sample> {
        let Starters { template, examples } = self.starters();
        template.into_iter().chain(examples).chain(self.samples()).collect()
    }

    /// Files each of which gives its named issue or is refused with its named code.
    fn bad_samples(&self) -> &'static [BadSample];
}

/// Reads a whole body. Rows reach the sink as they are read: those before an [`Unreadable`] were
/// handed over already, and it is the caller's to drop them.
pub fn read(
    adapter: &dyn Adapter,
    source: &mut dyn Read,
    scratch: &dyn Scratch,
    context: &Context<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Unreadable> {
    adapter.parse(source, scratch, context, &mut Rows::new(context.today, sink))
}
