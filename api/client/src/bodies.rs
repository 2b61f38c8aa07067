//! What a call sends: nothing, a form, JSON, or a file that streams from disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::encodings::{Coding, Encoded};
use crate::files::{CHUNK, Sha256};
use crate::steps::{Progress, Step};

/// The content of a submission.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Streamed. The file is read once for its digest, then once for each try.
    File(PathBuf),
    /// A file whose SHA-256 is known already: see [`crate::sha256_of`].
    Digested(PathBuf, Sha256),
    /// Streamed and compressed: once for the digest of what is sent, then once for each try.
    Compressed(PathBuf, Coding),
    Bytes(Bytes),
}

/// The body of a call, which can be made again for each try.
pub(crate) enum Body {
    Empty,
    Bytes { content_type: &'static str, bytes: Bytes },
    Stream { content_type: &'static str, path: PathBuf, progress: Progress },
    Encoded { content_type: &'static str, encoded: Encoded, progress: Progress },
}

impl Body {
    pub(crate) async fn attach(&self, request: reqwest::RequestBuilder) -> std::io::Result<reqwest::RequestBuilder> {
        use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
        Ok(match self {
            Self::Empty => request,
            Self::Bytes { content_type, bytes } => request.header(CONTENT_TYPE, *content_type).body(bytes.clone()),
            Self::Stream { content_type, path, progress } => {
                let (length, body) = read(path, Arc::clone(progress)).await?;
                request.header(CONTENT_TYPE, *content_type).header(CONTENT_LENGTH, length).body(body)
            }
            Self::Encoded { content_type, encoded, progress } => request
                .header(CONTENT_TYPE, *content_type)
                .header(CONTENT_ENCODING, encoded.coding.as_str())
                .header(CONTENT_LENGTH, encoded.length)
                .body(encoded.body(Arc::clone(progress))),
        })
    }
}

async fn read(path: &Path, progress: Progress) -> std::io::Result<(u64, reqwest::Body)> {
    let file = File::open(path).await?;
    let length = file.metadata().await?.len();
    progress(Step::Sent(0));
    // If the file grows meanwhile, no more is sent than the stated length.
    let state = (file.take(length), 0_u64, progress);
    let chunks = stream::try_unfold(state, |(mut file, sent, progress)| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let count = file.read_buf(&mut chunk).await?;
        if count == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let sent = sent.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        progress(Step::Sent(sent));
        Ok(Some((chunk.freeze(), (file, sent, progress))))
    });
    Ok((length, reqwest::Body::wrap_stream(chunks)))
}
