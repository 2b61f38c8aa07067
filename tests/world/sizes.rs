//! How many cases the large suites try.

/// The short size, or the whole one if `SENDBRIDGE_TESTS=whole`.
pub fn short_or_whole<T>(short: T, whole: T) -> T {
    if std::env::var_os("SENDBRIDGE_TESTS").is_some_and(|tests| tests == "whole") { whole } else { short }
}
