//! Who may connect: certificates and revocation lists of every kind, shown to the real binary in live
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
