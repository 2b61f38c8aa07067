//! Files on disk: how much is read at a time, and the digest of a file.

use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

/// Bytes read from disk at a time: what a push holds in memory.
pub(crate) const CHUNK: usize = 64 * 1024;

pub type Sha256 = [u8; 32];

/// Reads a file for its SHA-256. It blocks.
pub fn sha256_of(path: &Path) -> std::io::Result<Sha256> {
    let (mut file, mut context, mut chunk) = (std::fs::File::open(path)?, Context::new(&SHA256), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            count => context.update(&chunk[..count]),
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok(digest)
}
