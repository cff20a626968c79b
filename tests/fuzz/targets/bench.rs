//! The calls of the app's interface without a socket: what a body means, from its bytes to the answer's.

use std::{ffi::OsString, sync::Arc, time::Duration};

use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use otp_sidecar::{
    config::Config,
    http::{
        Problem, RequestId,
        calls::{Answered, call, route::Operation},
    },
    metrics::Metrics,
    secret::{ArgonCost, AuditKey, HashScheme, IndexKey, Pepper, PepperRing},
    service::{Caller, Secrets, Service, hashing::Hashing},
    store::{Durability, Fingerprints, Server, Store, StoreOptions},
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A machine under full load must not look like a fault.
const TIMEOUT: Duration = Duration::from_secs(30);
/// As cheap as Argon2 can be.
const CHEAP: HashScheme = HashScheme::Argon2id(ArgonCost { memory_kib: 8, iterations: 1 });

/// Limits that a few calls come to feel, and codes that outlive any search.
const LIMITS: [(&str, &str); 8] = [
    ("OTP_LIFETIME_MINUTES", "24h"),
    ("RESEND_COOLDOWN_SECONDS", "0"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "40"),
    ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "500"),
    ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "50"),
    ("OTP_REQUIRE_CLIENT_IP", "false"),
    ("RESEND_COOLDOWN_SECONDS__PAY", "1s"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR__PAY", "120/1m"),
];

/// Which call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Send,
    Check,
    Cancel,
    Delivery,
    Report,
    Get,
    Status,
    GuardRequest,
    GuardFailure,
    GuardSuccess,
}

impl Call {
    pub const ALL: [Self; 10] = [
        Self::Send,
        Self::Check,
        Self::Cancel,
        Self::Delivery,
        Self::Report,
        Self::Get,
        Self::Status,
        Self::GuardRequest,
        Self::GuardFailure,
        Self::GuardSuccess,
    ];
}

/// A service and what it runs on.
pub struct Bench {
    runtime: Runtime,
    service: Service,
    store: Arc<Store>,
    fingerprints: Fingerprints,
}

impl Bench {
    pub fn new(server: &str, slow: bool) -> Self {
        let (config, _) = Config::from_env(LIMITS.map(|(name, value)| (OsString::from(name), value.into()))).unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let server = Server::parse(server).unwrap();
        let options = StoreOptions { server: &server, timeout: TIMEOUT, durability: Durability::default() };
        let store = Arc::new(Store::new(options, &config.policy, "bench", Arc::clone(&metrics)).unwrap());
        let index = IndexKey::new(&[1; 32]);

        let peppers = PepperRing::new(&[Pepper { kid: String::new(), value: vec![2; 32].into() }]).unwrap();
        let fingerprints = Fingerprints { index: index.fingerprint(), audit: [1; 16], peppers: peppers.kids() };
        let service = Service::new(
            config.policy,
            if slow { CHEAP } else { HashScheme::Hmac },
            &config.audit,
            Secrets { index, peppers, audit: Arc::new(AuditKey::from_index_key(&[1; 32])) },
            Hashing::start(1, Arc::clone(&metrics)).unwrap(),
            Arc::clone(&store),
            metrics,
        );
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, service, store, fingerprints }
    }

    /// Lets it use its server.
    pub fn examine(&self) {
        self.runtime.block_on(self.store.examine(&self.fingerprints)).unwrap();
    }

    /// Runs `work` where the calls run.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// One call; status and body of the answer. `id` is for calls whose URL names one.
    pub fn call(&self, call: Call, id: &str, body: &[u8]) -> (u16, Value) {
        let request = RequestId::new(1);
        self.runtime.block_on(async {
            let answered = self.answer(call, id, body, &request).await;
            let reply = answered.map_or_else(|problem| problem.into_reply(&request), |answered| answered.reply);
            let status = reply.status().as_u16();
            let bytes = reply.into_body().collect().await.unwrap().to_bytes();
            assert!(bytes.len() < 4096, "{} bytes", bytes.len());
            let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
            (status, body)
        })
    }

    async fn answer(&self, call: Call, text: &str, body: &[u8], id: &RequestId) -> Result<Answered, Problem> {
        let (service, caller) = (&self.service, Caller { tenant: "shop", request_id: "r" });
        let operation = match call {
            Call::Send => Operation::Send,
            Call::Check => Operation::Check,
            Call::Cancel => Operation::Cancel,
            Call::Delivery => Operation::Delivery,
            Call::Report => Operation::Report,
            Call::Get => Operation::Get,
            Call::Status => Operation::Status,
            Call::GuardRequest => Operation::GuardRequest,
            Call::GuardFailure => Operation::GuardFailure,
            Call::GuardSuccess => Operation::GuardSuccess,
        };
        let call = call::Call { operation, verification: text, headers: &HeaderMap::new(), body };
        call.answer(service, caller, id).await
    }
}
