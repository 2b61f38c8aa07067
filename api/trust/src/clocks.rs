//! Where time and ids come from. Nothing else reads the machine's clock.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// The time, as the whole gateway sees it: certificates, tokens, agreements and clocks alike.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The machine's own clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn system() -> Self {
        Self::new(Utc::now)
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Makes version 7 ids: the clock's milliseconds, then random bits.
#[derive(Debug, Clone)]
pub struct Ids(Clock);

impl Ids {
    pub fn new(clock: Clock) -> Self {
        Self(clock)
    }

    pub fn next(&self) -> Uuid {
        let now = self.0.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_the_clock_and_differs_each_time() {
        let at: DateTime<Utc> = "2026-11-02T09:00:00Z".parse().unwrap();
        let ids = Ids::new(Clock::new(move || at));
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        assert_eq!(first.get_version_num(), 7);
        let (seconds, _) = first.get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), at.timestamp());
    }
}
