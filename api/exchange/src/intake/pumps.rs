//! Moves a body from the connection to its reader. A client that is too slow loses its place.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::bodies::{Feed, Full};

/// How much of a body has to come in each window of waiting for it. It is checked at the end of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) window: Duration,
    pub(super) bytes: u64,
}

/// Why a body did not reach the reader whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    Broken,
    TooLarge,
    TooSlow,
    ReaderGone,
}

/// Feeds the reader. A client that stops, or sends almost nothing, does not keep its place for ever. Only time spent
/// waiting for the client counts, because the reader may be the slow one.
pub(super) async fn pump<E>(feed: &mut Feed, mut payload: impl Stream<Item = Result<Bytes, E>> + Unpin, pace: Pace) -> Result<(), Fed> {
    let (mut waited, mut came) = (Duration::ZERO, 0_u64);
    loop {
        let began = Instant::now();
        let next = tokio::time::timeout(pace.window.saturating_sub(waited), payload.next()).await;
        if let Ok(None) = next {
            return Ok(());
        }
        waited += began.elapsed();
        if waited >= pace.window {
            if came < pace.bytes {
                return Err(Fed::TooSlow);
            }
            (waited, came) = (Duration::ZERO, 0);
        }
        let Ok(Some(chunk)) = next else { continue };
        let chunk = chunk.map_err(|_| Fed::Broken)?;
        came += chunk.len() as u64;
        feed.chunk(chunk).await.map_err(|full| match full {
            Full::TooLarge => Fed::TooLarge,
            Full::ReaderGone => Fed::ReaderGone,
        })?;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::super::bodies::body;
    use super::super::digests::Digests;
    use super::*;

    /// Long enough for any body that comes to its end, on any machine.
    const LONG: u64 = 600_000;

    /// Feeds a body of this many chunks of 10 bytes, each after a pause, if 100 bytes have to come in a window. Times are
    /// in milliseconds.
    async fn fed(window: u64, chunks: usize, each_after: u64, and_then_stands_still: bool) -> Result<(), Fed> {
        let pace = Pace { window: Duration::from_millis(window), bytes: 100 };
        let chunks = stream::iter(0..chunks).then(move |_| async move {
            if each_after > 0 {
                tokio::time::sleep(Duration::from_millis(each_after)).await;
            }
            Ok::<_, ()>(Bytes::from_static(b"0123456789"))
        });
        let (mut feed, mut reader) = body(1_000_000, Digests::default());
        let reading = tokio::task::spawn_blocking(move || std::io::copy(&mut reader, &mut std::io::sink()));
        let fed = match and_then_stands_still {
            false => pump(&mut feed, Box::pin(chunks), pace).await,
            true => pump(&mut feed, Box::pin(chunks.chain(stream::pending())), pace).await,
        };
        drop(feed);
        assert!(reading.await.unwrap().is_err(), "the end was not said");
        fed
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_waited_for_only_so_long() {
        assert_eq!(fed(500, 1, 0, true).await, Err(Fed::TooSlow));
        // Much that came before does not excuse a long wait.
        assert_eq!(fed(500, 1_000, 0, true).await, Err(Fed::TooSlow));
        assert_eq!(fed(LONG, 1_000, 0, false).await, Ok(()));
    }

    #[tokio::test]
    async fn a_body_that_trickles_does_not_keep_its_place() {
        assert_eq!(fed(500, 20, 100, false).await, Err(Fed::TooSlow));
        // A short body is over before its pace is checked.
        assert_eq!(fed(LONG, 2, 1, false).await, Ok(()));
    }

    #[tokio::test]
    async fn a_slow_reader_is_not_the_clients_fault() {
        let pace = Pace { window: Duration::from_millis(500), bytes: 100 };
        let chunks = stream::iter((0..40).map(|_| Ok::<_, ()>(Bytes::from_static(b"0"))));
        let (mut feed, mut reader) = body(1_000, Digests::default());
        let reading = tokio::task::spawn_blocking(move || {
            let mut byte = [0];
            while std::io::Read::read(&mut reader, &mut byte).is_ok_and(|read| read == 1) {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        assert_eq!(pump(&mut feed, chunks, pace).await, Ok(()));
        drop(feed);
        reading.await.unwrap();
    }
}
