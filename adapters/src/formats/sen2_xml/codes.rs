//! Code lists of the return, as published software that reads it gives them. A code that is not listed is
//! kept, with a warning. Items whose codes are not published (`PlanWBP`, `WBP`, `DP`, `ReviewOutcome`)
//! have no list and are kept without a warning.

pub(super) const SEX: &[&str] = &["M", "F"];

pub(super) const ETHNICITY: &[&str] = &[
    "ABAN", "AIND", "AOTH", "APKN", "BAFR", "BCRB", "BOTH", "BSOM", "CHNE", "MOTH", "MWAS", "MWBA", "MWBC", "NOBT", "OOTH", "REFU", "WBRI",
    "WENG", "WIRI", "WIRT", "WOTH", "WROM",
];

/// Why there is no UPN.
pub(super) const UPN_UNKNOWN: &[&str] = &["UN1", "UN2", "UN3", "UN5", "UN8", "UN9", "UN10"];

/// In order: young person or parent, education setting, health, social care, other.
pub(super) const REQUEST_SOURCE: &[&str] = &["1", "2", "3", "4", "5"];

/// In order: 38 to 51 weeks, 52 weeks.
pub(super) const RESIDENTIAL: &[&str] = &["A", "B"];

pub(super) const CEASE_REASON: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(super) const SETTING: &[&str] = &["EHE", "EYP", "NEET", "NIEC", "NIEO", "OLA", "OPA", "OTH"];

pub(super) const NEED: &[&str] = &["ASD", "DS", "HI", "MLD", "MSI", "OTH", "PD", "PMLD", "SEMH", "SLCN", "SLD", "SPLD", "VI"];
