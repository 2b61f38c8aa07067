//! One published figure, and the rule that makes it from a count of children.

use std::collections::HashSet;

use domain::ChildId;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::record_keys::RecordKey;

/// A count of fewer children than this, zero included, is confidential.
const THRESHOLD: usize = 5;
/// Published counts are multiples of this.
const BASE: u64 = 5;

/// Published in place of a value: the Department for Education's symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// `c`: zero to four, or withheld to protect another figure. The two look alike.
    Confidential,
    /// `z`: the figure makes no sense here.
    NotApplicable,
    /// `x`: not submitted, or not of sufficient quality. Neither zero nor confidential.
    Unavailable,
}

impl Marker {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confidential => "c",
            Self::NotApplicable => "z",
            Self::Unavailable => "x",
        }
    }
}

impl Serialize for Marker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a figure counts. Counts are multiples of 5; percent, weeks and days are calculated from
/// published counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Children,
    Referrals,
    Cases,
    Requests,
    Plans,
    Places,
    Percent,
    Weeks,
    Days,
}

impl Unit {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Children => "children",
            Self::Referrals => "referrals",
            Self::Cases => "cases",
            Self::Requests => "requests",
            Self::Plans => "plans",
            Self::Places => "places",
            Self::Percent => "percent",
            Self::Weeks => "weeks",
            Self::Days => "days",
        }
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Rounded(u64),
    /// Tenths of one per cent.
    Derived(u16),
    Marked(Marker),
}

/// A figure as it is published: a value or a marker, and the unit. Made from a [`Tally`], from other
/// cells, or as a marker; never from a bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    content: Content,
    unit: Unit,
}

impl Cell {
    pub(crate) const fn marked(marker: Marker, unit: Unit) -> Self {
        Self { content: Content::Marked(marker), unit }
    }

    /// `part` as a percentage of `whole`, to one decimal; confidential if either is confidential. Each
    /// was rounded separately, so the published part can be more than the whole: the answer is then 100.
    pub(crate) fn percent(part: Self, whole: Self) -> Self {
        let content = match (part.content, whole.content) {
            (Content::Rounded(part), Content::Rounded(whole)) if whole > 0 => {
                let tenths = (u128::from(part) * 2000 + u128::from(whole)) / (2 * u128::from(whole));
                Content::Derived(u16::try_from(tenths.min(1000)).unwrap_or(1000))
            }
            (Content::Marked(Marker::Confidential), _) | (_, Content::Marked(Marker::Confidential)) => {
                Content::Marked(Marker::Confidential)
            }
            _ => Content::Marked(Marker::Unavailable),
        };
        Self { content, unit: Unit::Percent }
    }

    /// The marker, where there is no value.
    pub fn marker(&self) -> Option<Marker> {
        match self.content {
            Content::Marked(marker) => Some(marker),
            Content::Rounded(_) | Content::Derived(_) => None,
        }
    }

    pub fn unit(&self) -> Unit {
        self.unit
    }

    pub(crate) fn text(&self) -> String {
        match self.content {
            Content::Rounded(value) => value.to_string(),
            Content::Derived(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
            Content::Marked(marker) => marker.as_str().to_owned(),
        }
    }

    /// How the figure was made, in one word.
    pub(crate) fn quality(&self) -> &'static str {
        match self.content {
            Content::Rounded(_) => "rounded",
            Content::Derived(_) => "derived",
            Content::Marked(Marker::Confidential) => "confidential",
            Content::Marked(Marker::NotApplicable) => "not-applicable",
            Content::Marked(Marker::Unavailable) => "unavailable",
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let marker = self.marker();
        let mut cell = serializer.serialize_struct("Cell", if marker.is_some() { 3 } else { 2 })?;
        match self.content {
            Content::Rounded(value) => cell.serialize_field("value", &value)?,
            Content::Derived(tenths) => cell.serialize_field("value", &(f64::from(tenths) / 10.0))?,
            Content::Marked(_) => cell.serialize_field("value", &None::<u64>)?,
        }
        match marker {
            Some(marker) => cell.serialize_field("marker", &marker)?,
            None => cell.skip_field("marker")?,
        }
        cell.serialize_field("unit", &self.unit)?;
        cell.end()
    }
}

/// The children of one cell: how many, and the sum of their keys modulo 256.
#[derive(Debug, Default)]
pub struct Tally {
    children: HashSet<ChildId>,
    count: u64,
    key: u8,
}

impl Tally {
    /// Counts a child once, however often the child is added.
    pub fn add(&mut self, child: ChildId, key: RecordKey) {
        if self.insert(child, key) {
            self.count += 1;
        }
    }

    /// Counts one thing that belongs to a child, such as a plan. A child may have several, but the
    /// threshold and the key use each child once.
    pub fn add_each(&mut self, child: ChildId, key: RecordKey) {
        self.insert(child, key);
        self.count += 1;
    }

    fn insert(&mut self, child: ChildId, key: RecordKey) -> bool {
        let new = self.children.insert(child);
        if new {
            self.key = self.key.wrapping_add(key.0);
        }
        new
    }

    /// The published figure: `c` for fewer than 5 children, else the count rounded to a multiple of 5:
    /// up if the cell's key is below 256 · (n mod 5) / 5, else down. Bias is at most 0.02, error at most 4.
    pub fn cell(&self, unit: Unit) -> Cell {
        if self.children.len() < THRESHOLD {
            return Cell::marked(Marker::Confidential, unit);
        }
        let rest = self.count % BASE;
        let floor = self.count - rest;
        let up = u64::from(self.key) * BASE < 256 * rest;
        Cell { content: Content::Rounded(if up { floor + BASE } else { floor }), unit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A tally of `n` children whose keys sum to `key`.
    fn tally(n: u64, key: u8) -> Tally {
        let mut tally = Tally::default();
        for child in 0..n {
            tally.add(ChildId(i64::try_from(child).unwrap()), RecordKey(if child == 0 { key } else { 0 }));
        }
        tally
    }

    fn value(cell: Cell) -> Option<u64> {
        match cell.content {
            Content::Rounded(value) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn over_all_keys_the_rounding_is_unbiased_to_within_two_hundredths() {
        for n in 5_u32..30 {
            let sum: u64 = (0..=255).map(|key| value(tally(u64::from(n), key).cell(Unit::Children)).unwrap()).sum();
            let mean = f64::from(u32::try_from(sum).unwrap()) / 256.0;
            assert!((mean - f64::from(n)).abs() <= 0.02, "{n}: {mean}");
        }
    }

    #[test]
    fn fewer_than_five_is_confidential_and_none_looks_like_four() {
        let json = |n, key| serde_json::to_string(&tally(n, key).cell(Unit::Children)).unwrap();
        for key in [0, 77, 255] {
            for n in 0..5 {
                assert_eq!(json(n, key), r#"{"value":null,"marker":"c","unit":"children"}"#);
            }
            assert_eq!(json(5, key), r#"{"value":5,"unit":"children"}"#);
        }
    }

    #[test]
    fn five_plans_of_four_children_are_confidential() {
        let mut tally = tally(4, 0);
        tally.add_each(ChildId(0), RecordKey(9));
        assert_eq!(tally.cell(Unit::Plans).marker(), Some(Marker::Confidential));
        tally.add_each(ChildId(9), RecordKey(0));
        assert_eq!(tally.count, 6);
        assert_eq!(tally.key, 0, "a child's key counts once");
    }

    #[test]
    fn a_part_published_above_its_whole_is_100_percent() {
        let (part, whole) = (tally(8, 0).cell(Unit::Plans), tally(9, 255).cell(Unit::Plans));
        assert_eq!((value(part), value(whole)), (Some(10), Some(5)));
        assert_eq!(serde_json::to_string(&Cell::percent(part, whole)).unwrap(), r#"{"value":100.0,"unit":"percent"}"#);
    }

    #[test]
    fn percentages_have_one_decimal() {
        let cell = Cell::percent(tally(10, 0).cell(Unit::Plans), tally(15, 0).cell(Unit::Plans));
        assert_eq!((cell.text().as_str(), cell.quality()), ("66.7", "derived"));
        assert_eq!(serde_json::to_string(&cell).unwrap(), r#"{"value":66.7,"unit":"percent"}"#);
    }

    proptest! {
        #[test]
        fn published_counts_are_multiples_of_five_and_at_most_four_away(n in 5_u64..3000, key: u8) {
            let value = value(tally(n, key).cell(Unit::Children)).unwrap();
            prop_assert_eq!(value % 5, 0);
            prop_assert!(value.abs_diff(n) <= 4);
        }

        #[test]
        fn the_same_children_give_the_same_figure_in_any_order_and_however_often(
            (children, again) in proptest::collection::hash_map(0_i64..500, any::<u8>(), 0..60)
                .prop_flat_map(|children| {
                    let children: Vec<_> = children.into_iter().collect();
                    let twice: Vec<_> = children.iter().chain(&children).copied().collect();
                    (Just(children), Just(twice).prop_shuffle())
                }),
        ) {
            let cell = |list: &[(i64, u8)]| {
                let mut tally = Tally::default();
                for (child, key) in list {
                    tally.add(ChildId(*child), RecordKey(*key));
                }
                tally.cell(Unit::Children)
            };
            prop_assert_eq!(cell(&children), cell(&again));
        }

        #[test]
        fn a_percentage_is_confidential_where_either_figure_is(part in 0_u64..40, whole in 0_u64..40, key: u8) {
            let cell = Cell::percent(tally(part, key).cell(Unit::Plans), tally(whole, key).cell(Unit::Plans));
            prop_assert_eq!(cell.marker(), (part < 5 || whole < 5).then_some(Marker::Confidential));
        }
    }
}
