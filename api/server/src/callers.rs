//! Who calls: a certificate that is valid now, a token bound to it, and what the partnership grants now.

use std::any::Any;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{Extensions, Payload};
use actix_web::http::header::AUTHORIZATION;
use actix_web::rt::net::TcpStream;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use domain::{Client, OrganisationCode, Partnership, Scope, ScopeSet};
use trust::{Authority, Peer, refusal_reason};

use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::telemetry::spans::ClientId;

/// A client that proved who it is, for one request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    client: Client,
    scopes: ScopeSet,
    partnership: Arc<Partnership>,
}

/// A connection whose certificate is a listed client's and valid now. It needs no token.
#[derive(Debug, Clone)]
pub(crate) struct ListedPeer {
    peer: Peer,
    authority: Arc<Authority>,
    partnership: Arc<Partnership>,
}

impl Caller {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn organisation(&self) -> OrganisationCode {
        self.client.organisation
    }

    /// The partnership in force when the request came in.
    pub(crate) fn partnership(&self) -> &Arc<Partnership> {
        &self.partnership
    }

    fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Refuses a client that holds none of the scopes now.
    pub(crate) fn require_any(&self, scopes: &[Scope]) -> Result<(), Problem> {
        if scopes.iter().any(|scope| self.has(*scope)) {
            return Ok(());
        }
        let wanted = domain::write_scopes(&scopes.iter().copied().collect());
        Err(Problem::new(Kind::ScopeMissing)
            .detail(format!("It takes a token with the scope: {}", wanted.replace(' ', " or ")))
            .challenge(format!("Bearer error=\"insufficient_scope\", scope=\"{wanted}\"")))
    }

    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let listed = ListedPeer::of(request)?;
        let state = state(request)?;
        let token = bearer(request)?;
        let verified = state.tokens.verify(token, listed.partnership.issuers(), listed.peer.thumbprint(), state.clock.now());
        let verified = verified.map_err(refused)?;
        let of_organisation = |client: &&Client| verified.organisation.is_none_or(|organisation| organisation == client.organisation);
        let client = listed.client(&verified.client).filter(of_organisation);
        let client = client.ok_or_else(|| refused("the token's client is not the certificate's"))?.clone();
        request.extensions_mut().insert(ClientId(client.id.clone()));
        let scopes = verified.scopes.intersection(&client.scopes).copied().collect();
        Ok(Self { client, scopes, partnership: listed.partnership })
    }
}

impl ListedPeer {
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The client with this id, if the certificate is that client's.
    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.partnership.client(id).filter(|client| self.is(client))
    }

    fn is(&self, client: &Client) -> bool {
        client.authority == self.authority.name() && self.peer.is_named(&client.certificate_name)
    }

    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let state = state(request)?;
        let peer = request.conn_data::<Peer>().ok_or_else(|| unknown("no certificate on the connection"))?.clone();
        let authority = peer.current(&state.trust, state.clock.now()).map_err(|error| unknown(refusal_reason(&error)))?;
        let listed = Self { peer, authority, partnership: state.partnership() };
        if listed.partnership.clients().any(|client| listed.is(client)) {
            Ok(listed)
        } else {
            Err(unknown("the certificate is no listed client's"))
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl FromRequest for ListedPeer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// Stores the peer of a new connection where its requests find it.
pub(crate) fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let peer =
        connection.downcast_ref::<TlsStream<TcpStream>>().and_then(|stream| stream.get_ref().1.peer_certificates()).and_then(Peer::new);
    if let Some(peer) = peer {
        data.insert(peer);
    }
}

fn state(request: &HttpRequest) -> Result<&web::Data<State>, Problem> {
    request.app_data().ok_or_else(|| Problem::internal("no state"))
}

fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let mut lines = request.headers().get_all(AUTHORIZATION);
    let (line, more) = (lines.next(), lines.next());
    let Some(line) = line else {
        return Err(Problem::new(Kind::Unauthorised).detail("It takes an access token.").challenge("Bearer"));
    };
    let token = line.to_str().ok().and_then(|line| line.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match (token, more) {
        (Some((_, token)), None) => Ok(token.trim_start()),
        _ => Err(refused("not one bearer token")),
    }
}

// A connection whose certificate no longer counts is closed.
fn unknown(cause: impl std::fmt::Display) -> Problem {
    refused(cause).closing()
}

fn refused(cause: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::Unauthorised).cause(cause).challenge("Bearer error=\"invalid_token\"")
}
