//! Sets a gateway's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration};
use trust::Clock;

/// A clock that runs ahead of the machine's by some time, until it is stopped. Milliseconds.
#[derive(Default)]
pub(crate) struct Hands {
    ahead: AtomicI64,
    /// Milliseconds since 1970 at which it stopped; 0 while it runs.
    stopped: AtomicI64,
}

impl Hands {
    pub(crate) fn clock(self: &Arc<Self>) -> Clock {
        let (system, hands) = (Clock::system(), Arc::clone(self));
        Clock::new(move || {
            let stopped = DateTime::from_timestamp_millis(hands.stopped.load(Ordering::SeqCst));
            let now = stopped.filter(|at| *at != DateTime::UNIX_EPOCH).unwrap_or_else(|| system.now());
            now + Duration::milliseconds(hands.ahead.load(Ordering::SeqCst))
        })
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.ahead.fetch_add(time.num_milliseconds(), Ordering::SeqCst);
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(Clock::system().now().timestamp_millis(), Ordering::SeqCst);
    }
}
