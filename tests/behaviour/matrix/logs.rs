//! Collects what the gateways of this process log.

use std::io::Write;
use std::sync::{Mutex, Once};

use tracing_subscriber::EnvFilter;

static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// Bytes: far more than a run of the matrix logs.
const MOST: usize = 64 << 20;

struct Listener;

impl Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut heard = HEARD.lock().unwrap();
        if heard.len() < MOST {
            heard.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Collects from now on, for the whole process.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::new("info,server=debug,store=debug");
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(|| Listener).init();
    });
}

pub(crate) fn heard() -> String {
    String::from_utf8_lossy(&HEARD.lock().unwrap()).into_owned()
}
