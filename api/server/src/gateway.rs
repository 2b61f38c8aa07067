//! Starts and stops gateways. Nothing is global: several may run in one process.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpServer, web};
use domain::RecognitionRules;
use domain::operations::Operation;
use exchange::{BodyLimits, CallContext, Intake, Releases, Trouble};
use exchange::{Journal, Store, StoreError};
use tokio::task::{JoinError, JoinSet};
use tracing_actix_web::TracingLogger;
use trust::{
    Authority, Checkpoints, ChildIds, Clock, FileError, Ids, KeysError, Live, LiveVerifier, PartnershipError, ServerCertificate, TlsError,
    Tokens, Trust, Watch, check_private_files, server_config, watch_partnership,
};
use utoipa_actix_web::AppExt;

use crate::calls::{Misnamed, check_names};
use crate::chores::{Chores, LiveFiles};
use crate::configuration::{Configuration, ConfigurationError};
use crate::documentation::Documentation;
use crate::state::State;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::spans::RequestSpan;
use crate::{callers, chores, exchanges, probes, routes};
use exchange::{GatewaySecrets, watch_secrets};

/// How long a client may take for a handshake, or for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a stop waits for requests in progress: a long submission may finish.
const STOP_TIMEOUT: Duration = Duration::from_secs(600);

/// How long an answer that has begun may take to send its last byte when the gateway stops.
const LAST_BYTES: Duration = Duration::from_millis(200);

/// A gateway that is running. Dropping it stops it at once.
pub struct Gateway {
    api: SocketAddr,
    operations: SocketAddr,
    handles: [ServerHandle; 2],
    servers: JoinSet<io::Result<()>>,
    chores: Chores,
    state: Arc<State>,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    #[error(transparent)]
    Partnership(#[from] PartnershipError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("{}", .0.in_full())]
    Trouble(#[from] Trouble),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the contract's document cannot be written: {0}")]
    Document(#[from] serde_json::Error),
    #[error(transparent)]
    Misnamed(#[from] Misnamed),
    #[error("the start was broken off: {0}")]
    Broken(#[from] JoinError),
}

/// What is read from files before anything listens.
struct Loaded {
    files: LiveFiles,
    rules: RecognitionRules,
    store: Store,
}

/// Starts a gateway. It answers as soon as this returns.
pub async fn start(configuration: Configuration, clock: Clock) -> Result<Gateway, StartError> {
    configuration.check()?;
    let loaded = {
        let (configuration, clock) = (configuration.clone(), clock.clone());
        tokio::task::spawn_blocking(move || load(&configuration, &clock)).await??
    };
    let (api_listener, api) = listen(configuration.api.listen)?;
    let (operations_listener, operations) = listen(configuration.operations.listen)?;

    let Loaded { files, rules, store } = loaded;
    let live_secrets = files.secrets.live();
    let checkpoints = Arc::new(Checkpoints::new(from(&live_secrets, |secrets| &secrets.checkpoints)));
    // Erase again what an older database brought back, before anybody can ask for it.
    let journal = Journal::new(&configuration.database.tombstones);
    let partnership = files.partnership.live().load_full();
    let cx = CallContext::of_gateway(partnership, Operation::ReplayTombstones, Ids::new(clock.clone()).next(), clock.now());
    exchange::replay_tombstones(&store, &journal, cx).await?;
    chores::end_what_was_interrupted(&store, &clock).await?;
    exchange::sweep_left_claims(&store, &configuration.retention, clock.now()).await?;
    let metrics = Metrics::new();
    let trust = Trust::new(files.authorities.iter().map(Watch::live).collect())?;
    let refusals = metrics.clone();
    let verifier = LiveVerifier::new(trust.clone(), clock.clone(), move |reason| refusals.certificate_refused(reason));
    let tls = server_config(ServerCertificate::new(files.certificate.live()), verifier, clock.clone(), configuration.api.tls12)?;
    let issuer = configuration.api.issuer.clone().unwrap_or_else(|| format!("https://{api}"));
    let limits = BodyLimits { most: configuration.api.maximum_body_bytes, rate: configuration.api.minimum_body_rate };
    let intake = Intake::new(store.clone(), clock.clone(), rules, journal.clone(), configuration.submissions.clone(), limits);
    let document = routes::document();
    let state = web::Data::new(State {
        ids: Ids::new(clock.clone()),
        clock,
        live_partnership: files.partnership.live(),
        trust,
        tokens: Tokens::new(issuer, from(&live_secrets, |secrets| &secrets.signing_keys)),
        child_ids: ChildIds::new(from(&live_secrets, |secrets| &secrets.child_keys)),
        checkpoints,
        intake,
        releases: Releases::new(store.clone()),
        journal,
        store,
        metrics,
        documentation: Documentation::new(&document)?,
        configuration,
    });

    let named = App::new().into_utoipa_app().configure(routes::table).split_for_parts().0;
    check_names(&init_service(named).await, TestRequest::to_request, &document).await?;

    let served = state.clone();
    let api_server = HttpServer::new(move || {
        let (app, _) = App::new().into_utoipa_app().configure(routes::table).split_for_parts();
        app.app_data(served.clone())
            .default_service(web::to(exchanges::unmatched))
            .wrap(from_fn(exchanges::explain))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(exchanges::attend))
    })
    .on_connect(callers::on_connect)
    .workers(available_parallelism().map_or(1, usize::from))
    .keep_alive(KEEP_ALIVE)
    .tcp_nodelay(true)
    .client_request_timeout(HEAD_TIMEOUT)
    .tls_handshake_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(1)
    .disable_signals()
    .listen_rustls_0_23(api_listener, tls)?
    .run();

    let probed = state.clone();
    let operations_server = HttpServer::new(move || App::new().app_data(probed.clone()).configure(probes::table))
        .workers(1)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(operations_listener)?
        .run();

    let handles = [api_server.handle(), operations_server.handle()];
    let mut servers = JoinSet::new();
    servers.spawn(api_server);
    servers.spawn(operations_server);
    let state = state.into_inner();
    let chores = chores::start(&state, files);
    tracing::info!(%api, %operations, "listening");
    Ok(Gateway { api, operations, handles, servers, chores, state })
}

impl Gateway {
    /// Where the partner API listens. If the configuration asked for port 0, this is the port that was given.
    pub fn api_address(&self) -> SocketAddr {
        self.api
    }

    pub fn operations_address(&self) -> SocketAddr {
        self.operations
    }

    /// Waits until a listener ends by itself, which is a failure. It may be called again.
    pub async fn wait(&mut self) -> io::Result<()> {
        match self.servers.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(broken)) => Err(io::Error::other(broken)),
            None => Ok(()),
        }
    }

    /// Takes no more connections, lets requests in progress finish, and stops.
    pub async fn stop(mut self) {
        let [api, operations] = &self.handles;
        api.pause().await;
        // The framework's graceful stop also waits for idle connections, so it is not used.
        let began = Instant::now();
        while (self.state.metrics.in_flight() > 0 || !self.state.intake.is_idle()) && began.elapsed() < STOP_TIMEOUT {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(LAST_BYTES).await;
        api.stop(false).await;
        operations.stop(false).await;
        while self.servers.join_next().await.is_some() {}
        self.chores.stop().await;
        // Append the last entries and sign a checkpoint for them before the log is left.
        chores::finish_audit_log(&self.state).await;
        let store = self.state.store.clone();
        if tokio::task::spawn_blocking(move || store.close()).await.is_err() {
            tracing::warn!("the store was not closed");
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // The command is sent when it is made, so nobody has to wait for it.
        for handle in &self.handles {
            drop(handle.stop(false));
        }
    }
}

fn load(configuration: &Configuration, clock: &Clock) -> Result<Loaded, StartError> {
    check_private_files(&configuration.keys.directory)?;
    let secrets = watch_secrets(&configuration.keys, &configuration.audit.origin, clock.clone())?;
    configuration.prepare_database()?;
    Ok(Loaded {
        store: Store::open(&configuration.database.url.expose(), from(&secrets.live(), |secrets| &secrets.vault))?,
        rules: configuration.rules()?,
        files: LiveFiles {
            secrets,
            authorities: configuration
                .authority
                .iter()
                .map(|files| Authority::watch(files, configuration.demonstration, clock.clone()))
                .collect::<Result<_, _>>()?,
            certificate: ServerCertificate::watch(&configuration.api.certificate, &configuration.api.key)?,
            partnership: watch_partnership(&configuration.partnership, configuration.authorities())?,
        },
    })
}

/// Gives a part of the secrets as they are at the moment.
fn from<T>(secrets: &Live<GatewaySecrets>, part: fn(&GatewaySecrets) -> &Arc<T>) -> impl Fn() -> Arc<T> + use<T> {
    let secrets = secrets.clone();
    move || Arc::clone(part(&secrets.load()))
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}
