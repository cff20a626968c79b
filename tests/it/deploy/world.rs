//! Apps with a sidecar each, to every one of which something else happens.

use std::{collections::BTreeMap, fs};

use super::{
    happenings::{
        brute_force, checkpoint, events, everyday, hard_stop, hashing, lockouts, not_getting_in, pumping, spraying,
        undelivered,
    },
    prometheus::Target,
};
use crate::{
    mail::relay::Relay,
    sms::{self, provider::Provider},
    support::{Address, Clock, Redis, RedisOptions, Sidecar, rig::UNLIMITED},
};

/// What happens to one app, and who is told of it.
#[derive(Debug)]
pub struct Scenario {
    /// The app, as the label `namespace` names it.
    pub app: &'static str,
    /// The variables of its sidecar, on top of those of [`UNLIMITED`].
    variables: &'static [(&'static str, &'static str)],
    /// What is told, and to whom.
    pub told: &'static [(&'static str, &'static str)],
    /// What may fire as well and is told to nobody, since it is a consequence.
    pub held_back: &'static [&'static str],
}

const PAGE: &str = "page";
const TICKET: &str = "ticket";

/// Every alert that can be brought about in seconds is here. The others, and what alerts make of days, are in
/// `deploy/prometheus/tests`.
pub const SCENARIOS: [Scenario; 14] = [
    Scenario {
        app: "everyday",
        variables: &[
            ("OTP_HASH", "argon2id"),
            ("OTP_ARGON2_MEMORY_KIB", "1024"),
            ("OTP_ARGON2_ITERATIONS", "1"),
            ("OTP_AUDIT_SINK", "dir"),
            ("OTP_RISK", "shadow"),
        ],
        told: &[],
        held_back: &[],
    },
    Scenario { app: "brute-force", variables: &[], told: &[(TICKET, "OtpBruteForce")], held_back: &[] },
    Scenario {
        app: "spraying",
        variables: &[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "20")],
        told: &[(TICKET, "OtpSpraying")],
        held_back: &[],
    },
    Scenario { app: "lockouts", variables: &[], told: &[(PAGE, "OtpLockoutSurge")], held_back: &[] },
    Scenario {
        app: "pumping",
        variables: &[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "5")],
        told: &[(PAGE, "OtpSendingSurge")],
        held_back: &["OtpSuccessRateFalling"],
    },
    Scenario { app: "not-getting-in", variables: &[], told: &[(PAGE, "OtpSuccessRateFalling")], held_back: &[] },
    Scenario {
        app: "store-down",
        variables: &[],
        told: &[(PAGE, "OtpStoreDown")],
        held_back: &["OtpStoreFailing", "OtpAvailabilityBurn"],
    },
    Scenario {
        app: "hashing",
        variables: &[("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "8192")],
        told: &[(PAGE, "OtpHashQueueFull")],
        held_back: &["OtpAvailabilityBurn", "OtpLatencyBurn"],
    },
    Scenario { app: "wrong-path", variables: &[], told: &[(PAGE, "OtpNotScraped")], held_back: &[] },
    Scenario {
        app: "backlog",
        variables: &[("OTP_AUDIT_SOFT_BACKLOG", "50"), ("OTP_AUDIT_HARD_BACKLOG", "1000")],
        told: &[(TICKET, "OtpAuditBacklog"), (TICKET, "OtpExporterStuck")],
        held_back: &[],
    },
    Scenario {
        app: "hard-stop",
        variables: &[("OTP_MAX_CONSECUTIVE_FAILURES", "3")],
        told: &[(TICKET, "OtpUserDisabled")],
        held_back: &[],
    },
    Scenario { app: "undelivered", variables: &[], told: &[(PAGE, "OtpDeliveryFailing")], held_back: &[] },
    Scenario {
        app: "clock",
        variables: &[],
        told: &[(TICKET, "OtpStoreClockJumped"), (TICKET, "OtpClocksApart")],
        held_back: &[],
    },
    Scenario {
        app: "no-trail",
        variables: &[("OTP_AUDIT_SINK", "dir"), ("OTP_AUDIT_DIR", "trail")],
        told: &[(TICKET, "OtpAuditTrailFailing")],
        held_back: &[],
    },
];

/// The apps with nothing but a network, a user or a store of their own to tell them apart share a Redis; whoever learns of
/// sign-ins there learns of all.
const REDIS_OF_THEIR_OWN: [&str; 5] = ["everyday", "store-down", "backlog", "clock", "no-trail"];
/// A checkpoint each minute is more than a test can wait for: the clock of `everyday` is put by more than that.
const OVER_A_MINUTE: i64 = 70;

/// See the module. Sidecars are dropped before their Redis.
#[derive(Debug)]
pub struct World {
    sidecars: BTreeMap<&'static str, Sidecar>,
    own: BTreeMap<&'static str, Redis>,
    _shared: Redis,
    /// Where the audit trail of `no-trail` goes.
    trail: tempfile::TempDir,
    /// Those of the sidecar of `everyday` and of the Redis of `clock`.
    clocks: [Clock; 2],
    /// That of `everyday`.
    relay: Relay,
}

impl World {
    /// Starts a sidecar for each scenario.
    pub fn start() -> Self {
        let (shared, trail, relay) = (Redis::start(), super::daemon::place("trail"), Relay::plain());
        let clocks = [Clock::new(0), Clock::new(0)];
        let relayed = relay.variables().into_iter().map(|(name, value)| (name.to_owned(), value));
        let by_sms = sms::channels(&Provider::start(), &[("SMS", "200")]);
        let everyday: Vec<_> = relayed.chain(by_sms).chain(clocks[0].variables()).collect();
        let redis = |app| match app {
            "clock" => Redis::with_environment(RedisOptions::default(), clocks[1].variables()),
            _ => Redis::start(),
        };
        let own: BTreeMap<_, _> = REDIS_OF_THEIR_OWN.into_iter().map(|app| (app, redis(app))).collect();
        let start = |scenario: &Scenario| {
            let redis = own.get(scenario.app).unwrap_or(&shared);
            // Thousands of lines of requests would hide what a failing test says.
            let builder =
                Sidecar::builder().on(redis).set("OTP_LOG", "info,otp_sidecar::telemetry=warn").set_all(&UNLIMITED);
            let builder = scenario.variables.iter().fold(builder, |builder, (name, value)| match *name {
                "OTP_AUDIT_DIR" => builder.set(name, &trail.path().join(value).display().to_string()),
                _ => builder.set(name, value),
            });
            let builder = match scenario.app {
                "backlog" => builder.stdout_gone(),
                "everyday" => everyday.iter().fold(builder, |builder, (name, value)| builder.set(name, value)),
                _ => builder,
            };
            (scenario.app, builder.start())
        };
        Self { sidecars: SCENARIOS.iter().map(start).collect(), own, _shared: shared, trail, clocks, relay }
    }

    /// What Prometheus is to scrape.
    pub fn targets(&self) -> Vec<Target> {
        let target = |(app, sidecar): (&&'static str, &Sidecar)| {
            let Address::Tcp(address) = sidecar.admin() else { panic!("not TCP") };
            let path = if *app == "wrong-path" { "/metric" } else { "/metrics" };
            Target { namespace: app, address: address.to_string(), path }
        };
        self.sidecars.iter().map(target).collect()
    }

    /// Lets everything happen.
    pub async fn happen(&mut self) {
        self.own.get_mut("store-down").expect("its store").kill();
        let trail = self.trail.path().join("trail");
        fs::rename(&trail, self.trail.path().join("away")).expect("a trail");
        fs::write(&trail, "a file").expect("a file in its place");
        let client = |app: &str| self.sidecars[app].client();
        self.clocks.iter().for_each(|clock| clock.put(OVER_A_MINUTE));
        // One after the other, so that no call is late because of what happens elsewhere.
        everyday(client("everyday")).await;
        self.relay.wait_mails("everyday@example.com", 1);
        checkpoint(&self.sidecars["everyday"]).await;
        self.clocks[0].put(0);
        brute_force(client("brute-force")).await;
        spraying(client("spraying")).await;
        lockouts(client("lockouts")).await;
        pumping(client("pumping")).await;
        not_getting_in(client("not-getting-in")).await;
        events(client("backlog"), 100).await;
        hard_stop(client("hard-stop")).await;
        undelivered(client("undelivered")).await;
        events(client("no-trail"), 1).await;
        hashing(client("hashing")).await;
    }
}
