//! Files that are compressed while they are sent. Nothing is put on disk: a file is compressed once for its digest
//! and length, and again whenever it is sent, each time to the same bytes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use crate::files::{CHUNK, Sha256};
use crate::steps::{Progress, Step};

/// How a file is compressed: a name in `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Zstd,
}

/// Chunks that wait to be sent.
const WAITING: usize = 2;
/// The usual level of zstd.
const ZSTD_LEVEL: i32 = 3;

impl Coding {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Whether and how a file is compressed already, by its first bytes. It blocks.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut start)?;
        Ok(match start[..] {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD] => Some(Self::Zstd),
            _ => None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) path: PathBuf,
    pub(crate) coding: Coding,
    /// The digest of the compressed bytes.
    pub(crate) digest: Sha256,
    pub(crate) length: u64,
}

impl Encoded {
    /// Compresses a file to measure what will be sent. It blocks.
    pub(crate) fn measure(path: PathBuf, coding: Coding) -> io::Result<Self> {
        let (mut context, mut length) = (Context::new(&SHA256), 0_u64);
        encode(&path, coding, |_, chunk| {
            context.update(&chunk);
            length = length.saturating_add(size(chunk.len()));
            Ok(())
        })?;
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        Ok(Self { path, coding, digest, length })
    }

    /// The compressed bytes as they are made. If the file has changed meanwhile, they do not match the digest, and the
    /// gateway refuses them.
    pub(crate) fn body(&self, progress: Progress) -> reqwest::Body {
        reqwest::Body::wrap_stream(self.chunks(progress))
    }

    fn chunks(&self, progress: Progress) -> impl Stream<Item = io::Result<Bytes>> + use<> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let (path, coding) = (self.path.clone(), self.coding);
        progress(Step::Sent(0));
        tokio::task::spawn_blocking(move || {
            // If the receiver is gone, the call has ended.
            let hand_on = |taken, chunk| sender.blocking_send(Ok((taken, chunk))).map_err(|_| io::ErrorKind::BrokenPipe.into());
            if let Err(error) = encode(&path, coding, hand_on) {
                let _ = sender.blocking_send(Err(error));
            }
        });
        let state = (receiver, self.length, progress);
        stream::try_unfold(state, |(mut receiver, left, progress)| async move {
            let Some((taken, mut chunk)) = receiver.recv().await.transpose()? else { return Ok::<_, io::Error>(None) };
            // No more is sent than the stated length.
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            let left = left.saturating_sub(size(chunk.len()));
            progress(Step::Sent(taken));
            Ok(Some((chunk, (receiver, left, progress))))
        })
    }
}

/// Hands on the compressed bytes of a file in chunks, each with how many bytes of the file were read so far.
fn encode(path: &Path, coding: Coding, mut hand_on: impl FnMut(u64, Bytes) -> io::Result<()>) -> io::Result<()> {
    let file = File::open(path)?;
    let mut encoder = Encoder::new(coding)?;
    let (mut chunk, mut taken) = (Vec::with_capacity(CHUNK), 0_u64);
    loop {
        // Chunks are always the same size, since the compressed bytes may depend on where the file is cut.
        chunk.clear();
        Read::take(&file, size(CHUNK)).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        taken = taken.saturating_add(size(chunk.len()));
        let made = encoder.write(&chunk)?;
        if !made.is_empty() {
            hand_on(taken, made)?;
        }
    }
    hand_on(taken, encoder.finish()?)
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::default())),
            Coding::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// The compressed bytes that are ready after these: often none yet.
    fn write(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        let made = match self {
            Self::Gzip(encoder) => {
                encoder.write_all(bytes)?;
                encoder.get_mut()
            }
            Self::Zstd(encoder) => {
                encoder.write_all(bytes)?;
                encoder.get_mut()
            }
        };
        Ok(std::mem::take(made).into())
    }

    fn finish(self) -> io::Result<Bytes> {
        let rest = match self {
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        Ok(rest.into())
    }
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_the_file_and_the_same_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        let text: String = (0..200_000).map(|at| format!("R-{at},9990000018\n")).collect();
        for text in ["", "referral_id\n", &text] {
            std::fs::write(&path, text).unwrap();
            for coding in [Coding::Gzip, Coding::Zstd] {
                let encoded = Encoded::measure(path.clone(), coding).unwrap();
                let (mut bytes, mut largest) = (Vec::new(), 0);
                encode(&path, coding, |taken, chunk| {
                    largest = largest.max(chunk.len());
                    bytes.extend_from_slice(&chunk);
                    assert!(taken <= text.len() as u64);
                    Ok(())
                })
                .unwrap();
                assert_eq!((bytes.len() as u64, encoded.clone()), (encoded.length, Encoded::measure(path.clone(), coding).unwrap()));
                assert!(largest < 4 * CHUNK, "{coding:?} holds {largest} bytes");
                let mut read = String::new();
                match coding {
                    Coding::Gzip => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut read).unwrap(),
                    Coding::Zstd => zstd::Decoder::new(&bytes[..]).unwrap().read_to_string(&mut read).unwrap(),
                };
                assert!(read == text, "{coding:?}");
                std::fs::write(folder.path().join("compressed"), &bytes).unwrap();
                assert_eq!(Coding::of(&folder.path().join("compressed")).unwrap(), Some(coding));
            }
            assert_eq!(Coding::of(&path).unwrap(), None);
        }
    }

    #[tokio::test]
    async fn a_file_that_grows_meanwhile_is_cut_at_the_length_that_was_promised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        let text: String = (0..50_000).map(|at| format!("R-{at}\n")).collect();
        std::fs::write(&path, &text).unwrap();
        let encoded = Encoded::measure(path.clone(), Coding::Zstd).unwrap();
        let sent = async || {
            let chunks: Vec<_> = futures_util::TryStreamExt::try_collect(encoded.chunks(std::sync::Arc::new(|_| {}))).await.unwrap();
            chunks.concat()
        };
        let first = sent().await;
        assert!(first.len() as u64 == encoded.length && first == sent().await);
        std::fs::write(&path, text.clone() + &text.replace('R', "S")).unwrap();
        let grown = sent().await;
        assert!(grown.len() as u64 == encoded.length && grown != first);
        std::fs::remove_file(&path).unwrap();
        let gone: io::Result<Vec<Bytes>> = futures_util::TryStreamExt::try_collect(encoded.chunks(std::sync::Arc::new(|_| {}))).await;
        assert_eq!(gone.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_receiver_that_stops_ends_the_compression() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, "referral_id\n").unwrap();
        let ended = encode(&path, Coding::Zstd, |_, _| Err(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
