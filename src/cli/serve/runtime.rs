//! What a running sidecar is made of, put together once.

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use tokio::runtime::Handle;

use super::reload::Callers;
use crate::{
    cli::exit::{Exit, Failure},
    config::{self, Config, Preset, StoreTarget},
    delivery::Outbox,
    http::{
        BodyLimits, Connections,
        admission::Admission,
        calls::{admin::Admin, app::App, health::Draining},
    },
    metrics::Metrics,
    risk::{Mode, Risk},
    secret::{AuditKey, IndexKey, MessageSealer, Pepper, PepperRing, TrailKeys, WhoSealer},
    service::{Secrets, Service, hashing::Hashing},
    sink::{self, Courier},
    store::{Fingerprints, Server, Store, StoreError, StoreOptions, embedded::Embedded},
};

/// Pause between two first looks at a server that does not answer yet.
const AGAIN: Duration = Duration::from_millis(10);
/// How often somebody who waits for the server is told so.
const TOLD: Duration = Duration::from_secs(5);

/// What answers and what it needs. Ends the embedded server when dropped.
#[derive(Debug)]
pub struct Runtime<'a> {
    /// What it is made by.
    pub config: &'a Config,
    /// Decides calls.
    pub service: Arc<Service>,
    /// Where state is.
    pub store: Arc<Store>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether we are on our way out.
    pub draining: Arc<Draining>,
    /// Who may call.
    pub callers: Callers,
    /// Fingerprints of the keys.
    pub fingerprints: Fingerprints,
    /// What the trail is sealed with.
    pub audit: Arc<AuditKey>,
    /// Random, and new at each start.
    pub(super) name: String,
    /// Opens the names in the outbox.
    pub(super) outbox: WhoSealer,
    /// Delivers codes, where we do.
    pub delivery: Option<Arc<Outbox>>,
    /// What is learned of sign-ins, and where clients are.
    pub risk: Option<Arc<Risk>>,
    embedded: Option<Embedded>,
}

impl<'a> Runtime<'a> {
    /// Puts them together; starts the embedded server where it is to be used.
    pub fn new(config: &'a Config, path: &str) -> Result<Self, Failure> {
        let fault = |why: &str| Failure::said(Exit::Fault, why);
        let metrics = Arc::new(Metrics::new().map_err(|_| fault("metrics cannot be registered"))?);
        let (server, embedded) = match &config.store {
            StoreTarget::Embedded { binary } => {
                let embedded = Embedded::start(&config.data_dir, binary.clone(), path)?;
                (embedded.server(), Some(embedded))
            }
            StoreTarget::Url { server, .. } => (Server::clone(server), None),
        };
        let own = embedded.as_ref();
        let index_key = config.index_key.as_ref().or(own.map(|e| &e.index_key)).ok_or_else(|| fault("no index key"))?;
        let index = IndexKey::new(index_key.expose_secret());
        let made = || own.map(|e| Pepper { kid: String::new(), value: e.pepper.clone() });
        let peppers = match config.peppers.is_empty() {
            false => PepperRing::new(&config.peppers),
            true => PepperRing::new(made().as_slice()),
        };
        let peppers = peppers.ok_or_else(|| fault("no pepper"))?;
        let audit = match &config.audit.key {
            Some(key) => AuditKey::new(key.expose_secret()),
            None => AuditKey::from_index_key(index_key.expose_secret()),
        };
        let audit = Arc::new(audit);
        let name = format!("{:032x}", rand::random::<u128>());
        let options = StoreOptions { server: &server, timeout: config.redis_timeout, durability: config.durability };
        let store = Store::new(options, &config.policy, &instance_id(&name), Arc::clone(&metrics))
            .map_err(|error| Failure::said(Exit::Config, error.to_string()))?;
        if own.is_some_and(|own| own.stopped_well) {
            store.clean_start.announce();
        }
        let store = Arc::new(store);
        let fingerprints =
            Fingerprints { index: index.fingerprint(), audit: audit.fingerprint(), peppers: peppers.kids() };
        let outbox = WhoSealer::new(&index);
        store.positions.belongs_to(&fingerprints.index);
        let hashing =
            Hashing::start(config.hash_threads, Arc::clone(&metrics)).map_err(|_| fault("cannot start threads"))?;
        let delivery = config.delivery.clone().map(|settings| {
            let sealer = MessageSealer::new(&index, &peppers);
            let who = config.audit.names.then(|| outbox.clone());
            let (store, metrics) = (Arc::clone(&store), Arc::clone(&metrics));
            Arc::new(Outbox::new(settings, sealer, who, store, metrics))
        });
        let is_asked = config.risk.mode != Mode::Off || config.locations.is_some();
        let risk = is_asked.then(|| Risk::new(config.risk.clone(), config.locations.clone(), index.tenants()));
        let risk = risk.map(Arc::new);
        if config.risk.mode != Mode::Off {
            metrics.begin_risk(config.risk.mode.label());
        }
        let service = Service::new(
            config.policy.clone(),
            config.hash,
            &config.audit,
            Secrets { index, peppers, audit: Arc::clone(&audit) },
            hashing,
            Arc::clone(&store),
            Arc::clone(&metrics),
        );
        let development = config.preset == Preset::Development;
        let service = service.delivering(delivery.clone()).judging(risk.clone());
        let service = Arc::new(if development { service.expecting_loopback() } else { service });
        let (draining, callers) = (Arc::default(), Callers::new(config));
        Ok(Self {
            config,
            service,
            store,
            metrics,
            draining,
            callers,
            fingerprints,
            audit,
            name,
            outbox,
            delivery,
            risk,
            embedded,
        })
    }

    /// The handler of the app's listener.
    pub fn app(&self) -> App {
        App {
            service: Arc::clone(&self.service),
            authenticator: self.callers.app.clone(),
            body: BodyLimits::new(self.config.max_body_bytes),
            metrics: Arc::clone(&self.metrics),
            draining: Arc::clone(&self.draining),
            twilio: self.config.twilio.clone(),
        }
    }

    /// The handler of the operator's listener; of `connections` it can tell how many are open.
    pub fn admin(&self, connections: Vec<(&'static str, Arc<Connections>)>) -> Admin {
        let audit = &self.config.audit;
        Admin {
            service: Arc::clone(&self.service),
            authenticator: self.callers.admin.clone(),
            body: BodyLimits::new(self.config.max_body_bytes),
            metrics: Arc::clone(&self.metrics),
            draining: Arc::clone(&self.draining),
            admission: Admission::default(),
            connections,
            tenants: Arc::clone(&self.callers.tenants),
            config: Arc::clone(&self.callers.in_force),
            trails: (audit.sink != config::Sink::Stdout).then(|| Arc::new(audit.dir.clone())),
        }
    }

    /// Waits until the server can be asked. An error says why it never may be.
    pub async fn first_look(&self) -> Result<(), Failure> {
        let never = |why: String| Failure::said(Exit::Unreachable, why);
        let mut told = tokio::time::Instant::now();
        loop {
            match self.store.examine(&self.fingerprints).await {
                Ok(()) => {
                    self.embedded.as_ref().map(Embedded::answered);
                    self.metrics.store_up.set(1);
                    self.store.set_reachable(true);
                    return Ok(());
                }
                Err(error @ StoreError::Unusable(_)) => return Err(never(format!("cannot use this Redis: {error}"))),
                Err(error) => {
                    if let Some(why) = self.embedded.as_ref().and_then(Embedded::given_up) {
                        return Err(never(why.to_string()));
                    }
                    if told.elapsed() > TOLD {
                        self.tell_waiting(&error);
                        told = tokio::time::Instant::now();
                    }
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn tell_waiting(&self, error: &StoreError) {
        match &self.embedded {
            Some(embedded) => {
                tracing::warn!(%error, log = %embedded.log().display(), "waiting for embedded Redis");
            }
            None => tracing::warn!(%error, "waiting for Redis (REDIS_URL)"),
        }
    }

    /// Those who ship the trails to sinks.
    pub fn couriers(&self) -> Vec<Courier> {
        let Some(keys) = TrailKeys::new(&self.audit) else { return Vec::new() };
        let parts = sink::Parts {
            root: self.config.audit.dir.clone(),
            public: *keys.public(),
            service: Arc::clone(&self.service),
            runtime: Handle::current(),
            metrics: Arc::clone(&self.metrics),
        };
        sink::couriers(&self.config.sinks, &parts)
    }

    /// This sidecar's name in events.
    pub fn instance_id(&self) -> String {
        instance_id(&self.name)
    }
}

fn instance_id(name: &str) -> String {
    format!("sidecar-{}", name.get(..8).unwrap_or_default())
}
