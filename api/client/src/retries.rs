//! When a call is tried again, and how long to wait before.

use std::time::Duration;

/// How often a call is tried. Waits between tries double from `first`, up to `longest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The number of tries, including the first.
    pub tries: u32,
    pub first: Duration,
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { tries: 6, first: Duration::from_millis(250), longest: Duration::from_secs(60) }
    }
}

impl Retries {
    /// How long to wait after the given number of tries; `None` to give up, which a `Retry-After` over
    /// `longest` also means. The wait is at least `Retry-After`; `spread` (any number) moves it within its
    /// upper half, so that clients which failed together do not come back together.
    pub(crate) fn wait(&self, tried: u32, retry_after: Option<Duration>, spread: u8) -> Option<Duration> {
        if tried >= self.tries {
            return None;
        }
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(tried.saturating_sub(1))).min(self.longest);
        let spread = doubled / 2 + doubled / 2 * u32::from(spread) / 255;
        match retry_after {
            Some(asked) if asked > self.longest => None,
            Some(asked) => Some(asked.max(spread)),
            None => Some(spread),
        }
    }
}

/// `Retry-After` in seconds, the only form that the gateway sends.
pub(crate) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_then_end() {
        let retries = Retries { tries: 5, first: Duration::from_secs(1), longest: Duration::from_secs(3) };
        let waits: Vec<_> = (1..=5).map(|tried| retries.wait(tried, None, 255).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(1), Some(2), Some(3), Some(3), None]);
    }

    #[test]
    fn a_wait_is_spread_over_its_upper_half() {
        let retries = Retries { first: Duration::from_secs(8), ..Retries::default() };
        assert_eq!(retries.wait(1, None, 0), Some(Duration::from_secs(4)));
        assert_eq!(retries.wait(1, None, 255), Some(Duration::from_secs(8)));
    }

    #[test]
    fn retry_after_is_kept_to_and_a_too_long_one_is_not_waited_for() {
        let retries = Retries::default();
        assert_eq!(retries.wait(1, Some(Duration::from_secs(7)), 0), Some(Duration::from_secs(7)));
        assert_eq!(retries.wait(1, Some(Duration::from_secs(86_400)), 0), None);
    }
}
