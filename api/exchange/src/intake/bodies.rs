//! A request's body as a reader on another thread. Its size is limited, and it never counts as whole if the client went
//! away in the middle.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use super::digests::Digests;
use crate::troubles::Trouble;

/// How many chunks may wait between the two threads.
const CHUNKS: usize = 8;

/// A part of a body. The end is sent as well, because a channel also closes when a client is lost.
enum Piece {
    Chunk(Bytes),
    End,
}

/// Where the asynchronous side puts chunks.
pub(super) struct Feed {
    pieces: mpsc::Sender<Piece>,
    left: u64,
}

/// Why a feed takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The body is over the configured size.
    TooLarge,
    /// The reader has stopped.
    ReaderGone,
}

/// What the blocking side reads: the body as it was sent.
pub(super) struct Encoded {
    pieces: mpsc::Receiver<Piece>,
    chunk: Bytes,
    ended: bool,
    lost: bool,
    came: u64,
    digests: Digests,
}

/// A feed of at most `most` bytes, and the body that comes out of it. The body must have these digests.
pub(super) fn body(most: u64, digests: Digests) -> (Feed, Encoded) {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let encoded = Encoded { pieces: receiver, chunk: Bytes::new(), ended: false, lost: false, came: 0, digests };
    (Feed { pieces: sender, left: most }, encoded)
}

impl Feed {
    pub(super) async fn chunk(&mut self, chunk: Bytes) -> Result<(), Full> {
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or(Full::TooLarge)?;
        self.pieces.send(Piece::Chunk(chunk)).await.map_err(|_| Full::ReaderGone)
    }

    pub(super) async fn end(self) {
        // A reader that has stopped needs no end.
        let _ = self.pieces.send(Piece::End).await;
    }
}

impl Encoded {
    /// How many bytes have come so far.
    pub(super) fn came(&self) -> u64 {
        self.came
    }

    /// Whether the client went away before the end.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Compares the digests, once everything was read.
    pub(super) fn check(self) -> Result<(), Trouble> {
        self.digests.check()
    }
}

impl Read for Encoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Chunk(chunk)) => {
                    self.digests.update(&chunk);
                    self.came += chunk.len() as u64;
                    self.chunk = chunk;
                }
                Some(Piece::End) => self.ended = true,
                None => {
                    self.lost = true;
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the client went away"));
                }
            }
        }
        let length = out.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut out[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_whole_only_if_its_end_was_said() {
        let (mut feed, mut whole) = body(10, Digests::default());
        feed.chunk(Bytes::from_static(b"abc")).await.unwrap();
        feed.end().await;
        let read = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            whole.read_to_string(&mut text).map(|_| text)
        });
        assert_eq!(read.await.unwrap().unwrap(), "abc");

        let (mut feed, mut broken) = body(10, Digests::default());
        feed.chunk(Bytes::from_static(b"abc")).await.unwrap();
        drop(feed);
        let read = tokio::task::spawn_blocking(move || broken.read_to_end(&mut Vec::new()));
        assert_eq!(read.await.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_body_over_its_size_is_taken_no_further() {
        let (mut feed, _body) = body(4, Digests::default());
        assert_eq!(feed.chunk(Bytes::from_static(b"abc")).await, Ok(()));
        assert_eq!(feed.chunk(Bytes::from_static(b"de")).await, Err(Full::TooLarge));
    }
}
