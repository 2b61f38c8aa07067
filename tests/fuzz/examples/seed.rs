//! Writes every format's samples, good and bad, as the first inputs of its targets: `seed FOLDER`.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use adapters::Format;
use zip::ZipArchive;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or(io::ErrorKind::InvalidInput)?);
    for adapter in adapters::REGISTRY {
        for (name, bytes) in samples(*adapter) {
            write(&folder.join(adapter.format()), name, bytes)?;
        }
    }
    for adapter in fuzz::archives() {
        for (name, bytes) in samples(adapter) {
            if let Some(parts) = parts(bytes) {
                write(&folder.join(format!("{}-parts", adapter.format())), name, &parts)?;
            }
        }
    }
    Ok(())
}

fn samples(adapter: Format) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let (good, bad) = (adapter.samples().iter(), adapter.bad_samples().iter());
    good.map(|sample| (sample.name, sample.bytes)).chain(bad.map(|sample| (sample.name, sample.bytes)))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name), bytes)
}

/// An archive as an input of its parts; none if it is damaged on purpose, or if a part is huge.
fn parts(bytes: &[u8]) -> Option<Vec<u8>> {
    const MOST: u64 = 64 * 1024;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).ok().filter(|part| part.size() <= MOST)?;
        if index > 0 {
            parts.push(0);
        }
        parts.extend_from_slice(part.name().ok()?.as_bytes());
        parts.push(b'\n');
        part.read_to_end(&mut parts).ok()?;
    }
    Some(parts)
}
