//! The combinations that a short run sends.

use std::collections::BTreeSet;

use super::combinations::Combination;
use super::expectations::Expected;
use super::holdings::Held;

/// Some of the combinations, the same each time: every operation by every partner as it is answered and as it is
/// refused, everything that fits a slot in each of its slots, every format, and all that is answered in the
/// usual format, so that everybody sees what is theirs to see.
pub(super) fn sample(all: Vec<Combination>, held: &Held) -> Vec<Combination> {
    let mut met = BTreeSet::new();
    let mut is_wanted = |combination: &Combination| {
        let (operation, partner) = (&combination.documented.operation.id, &combination.partner);
        let expected = combination.expected(held);
        let mut values = vec![format!("{partner} is told {expected:?}"), format!("in {:?}", combination.accept)];
        values.extend(combination.fills.iter().map(ToString::to_string));
        let is_new = values.into_iter().filter(|value| met.insert((operation.clone(), value.clone()))).count() > 0;
        is_new || (expected == Expected::Answered && combination.accept.is_none())
    };
    all.into_iter().filter(|combination| is_wanted(combination)).collect()
}

/// What a sample has to hold of all: each partner with each operation, each thing in each slot, each format.
pub(super) fn kinds<'a>(combinations: impl IntoIterator<Item = &'a Combination>) -> BTreeSet<(String, String)> {
    let values = |combination: &Combination| {
        let about = [format!("by {}", combination.partner), format!("in {:?}", combination.accept)];
        let fills = combination.fills.iter().map(ToString::to_string);
        let values: Vec<_> = about.into_iter().chain(fills).map(|value| (combination.documented.operation.id.clone(), value)).collect();
        values
    };
    combinations.into_iter().flat_map(values).collect()
}
