//! Scratch space on disk that nobody can read. It is sealed under a key that exists only in memory, in a file without a
//! name. It is gone when it is dropped, and with the process.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// How many bytes are sealed together, and held in memory.
const CHUNK: usize = 64 * 1024;
const SEALED: u64 = (CHUNK + MAX_TAG_LEN) as u64;

/// Where spools are made.
#[derive(Debug, Clone)]
pub struct Spools {
    folder: PathBuf,
}

impl Spools {
    /// Makes spools in a folder, which is made when it is first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes an empty spool with a key of its own. It blocks, like all the methods of a spool.
    pub fn spool(&self) -> io::Result<Spool> {
        trust::create_secret_folder(&self.folder).map_err(io::Error::other)?;
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(key.as_mut_slice()).map_err(io::Error::other)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(io::Error::other)?;
        let sealed = Sealed { file: tempfile::tempfile_in(&self.folder)?, key: LessSafeKey::new(key) };
        Ok(Spool { sealed, chunk: empty_chunk(), written: 0 })
    }
}

/// A spool that is being written, from its beginning.
#[derive(Debug)]
pub struct Spool {
    sealed: Sealed,
    /// The last chunk, until it is full.
    chunk: Zeroizing<Vec<u8>>,
    /// How many bytes come before that chunk.
    written: u64,
}

/// A spool that is being read, at any place.
#[derive(Debug)]
pub struct SpoolReader {
    sealed: Sealed,
    length: u64,
    position: u64,
    /// The chunk that was opened last, and its number.
    chunk: Zeroizing<Vec<u8>>,
    opened: Option<u64>,
}

#[derive(Debug)]
struct Sealed {
    file: File,
    key: LessSafeKey,
}

impl Sealed {
    fn write(&mut self, number: u64, chunk: &mut Zeroizing<Vec<u8>>) -> io::Result<()> {
        self.key.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut **chunk).map_err(io::Error::other)?;
        self.file.write_all(chunk)?;
        chunk.clear();
        Ok(())
    }

    fn read(&self, number: u64, length: usize, chunk: &mut Zeroizing<Vec<u8>>) -> io::Result<()> {
        chunk.resize(length + MAX_TAG_LEN, 0);
        self.file.read_exact_at(chunk, number * SEALED)?;
        let opened = self.key.open_in_place(nonce(number), Aad::empty(), chunk);
        opened.map_err(|_| io::Error::new(ErrorKind::InvalidData, "a spool was changed on disk"))?;
        chunk.truncate(length);
        Ok(())
    }
}

/// Never used twice with one key: a chunk is sealed once, when it is full or the last.
fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn empty_chunk() -> Zeroizing<Vec<u8>> {
    // Large enough for the tag, because a vector that grows leaves a copy behind.
    Zeroizing::new(Vec::with_capacity(CHUNK + MAX_TAG_LEN))
}

impl Spool {
    /// Bytes written so far.
    pub fn length(&self) -> u64 {
        self.written + self.chunk.len() as u64
    }

    /// Ends the writing. The reader starts at the beginning.
    pub fn into_reader(mut self) -> io::Result<SpoolReader> {
        let length = self.length();
        if !self.chunk.is_empty() {
            self.seal()?;
        }
        Ok(SpoolReader { sealed: self.sealed, length, position: 0, chunk: self.chunk, opened: None })
    }

    fn seal(&mut self) -> io::Result<()> {
        let length = self.chunk.len() as u64;
        self.sealed.write(self.written / CHUNK as u64, &mut self.chunk)?;
        self.written += length;
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        if self.chunk.len() == CHUNK {
            self.seal()?;
        }
        Ok(taken)
    }

    /// Does nothing: what was written need not outlive the spool.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpoolReader {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Read for SpoolReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length || out.is_empty() {
            return Ok(0);
        }
        let (number, start) = (self.position / CHUNK as u64, self.position % CHUNK as u64);
        if self.opened != Some(number) {
            let length = (self.length - number * CHUNK as u64).min(CHUNK as u64);
            self.opened = None;
            self.sealed.read(number, usize::try_from(length).map_err(io::Error::other)?, &mut self.chunk)?;
            self.opened = Some(number);
        }
        let start = usize::try_from(start).map_err(io::Error::other)?;
        let taken = out.len().min(self.chunk.len() - start);
        out[..taken].copy_from_slice(&self.chunk[start..start + taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.position)
    }
}

impl adapters::Scratch for Spools {
    fn spool(&self) -> io::Result<Box<dyn adapters::Spool>> {
        Ok(Box::new(Spools::spool(self)?))
    }
}

impl adapters::Spool for Spool {
    fn into_reader(self: Box<Self>) -> io::Result<Box<dyn adapters::SpoolReader>> {
        Ok(Box::new(Spool::into_reader(*self)?))
    }
}

impl adapters::SpoolReader for SpoolReader {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spools() -> (tempfile::TempDir, Spools) {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("scratch"));
        (folder, spools)
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read_whatever_its_length() {
        let (_folder, spools) = spools();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let (written, mut spool) = (bytes(length), spools.spool().unwrap());
            written.chunks(10_007).for_each(|part| spool.write_all(part).unwrap());
            assert_eq!(spool.length(), length as u64);
            let (mut reader, mut read) = (spool.into_reader().unwrap(), Vec::new());
            reader.read_to_end(&mut read).unwrap();
            assert!(read == written && reader.length() == length as u64, "{length}");
        }
    }

    #[test]
    fn nothing_is_on_disk_by_name_or_in_clear() {
        let (folder, spools) = spools();
        let mut spool = spools.spool().unwrap();
        spool.write_all(&b"9990000018".repeat(20_000)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path().join("scratch")).unwrap().count(), 0);
        let reader = spool.into_reader().unwrap();
        let mut on_disk = vec![0; usize::try_from(reader.sealed.file.metadata().unwrap().len()).unwrap()];
        reader.sealed.file.read_exact_at(&mut on_disk, 0).unwrap();
        assert!(on_disk.len() > 200_000 && !on_disk.windows(5).any(|part| part == b"99900"));
    }

    #[test]
    fn a_change_on_disk_is_noticed() {
        let (_folder, spools) = spools();
        let mut spool = spools.spool().unwrap();
        spool.write_all(&bytes(2 * CHUNK)).unwrap();
        let mut reader = spool.into_reader().unwrap();
        let mut chunks = vec![0; 2 * (CHUNK + MAX_TAG_LEN)];
        reader.sealed.file.read_exact_at(&mut chunks, 0).unwrap();
        // Swap the two chunks.
        chunks.rotate_left(CHUNK + MAX_TAG_LEN);
        reader.sealed.file.write_all_at(&chunks, 0).unwrap();
        assert_eq!(reader.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::InvalidData);
        // Reading again gives the error again.
        assert_eq!(reader.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn each_spool_has_a_key_of_its_own() {
        let (_folder, spools) = spools();
        let sealed = || {
            let mut spool = spools.spool().unwrap();
            spool.write_all(b"the same").unwrap();
            let reader = spool.into_reader().unwrap();
            let mut bytes = [0; 24];
            reader.sealed.file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        };
        assert_ne!(sealed(), sealed());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn it_is_read_at_any_place(length in 0..3 * CHUNK, places in prop::collection::vec((0..4 * CHUNK as u64, 0_usize..100_000), 1..12)) {
            let (_folder, spools) = spools();
            let (written, mut spool) = (bytes(length), spools.spool().unwrap());
            spool.write_all(&written).unwrap();
            let mut reader = spool.into_reader().unwrap();
            for (place, most) in places {
                reader.seek(SeekFrom::Start(place)).unwrap();
                let mut read = Vec::new();
                (&mut reader).take(most as u64).read_to_end(&mut read).unwrap();
                let from = usize::try_from(place).unwrap().min(length);
                prop_assert!(read == written[from..length.min(from + most)]);
            }
        }
    }
}
