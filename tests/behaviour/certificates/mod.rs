//! Who may connect: certificates and revocation lists of every kind, tried on the real binary in real
//! handshakes, each followed by a request.

pub(crate) mod authorities;
mod chains;
mod clients;
mod gateways;
mod keys;
mod lists;
mod protocols;
mod reloads;
mod standing;
