//! A ZIP archive, read forwards: its entries one by one, and then its directory, which has to agree with
//! every entry. So nothing is stored to read it, entries cannot overlap, and no entry is hidden from another
//! reader of the same archive. (APPNOTE 6.3, sections 4.3 and 4.5.)

use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{MOST_BYTES, MOST_ENTRIES, Take, checked, hand_on, skip};
use crate::contract::{ContainerFault, Unreadable, refusal};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Bits of the general purpose flag: the entry is encrypted in some way; its sizes follow its data.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const SIZES_FOLLOW: u16 = 1 << 3;
const IN_EXTRA: u64 = 0xFFFF_FFFF;

/// Real tables shrink ten to thirty times.
const RATIO: u64 = 150;
/// Below this the ratio is not checked.
const SMALL: u64 = 1024 * 1024;

/// What was found when an entry was read.
struct Met {
    offset: u64,
    method: u16,
    crc: u32,
    packed: u64,
    unpacked: u64,
    name: Vec<u8>,
}

pub(super) fn each(source: impl BufRead, take: &mut Take<'_>) -> Result<(), Unreadable> {
    let mut archive = StreamedZip { source, at: 0, unpacked: 0 };
    let mut met: Vec<Met> = Vec::new();
    loop {
        let offset = archive.at;
        match archive.bytes::<4>().map_err(refusal)? {
            LOCAL if met.len() == MOST_ENTRIES => return Err(ContainerFault::TooMany.into()),
            LOCAL => met.push(archive.entry(offset, take)?),
            signature => return archive.directory(signature, &met).map_err(refusal),
        }
    }
}

struct StreamedZip<R> {
    source: R,
    /// Bytes read of the archive, and bytes unpacked from it.
    at: u64,
    unpacked: u64,
}

impl<R: BufRead> StreamedZip<R> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.source.read(&mut bytes[filled..]) {
                Ok(0) => return Err(ContainerFault::Truncated.into()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.at += filled as u64;
        Ok(())
    }

    fn run(&mut self, length: u16) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::from(length)];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn entry(&mut self, offset: u64, take: &mut Take<'_>) -> Result<Met, Unreadable> {
        let head = self.bytes::<26>().map_err(refusal)?;
        let (flags, method, crc) = (short(&head, 2), short(&head, 4), long(&head, 10));
        let name = self.run(short(&head, 22)).map_err(refusal)?;
        let extra = self.run(short(&head, 24)).map_err(refusal)?;
        if flags & ENCRYPTED != 0 || method == 99 {
            return Err(ContainerFault::Encrypted.into());
        }
        if method != STORED && method != DEFLATED {
            return Err(ContainerFault::Compression.into());
        }
        let path = checked(&name)?.to_owned();
        let mut sizes = [u64::from(long(&head, 18)), u64::from(long(&head, 14))];
        let wide = widen(&mut sizes, &extra);
        let follow = flags & SIZES_FOLLOW != 0;
        // Stored data does not mark its own end; Deflate does.
        if follow && method == STORED {
            return Err(ContainerFault::Compression.into());
        }
        let [unpacked, packed] = sizes;
        let mut content = Content {
            archive: self,
            inflate: (method == DEFLATED).then(|| Decompress::new(false)),
            left: if follow { u64::MAX } else { packed },
            packed: 0,
            unpacked: 0,
            crc: Crc::new(),
            ended: false,
        };
        if path.ends_with('/') {
            skip(&mut content)?
        } else {
            hand_on(&path, &mut content, take)?
        }
        let found = Met { offset, method, crc: content.crc.sum(), packed: content.packed, unpacked: content.unpacked, name };
        if follow {
            self.descriptor(&found, wide).map_err(refusal)?;
        } else if (found.packed, found.unpacked) != (packed, unpacked) {
            return Err(ContainerFault::Damaged.into());
        } else if found.crc != crc {
            return Err(ContainerFault::Checksum.into());
        }
        Ok(found)
    }

    /// Checks the sizes after the data: with or (rarely) without a signature, in 32 or 64 bits.
    fn descriptor(&mut self, found: &Met, wide: bool) -> io::Result<()> {
        let mut first = self.bytes::<4>()?;
        if first == DESCRIPTOR && found.crc.to_le_bytes() != DESCRIPTOR {
            first = self.bytes()?;
        }
        if u32::from_le_bytes(first) != found.crc {
            return Err(ContainerFault::Checksum.into());
        }
        let sizes = if wide {
            let sizes = self.bytes::<16>()?;
            (longer(&sizes, 0), longer(&sizes, 8))
        } else {
            let sizes = self.bytes::<8>()?;
            (u64::from(long(&sizes, 0)), u64::from(long(&sizes, 4)))
        };
        if sizes == (found.packed, found.unpacked) { Ok(()) } else { Err(ContainerFault::Damaged.into()) }
    }

    /// Checks the directory, whose first signature was read: it lists each entry once, and nothing follows it.
    fn directory(&mut self, mut signature: [u8; 4], met: &[Met]) -> io::Result<()> {
        let start = self.at - 4;
        let mut listed = vec![false; met.len()];
        while signature == CENTRAL {
            let head = self.bytes::<42>()?;
            let name = self.run(short(&head, 24))?;
            let extra = self.run(short(&head, 26))?;
            self.run(short(&head, 28))?;
            let mut sizes = [u64::from(long(&head, 20)), u64::from(long(&head, 16)), u64::from(long(&head, 38))];
            widen(&mut sizes, &extra);
            let [unpacked, packed, offset] = sizes;
            let at = met.iter().position(|entry| entry.offset == offset);
            let same = at.is_some_and(|at| {
                let entry = &met[at];
                let twice = std::mem::replace(&mut listed[at], true);
                !twice
                    && entry.name == name
                    && (entry.method, entry.crc) == (short(&head, 6), long(&head, 12))
                    && (entry.packed, entry.unpacked) == (packed, unpacked)
            });
            if !same {
                return Err(ContainerFault::Damaged.into());
            }
            signature = self.bytes()?;
        }
        let wide = signature == END_64;
        if wide {
            let length = u64::from_le_bytes(self.bytes()?);
            let length = u16::try_from(length).map_err(|_| ContainerFault::Damaged)?;
            self.run(length)?;
            signature = self.bytes()?;
        }
        if signature == LOCATOR_64 {
            self.bytes::<16>()?;
            signature = self.bytes()?;
        }
        let whole = signature == END && listed.iter().all(|listed| *listed);
        if !whole {
            return Err(ContainerFault::Damaged.into());
        }
        let end = self.bytes::<18>()?;
        self.run(short(&end, 16))?;
        let (count, at) = (usize::from(short(&end, 6)), u64::from(long(&end, 12)));
        let counted = count == met.len() || (wide && count == usize::from(u16::MAX));
        let placed = at == start || (wide && at == IN_EXTRA);
        if !counted || !placed || self.source.read(&mut [0])? > 0 {
            return Err(ContainerFault::Damaged.into());
        }
        Ok(())
    }
}

/// The content of one entry, unpacked.
struct Content<'a, R> {
    archive: &'a mut StreamedZip<R>,
    /// `None` where the entry is not compressed.
    inflate: Option<Decompress>,
    /// Bytes of the entry that are still to be read.
    left: u64,
    packed: u64,
    unpacked: u64,
    crc: Crc,
    ended: bool,
}

impl<R: BufRead> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let input = match self.archive.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                input => input?,
            };
            let at_end = input.is_empty();
            let input = &input[..input.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))];
            let (taken, given) = match &mut self.inflate {
                Some(inflate) => {
                    let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                    let status = inflate.decompress(input, buffer, FlushDecompress::None).map_err(|_| ContainerFault::Damaged)?;
                    self.ended = status == Status::StreamEnd;
                    (inflate.total_in() - before_in, inflate.total_out() - before_out)
                }
                None => {
                    let count = input.len().min(buffer.len());
                    buffer[..count].copy_from_slice(&input[..count]);
                    self.ended = self.left == count as u64;
                    (count as u64, count as u64)
                }
            };
            let (taken_here, given_here) = (usize::try_from(taken).unwrap_or(0), usize::try_from(given).unwrap_or(0));
            self.archive.source.consume(taken_here);
            self.archive.at += taken;
            self.left -= taken;
            self.packed += taken;
            self.unpacked += given;
            self.archive.unpacked += given;
            self.crc.update(&buffer[..given_here]);
            if self.archive.unpacked > MOST_BYTES || (self.unpacked > SMALL && self.unpacked / RATIO > self.packed) {
                return Err(ContainerFault::Bomb.into());
            }
            if given > 0 {
                return Ok(given_here);
            }
            if !self.ended && taken == 0 {
                return Err(if at_end { ContainerFault::Truncated } else { ContainerFault::Damaged }.into());
            }
        }
        Ok(0)
    }
}

/// Replaces each size that says it is in the extra field with the 64-bit size from there, in order. False
/// where there is no such field.
fn widen(sizes: &mut [u64], mut extra: &[u8]) -> bool {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let Some((mut field, rest)) = rest.split_at_checked(usize::from(short(head, 2))) else { return false };
        if short(head, 0) == 1 {
            for size in sizes.iter_mut().filter(|size| **size == IN_EXTRA) {
                let Some((value, rest)) = field.split_at_checked(8) else { break };
                *size = longer(value, 0);
                field = rest;
            }
            return true;
        }
        extra = rest;
    }
    false
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at)) | u32::from(short(bytes, at + 2)) << 16
}

fn longer(bytes: &[u8], at: usize) -> u64 {
    u64::from(long(bytes, at)) | u64::from(long(bytes, at + 4)) << 32
}
