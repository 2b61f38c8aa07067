//! `Content-Digest` and `Repr-Digest` (RFC 9530). A body here is a whole representation, so both are over
//! the bytes as they were sent, whatever they are encoded in.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::digest::{Algorithm, Context, SHA256, SHA512};
use sfv::{BareItem, ListEntry};

use crate::fields::dictionary;
use crate::problems::{Kind, Problem};

/// What is understood, the better first.
const ALGORITHMS: [(&str, &Algorithm); 2] = [("sha-512", &SHA512), ("sha-256", &SHA256)];

/// Digests that a body has to have.
#[derive(Default)]
pub struct Digests {
    expected: Vec<(Vec<u8>, Context)>,
    /// Whether there were digests and none was understood.
    wanting: bool,
}

impl Digests {
    /// What the headers say. Algorithms that are not known are passed over.
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let malformed = |name: &str| {
            Problem::new(Kind::Malformed).detail(format!("{name} is a dictionary of byte sequences (RFC 9530): sha-256=:…: or sha-512=:…:"))
        };
        let (mut expected, mut came) = (Vec::new(), false);
        for name in ["Content-Digest", "Repr-Digest"] {
            let Some(fields) = dictionary(headers, &name.to_ascii_lowercase()) else { continue };
            let fields = fields.map_err(|_| malformed(name))?;
            came = true;
            for (key, entry) in fields {
                let ListEntry::Item(item) = entry else { return Err(malformed(name)) };
                let BareItem::ByteSequence(value) = item.bare_item else { return Err(malformed(name)) };
                let Some((_, algorithm)) = ALGORITHMS.iter().find(|(known, _)| *known == key.as_str()) else { continue };
                if value.len() != algorithm.output_len() {
                    return Err(malformed(name));
                }
                expected.push((value, Context::new(algorithm)));
            }
        }
        Ok(Self { wanting: came && expected.is_empty(), expected })
    }

    /// What an answer says where no digest was understood.
    pub fn wanted(&self) -> Option<(HeaderName, HeaderValue)> {
        let header = || (HeaderName::from_static("want-content-digest"), HeaderValue::from_static("sha-512=10, sha-256=5"));
        self.wanting.then(header)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.expected.iter_mut().for_each(|(_, context)| context.update(bytes));
    }

    /// Compares, once all of the body was here.
    pub(super) fn check(self) -> Result<(), Problem> {
        let differs = |(value, context): (Vec<u8>, Context)| context.finish().as_ref() != value;
        if self.expected.into_iter().any(differs) {
            return Err(
                Problem::new(Kind::DigestMismatch).detail("The body was changed on its way, or another was meant; nothing of it was kept.")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::digest;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn field(name: &str, algorithm: &'static Algorithm, content: &[u8]) -> String {
        format!("{name}=:{}:", STANDARD.encode(digest(algorithm, content)))
    }

    fn check(header: &'static str, line: &str, content: &[u8]) -> Result<bool, Kind> {
        let mut headers = HeaderMap::new();
        headers.append(HeaderName::from_static(header), HeaderValue::from_str(line).unwrap());
        let mut digests = Digests::read(&headers).map_err(|problem| problem.kind())?;
        let wanted = digests.wanted().is_some();
        content.chunks(2).for_each(|part| digests.update(part));
        digests.check().map(|()| wanted).map_err(|problem| problem.kind())
    }

    #[test]
    fn what_is_known_is_compared_and_what_is_not_is_passed_over() {
        for header in ["content-digest", "repr-digest"] {
            let (right, wrong) = (field("sha-256", &SHA256, b"body"), field("sha-512", &SHA512, b"bodice"));
            assert_eq!(check(header, &right, b"body"), Ok(false));
            assert_eq!(check(header, &field("sha-512", &SHA512, b"body"), b"body"), Ok(false));
            assert_eq!(check(header, &wrong, b"body"), Err(Kind::DigestMismatch));
            // One that is right does not make up for one that is wrong.
            assert_eq!(check(header, &format!("{right}, {wrong}"), b"body"), Err(Kind::DigestMismatch));
            assert_eq!(check(header, "md5=:AAAA:", b"body"), Ok(true));
            assert_eq!(check(header, &format!("md5=:AAAA:, {right}"), b"body"), Ok(false));
        }
    }

    #[test]
    fn what_is_no_digest_is_malformed() {
        for line in ["sha-256=abc", "sha-256", "sha-256=:AAAA:", "sha-256=(:AAAA:)", "sha-256=:A", "SHA-256=:AAAA:", "md5=1"] {
            assert_eq!(check("content-digest", line, b""), Err(Kind::Malformed), "{line}");
        }
    }
}
