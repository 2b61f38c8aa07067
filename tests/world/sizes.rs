//! How much is tried by the suites that try thousands.

/// The short size, or the whole one where `SENDBRIDGE_TESTS=whole` asks for everything.
pub fn short_or_whole<T>(short: T, whole: T) -> T {
    if std::env::var_os("SENDBRIDGE_TESTS").is_some_and(|tests| tests == "whole") { whole } else { short }
}
