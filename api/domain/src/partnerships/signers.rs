//! Whether the keys of a partnership's clients and its outside issuers make sense.

use super::{Client, PartnershipFault, PartnershipSection};
use crate::signatures::{Authentication, PublicKey, TokenIssuer};

/// What does not make sense about the keys of clients and about issuers.
pub(super) fn faults(clients: &[Client], issuers: &[TokenIssuer]) -> Vec<PartnershipFault> {
    let mut faults = Vec::new();
    let mut fault = |section, index, field, message: String| faults.push(PartnershipFault { section, index, field, message });
    let mut earlier: Vec<&PublicKey> = Vec::new();
    let of_clients = clients.iter().enumerate().map(|(index, client)| (PartnershipSection::Client, index, &client.keys));
    let of_issuers = issuers.iter().enumerate().map(|(index, issuer)| (PartnershipSection::Issuer, index, &issuer.keys));
    for (section, index, keys) in of_clients.chain(of_issuers) {
        for (position, key) in keys.iter().enumerate() {
            if keys[..position].iter().any(|other| other.id == key.id) {
                fault(section, index, "keys", format!("two keys of one signer are called {}", key.id));
            }
            // Whoever holds a shared key could sign as the other, or with an algorithm that was not meant.
            if earlier.iter().any(|other| other.material == key.material) {
                fault(section, index, "keys", format!("the key {} stands in this file twice", key.id));
            }
            earlier.push(key);
        }
    }
    for (index, client) in clients.iter().enumerate() {
        if client.authentication != Authentication::Tls && client.keys.is_empty() {
            fault(PartnershipSection::Client, index, "authentication", "the client has no keys to sign with".into());
        }
    }
    for (index, issuer) in issuers.iter().enumerate() {
        if issuers[..index].iter().any(|other| other.url == issuer.url) {
            fault(PartnershipSection::Issuer, index, "url", format!("{} stands here twice", issuer.url));
        }
        if !issuer.url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#'])) {
            fault(PartnershipSection::Issuer, index, "url", "an issuer is https:// without a query or a fragment (RFC 8414, 2)".into());
        }
        if issuer.audience.is_empty() {
            fault(PartnershipSection::Issuer, index, "audience", "an issuer's tokens name this gateway".into());
        }
        if issuer.keys.is_empty() {
            fault(PartnershipSection::Issuer, index, "keys", "an issuer has keys".into());
        }
        if issuer.clients.is_empty() {
            fault(PartnershipSection::Issuer, index, "clients", "an issuer speaks for named clients".into());
        }
        for id in issuer.clients.iter().filter(|id| !clients.iter().any(|client| client.id == **id)) {
            fault(PartnershipSection::Issuer, index, "clients", format!("{id} is not a client of this file"));
        }
    }
    faults
}
