//! `Content-Digest` and `Repr-Digest` (RFC 9530). A body here is a whole representation, so both cover the bytes as they
//! were sent, whatever their encoding.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::digest::{Algorithm, SHA256, SHA512};
use exchange::Digests;
use sfv::{BareItem, ListEntry};

use crate::fields::dictionary;
use crate::problems::{Kind, Problem};

/// The algorithms that are understood, the better first.
const ALGORITHMS: [(&str, &Algorithm); 2] = [("sha-512", &SHA512), ("sha-256", &SHA256)];

const NAMES: [&str; 2] = ["Content-Digest", "Repr-Digest"];

/// The digests in the headers. Unknown algorithms are ignored.
pub(crate) fn digests(headers: &HeaderMap) -> Result<Digests, Problem> {
    let malformed = |name: &str| {
        Problem::new(Kind::Malformed).detail(format!("{name} is a dictionary of byte sequences (RFC 9530): sha-256=:…: or sha-512=:…:"))
    };
    let mut digests = Digests::default();
    for name in NAMES {
        let Some(fields) = dictionary(headers, &name.to_ascii_lowercase()) else { continue };
        for (key, entry) in fields.map_err(|_| malformed(name))? {
            let ListEntry::Item(item) = entry else { return Err(malformed(name)) };
            let BareItem::ByteSequence(value) = item.bare_item else { return Err(malformed(name)) };
            let Some((_, algorithm)) = ALGORITHMS.iter().find(|(known, _)| *known == key.as_str()) else { continue };
            if value.len() != algorithm.output_len() {
                return Err(malformed(name));
            }
            digests.expect(algorithm, value);
        }
    }
    Ok(digests)
}

/// The header of an answer if there were digests and none was understood.
pub(crate) fn wanted(headers: &HeaderMap, understood: &Digests) -> Option<(HeaderName, HeaderValue)> {
    let header = || (HeaderName::from_static("want-content-digest"), HeaderValue::from_static("sha-512=10, sha-256=5"));
    let came = NAMES.iter().any(|name| headers.contains_key(*name));
    (came && understood.is_empty()).then(header)
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
        let mut digests = digests(&headers).map_err(|problem| problem.kind())?;
        let wanted = wanted(&headers, &digests).is_some();
        content.chunks(2).for_each(|part| digests.update(part));
        digests.check().map(|()| wanted).map_err(|trouble| trouble.kind().into())
    }

    #[test]
    fn known_digests_are_compared_and_unknown_ones_ignored() {
        for header in ["content-digest", "repr-digest"] {
            let (right, wrong) = (field("sha-256", &SHA256, b"body"), field("sha-512", &SHA512, b"bodice"));
            assert_eq!(check(header, &right, b"body"), Ok(false));
            assert_eq!(check(header, &field("sha-512", &SHA512, b"body"), b"body"), Ok(false));
            assert_eq!(check(header, &wrong, b"body"), Err(Kind::DigestMismatch));
            // A right digest does not make up for a wrong one.
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
