//! The combinations that a short run sends.

use std::collections::BTreeSet;

use super::combinations::Combination;
use super::expectations::Expected;
use super::holdings::Held;

/// Some of the combinations, always the same: for every operation, each kind of answer to each partner, each value of
/// each slot and each format; and everything that is answered in the usual format, so that everybody sees what they
/// may see.
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

/// What a sample must have: for each operation, each partner, each value of each slot, and each format.
pub(super) fn kinds<'a>(combinations: impl IntoIterator<Item = &'a Combination>) -> BTreeSet<(String, String)> {
    let values = |combination: &Combination| {
        let about = [format!("by {}", combination.partner), format!("in {:?}", combination.accept)];
        let fills = combination.fills.iter().map(ToString::to_string);
        let values: Vec<_> = about.into_iter().chain(fills).map(|value| (combination.documented.operation.id.clone(), value)).collect();
        values
    };
    combinations.into_iter().flat_map(values).collect()
}
