//! A load that runs before, during and after a fault, and all that must hold whatever the fault was.

use std::{
    fs,
    time::{Duration, Instant},
};

use otp_sidecar::store::functions;

use crate::support::{
    Client, Proxy, Redis, RedisOptions, Sidecar, Traffic,
    ledger::{ANSWERED_WITHIN, Ledger},
    rig::UNLIMITED,
    traffic, wait,
};

const APPS: usize = 6;
/// From the end of a fault to the first code issued.
const RECOVERED_WITHIN: Duration = Duration::from_secs(2);
/// Connections to Redis tried for within any one second.
const MOST_ATTEMPTS: usize = 20;
/// One for verdicts, one for events, one for the rest.
const LINKS: usize = 3;
/// Scripts that reach Redis for each hundred calls.
const MOST_SCRIPTS_PER_CENT: usize = 110;
/// Calls that a test makes beside the traffic, at most.
const OWN_CALLS: usize = 60;
/// Threads for work that blocks come when there is some, and go ten seconds later.
const SPARE_THREADS: usize = 2;

/// A Redis, a proxy before it, a sidecar with its own time-out, and traffic through them.
pub struct Trial {
    pub traffic: Traffic,
    pub client: Client,
    pub sidecar: Sidecar,
    pub proxy: Proxy,
    pub redis: Redis,
    held: (usize, usize),
    scripts: usize,
    scripts_a_call: usize,
}

/// What the traffic was told.
pub type Told = Ledger;

impl Trial {
    /// Over a Redis with these options.
    pub async fn start(options: RedisOptions) -> Self {
        Self::with(options, &[]).await
    }

    /// With a hash that takes time, so that a call is two scripts and a fault may come between them.
    pub async fn in_two_steps() -> Self {
        let cheap = [("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")];
        Self { scripts_a_call: 2, ..Self::with(RedisOptions::default(), &cheap).await }
    }

    /// With the longest time-out that can be set, where no call may fail however busy the machine is.
    pub async fn patient() -> Self {
        Self::with(RedisOptions::default(), &[("OTP_REDIS_TIMEOUT", "800ms")]).await
    }

    async fn with(options: RedisOptions, variables: &[(&str, &str)]) -> Self {
        let redis = Redis::with(options);
        let proxy = Proxy::start(&redis);
        let sidecar = Sidecar::builder().unset("OTP_REDIS_TIMEOUT").set("REDIS_URL", &proxy.url());
        let sidecar = sidecar.set_all(&UNLIMITED).set_all(variables).start();
        let client = sidecar.client();
        for n in 0..20 {
            // Whatever they answer: what this opens stays open.
            let sent = client.send(&format!("warm{n}")).await;
            client.check_id(sent.body["id"].as_str().unwrap_or("none"), "000000").await;
        }
        let (held, scripts) = (held(sidecar.pid()), scripts(&proxy));
        let traffic = Traffic::start(&client, APPS);
        traffic.wait_issued(10).await;
        Self { traffic, client, sidecar, proxy, redis, held, scripts, scripts_a_call: 1 }
    }

    /// Lets time pass with the fault in place.
    pub async fn endure(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Right after the fault's end: codes are issued again soon.
    pub async fn issues(&self) {
        let sent = || async { (self.client.send("bob").await.status == 201).then_some(()) };
        wait::until_async("a send to succeed", RECOVERED_WITHIN, sent).await;
    }

    /// [`Trial::issues`], is ready, and the traffic goes on.
    pub async fn recovers(&self) {
        let start = Instant::now();
        self.issues().await;
        self.is_ready(true, RECOVERED_WITHIN.saturating_sub(start.elapsed())).await;
        self.traffic.wait_issued(5).await;
    }

    /// Waits until `/readyz` says so.
    pub async fn is_ready(&self, ready: bool, within: Duration) {
        let client = Client::new(self.sidecar.app().clone());
        let status = if ready { 200 } else { 503 };
        let probe = || async { (client.get("/readyz").await.status == status).then_some(()) };
        wait::until_async(&format!("/readyz to be {status}"), within, probe).await;
    }

    /// Waits until a line of the log contains all of these words.
    pub fn logs(&self, words: &[&str]) {
        let told = || self.sidecar.log_lines().iter().any(|line| words.iter().all(|word| line.contains(word)));
        wait::until(&format!("the log to say {words:?}"), wait::PATIENCE, || told().then_some(()));
    }

    /// Ends the traffic and asserts what must hold after any fault.
    pub async fn end(self) -> Told {
        let mut told = self.traffic.stop().await;
        let scripts = scripts(&self.proxy) - self.scripts;
        traffic::audit(&self.client, &mut told).await;
        assert_eq!(told.violations, Vec::<String>::new(), "{} calls", told.calls);
        assert!(told.slowest <= ANSWERED_WITHIN || self.scripts_a_call > 1, "an answer took {:?}", told.slowest);
        assert!(told.entries.iter().any(|entry| entry.approved == 1), "somebody was let in");
        // Whoever was refused before it was sent needs no script.
        let most = self.scripts_a_call * (told.calls + OWN_CALLS) * MOST_SCRIPTS_PER_CENT / 100;
        assert!(scripts <= most, "{scripts} scripts, {} calls", told.calls);
        let panicked: Vec<_> = self.sidecar.log_lines().into_iter().filter(|line| line.contains("panicked")).collect();
        assert_eq!(panicked, Vec::<String>::new());
        let attempts = self.proxy.most_attempts_a_second();
        println!(
            "{} calls, {} refused, {} unanswered, slowest {:?}, {scripts} scripts, {attempts} connections in one second",
            told.calls, told.unavailable, told.unanswered, told.slowest
        );
        assert!(attempts <= MOST_ATTEMPTS, "{attempts} connections to Redis within a second");
        wait::until("connections to Redis to be given up", wait::PATIENCE, || {
            (self.proxy.open() <= LINKS).then_some(())
        });
        let (threads, descriptors) = self.held;
        wait::until("threads and descriptors to be given back", Duration::from_secs(12), || {
            let now = held(self.sidecar.pid());
            (now.0 <= threads + SPARE_THREADS && now.1 <= descriptors + LINKS).then_some(())
        });
        told
    }
}

/// A count that a soak may raise by a variable of this name.
pub fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |value| value.parse().expect("a number"))
}

/// Sends and checks that reached Redis.
fn scripts(proxy: &Proxy) -> usize {
    let ours = [
        &functions::SEND,
        &functions::RESERVE,
        &functions::STORE,
        &functions::CHECK,
        &functions::CLAIM,
        &functions::SETTLE,
    ];
    proxy.scripts(|what| ours.iter().any(|function| what == function.registered))
}

/// Threads and descriptors of a process.
pub fn held(pid: u32) -> (usize, usize) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")?.trim().parse().ok());
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count();
    (threads.expect("a number of threads"), descriptors)
}
