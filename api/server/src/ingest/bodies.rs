//! A request's body as a reader on another thread: bounded on the way, hashed as it is read, and
//! never taken for whole when the client went away in the middle.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// Chunks under way between the two threads.
const CHUNKS: usize = 8;

/// A part of a body. That it ended has to be said: a channel also closes when a client is lost.
enum Piece {
    Chunk(Bytes),
    End,
}

/// Where the async side puts chunks.
pub(super) struct Feed {
    pieces: mpsc::Sender<Piece>,
    left: u64,
}

/// Why a feed takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The body is over the configured size.
    TooLarge,
    /// The reader has made up its mind.
    ReaderGone,
}

/// What the blocking side reads.
pub(super) struct Body {
    pieces: mpsc::Receiver<Piece>,
    chunk: Bytes,
    ended: bool,
    hash: Context,
}

/// A feed of at most `most` bytes and the body that comes out of it. The hash starts with `query`,
/// so that it stands for the whole request.
pub(super) fn body(most: u64, query: &str) -> (Feed, Body) {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let mut hash = Context::new(&SHA256);
    hash.update(query.as_bytes());
    hash.update(b"\0");
    (Feed { pieces: sender, left: most }, Body { pieces: receiver, chunk: Bytes::new(), ended: false, hash })
}

impl Feed {
    pub(super) async fn chunk(&mut self, chunk: Bytes) -> Result<(), Full> {
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or(Full::TooLarge)?;
        self.pieces.send(Piece::Chunk(chunk)).await.map_err(|_| Full::ReaderGone)
    }

    pub(super) async fn end(self) {
        // A reader that is gone needs no end.
        let _ = self.pieces.send(Piece::End).await;
    }
}

impl Body {
    /// Reads what the parser left and answers the hash of all of it.
    pub(super) fn fingerprint(mut self) -> io::Result<store::Fingerprint> {
        io::copy(&mut self, &mut io::sink())?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(self.hash.finish().as_ref());
        Ok(fingerprint)
    }
}

impl Read for Body {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Chunk(chunk)) => {
                    self.hash.update(&chunk);
                    self.chunk = chunk;
                }
                Some(Piece::End) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the client went away")),
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
        let (mut feed, mut whole) = body(10, "");
        feed.chunk(Bytes::from_static(b"abc")).await.unwrap();
        feed.end().await;
        let read = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            whole.read_to_string(&mut text).map(|_| text)
        });
        assert_eq!(read.await.unwrap().unwrap(), "abc");

        let (mut feed, mut broken) = body(10, "");
        feed.chunk(Bytes::from_static(b"abc")).await.unwrap();
        drop(feed);
        let read = tokio::task::spawn_blocking(move || broken.read_to_end(&mut Vec::new()));
        assert_eq!(read.await.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_body_over_its_size_is_taken_no_further() {
        let (mut feed, _body) = body(4, "");
        assert_eq!(feed.chunk(Bytes::from_static(b"abc")).await, Ok(()));
        assert_eq!(feed.chunk(Bytes::from_static(b"de")).await, Err(Full::TooLarge));
    }
}
