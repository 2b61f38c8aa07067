//! How keys are written. Each is a line `ID:BASE64`, or `ID:` and a PEM block. A key that is not in force from the start
//! also has `@` and the instant from which it is.
//!
//! ```text
//! 1:q83v…=
//! 2:mZ8E…= @2026-11-22T10:00:00Z
//! ```
//! The instant lets every gateway learn a key before any of them uses it. The key in force is the one with the highest id
//! whose instant has come. A PEM block at the start needs no line before it: its id is 1.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{KeyBytes, Ring};
use zeroize::Zeroizing;

use super::Form;

/// A key in its written form.
#[derive(Clone)]
pub(crate) struct KeyLine {
    /// Base64, or a PEM block.
    pub(crate) text: Zeroizing<String>,
    /// The instant from which the key is in force; `None` means always.
    pub(crate) from: Option<DateTime<Utc>>,
}

/// Keys by id.
pub(crate) type KeyLines = BTreeMap<u32, KeyLine>;

/// What is wrong with written keys. It never repeats their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinesFault {
    #[error("keys are lines `ID:BASE64`, an id above 0 and 32 bytes each, with ` @INSTANT` where a key is not in force yet")]
    NotSecrets,
    #[error("keys are PEM blocks, each after a line `ID:` with ` @INSTANT` where a key is not in force yet")]
    NotPem,
    #[error("two keys have one id")]
    Twice,
    #[error("no key is in force")]
    NoneInForce,
    #[error("a key with a higher id is in force before one with a lower")]
    OutOfOrder,
}

/// Reads keys of one form.
pub(crate) fn parse(bytes: &[u8], form: Form) -> Result<KeyLines, LinesFault> {
    let fault = if form == Form::Secret { LinesFault::NotSecrets } else { LinesFault::NotPem };
    let text = std::str::from_utf8(bytes).map_err(|_| fault)?;
    let mut keys = KeyLines::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let starts_block = |line: &str| line.starts_with("-----BEGIN ");
        let (id, from, key) = if starts_block(line) && keys.is_empty() { (1, None, "") } else { head(line).ok_or(fault)? };
        let mut written = Zeroizing::new(String::with_capacity(key.len().max(1024)));
        if form == Form::Secret {
            written.push_str(key);
            secret(&written).ok_or(fault)?;
        } else {
            let first = if starts_block(line) { line } else { lines.next().ok_or(fault)? };
            if !starts_block(first) || !key.is_empty() {
                return Err(fault);
            }
            let mut block = Some(first);
            while let Some(line) = block {
                written.push_str(line);
                written.push('\n');
                block = if line.starts_with("-----END ") { None } else { Some(lines.next().ok_or(fault)?) };
            }
        }
        if keys.insert(id, KeyLine { text: written, from }).is_some() {
            return Err(LinesFault::Twice);
        }
    }
    let instants = || keys.values().map(|key| key.from.unwrap_or(DateTime::UNIX_EPOCH));
    if !instants().is_sorted() {
        return Err(LinesFault::OutOfOrder);
    }
    if keys.is_empty() { Err(fault) } else { Ok(keys) }
}

/// The id, the instant, and the key between them.
fn head(line: &str) -> Option<(u32, Option<DateTime<Utc>>, &str)> {
    let (id, rest) = line.split_once(':')?;
    let id = id.parse().ok().filter(|id| *id > 0)?;
    let (key, from) = match rest.split_once('@') {
        None => (rest, None),
        Some((key, instant)) => (key, Some(DateTime::parse_from_rfc3339(instant.trim()).ok()?.to_utc())),
    };
    Some((id, from, key.trim()))
}

fn secret(text: &str) -> Option<KeyBytes> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let bytes: [u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(Zeroizing::new(bytes))
}

/// Writes keys in the form that [`parse`] reads.
pub(crate) fn write(keys: &KeyLines, form: Form) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2048 * keys.len()));
    for (id, key) in keys {
        text.push_str(&format!("{id}:"));
        if form == Form::Secret {
            text.push_str(&key.text);
        }
        if let Some(from) = key.from {
            text.push_str(&format!(" @{}", from.to_rfc3339_opts(SecondsFormat::Secs, true)));
        }
        text.push('\n');
        if form != Form::Secret {
            text.push_str(&key.text);
        }
    }
    text
}

/// The id of the key in force.
pub(crate) fn primary(keys: &KeyLines, now: DateTime<Utc>) -> Result<u32, LinesFault> {
    let in_force = keys.iter().filter(|(_, key)| key.from.is_none_or(|from| from <= now));
    in_force.map(|(id, _)| *id).next_back().ok_or(LinesFault::NoneInForce)
}

/// Decodes the secrets among keys that [`parse`] has read.
pub(crate) fn secrets(keys: &KeyLines, now: DateTime<Utc>) -> Result<Ring<KeyBytes>, LinesFault> {
    let made = keys.iter().map(|(id, key)| Some((*id, secret(&key.text)?))).collect::<Option<_>>();
    Ring::new(made.ok_or(LinesFault::NotSecrets)?, primary(keys, now)?).ok_or(LinesFault::NoneInForce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    #[test]
    fn a_key_is_in_force_from_its_instant_on() {
        let text = format!("1:{}\n\n2:{} @2026-11-22T10:00:00Z\n3:{}@2026-11-23T10:00:00+01:00\n", key(1), key(2), key(3));
        let keys = parse(text.as_bytes(), Form::Secret).unwrap();
        for (now, expected) in
            [("2026-11-22T09:59:59Z", 1), ("2026-11-22T10:00:00Z", 2), ("2026-11-23T08:59:59Z", 2), ("2026-11-23T09:00:00Z", 3)]
        {
            let ring = secrets(&keys, at(now)).unwrap();
            assert_eq!(ring.primary_id(), expected, "{now}");
            assert_eq!(ring.iter().map(|(id, key)| (id, key[0])).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 3)]);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let pem = |body: &str| format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let secrets = format!("1:{}\n2:{} @2026-11-22T10:00:00Z\n", key(1), key(2));
        let pems = format!("1:\n{}2: @2026-11-22T10:00:00Z\n{}", pem("AAAA"), pem("BBBB\nCCCC"));
        for (text, form) in [(secrets, Form::Secret), (pems, Form::P256)] {
            let keys = parse(text.as_bytes(), form).unwrap();
            assert_eq!(write(&keys, form).as_str(), text);
            assert_eq!(keys[&2].from, Some(at("2026-11-22T10:00:00Z")));
        }
        let bare = parse(pem("AAAA").as_bytes(), Form::P256).unwrap();
        assert_eq!((bare.len(), bare[&1].text.as_str(), bare[&1].from), (1, pem("AAAA").as_str(), None));
    }

    #[test]
    fn keys_are_read_strictly() {
        let key = key(7);
        let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        let later = "@2026-11-22T10:00:00Z";
        for (text, form, fault) in [
            ("", Form::Secret, LinesFault::NotSecrets),
            ("1", Form::Secret, LinesFault::NotSecrets),
            ("1:AAAA", Form::Secret, LinesFault::NotSecrets),
            (&format!("0:{key}"), Form::Secret, LinesFault::NotSecrets),
            (&format!("x:{key}"), Form::Secret, LinesFault::NotSecrets),
            (&format!("1:{key} @tomorrow"), Form::Secret, LinesFault::NotSecrets),
            (&format!("1:{key}\n1:{key}"), Form::Secret, LinesFault::Twice),
            (&format!("1:{key} {later}\n2:{key}"), Form::Secret, LinesFault::OutOfOrder),
            (pem, Form::Secret, LinesFault::NotSecrets),
            (&format!("1:{key}"), Form::P256, LinesFault::NotPem),
            (&format!("{pem}\n{pem}"), Form::P256, LinesFault::NotPem),
            (&format!("1:\n{pem}\n1:\n{pem}"), Form::P256, LinesFault::Twice),
            ("1:\n-----BEGIN PRIVATE KEY-----\nAAAA", Form::P256, LinesFault::NotPem),
            ("1:", Form::P256, LinesFault::NotPem),
            ("", Form::P256, LinesFault::NotPem),
        ] {
            assert_eq!(parse(text.as_bytes(), form).err(), Some(fault), "{form:?}");
        }
        assert_eq!(parse(b"\xff\xfe", Form::Secret).err(), Some(LinesFault::NotSecrets));
        let later = parse(format!("1:{key} {later}").as_bytes(), Form::Secret).unwrap();
        assert_eq!(primary(&later, at("2026-11-22T09:00:00Z")), Err(LinesFault::NoneInForce));
    }
}
