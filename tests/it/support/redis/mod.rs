//! The Redis of one test: a private server, or one that the tests of this process use in turn.

mod ask;
pub mod lease;
mod options;
pub mod port;
pub mod server;
pub mod user;

use std::path::{Path, PathBuf};

use lease::Lease;
pub use options::RedisOptions;
use otp_sidecar::store::functions;
use server::Server;

/// A library of somebody else that has a function of ours: with it, Redis cannot load ours.
pub fn in_the_way() -> String {
    let ours = &functions::SEND.registered;
    format!("#!lua name=in_the_way\nredis.register_function('{ours}', function() return 0 end)")
}

/// See the module.
#[derive(Debug)]
pub struct Redis(Servers);

#[derive(Debug)]
enum Servers {
    /// With users of the test's own, or with the usual ones.
    Own(Server, Users),
    /// Emptied before.
    Shared(Lease),
}

#[derive(Debug, PartialEq)]
enum Users {
    Usual,
    OfTheTest,
}

impl Redis {
    /// An empty one with the plain options.
    #[track_caller]
    pub fn start() -> Self {
        match Lease::take() {
            Some(lease) => Self(Servers::Shared(lease)),
            None => Self::with(RedisOptions::default()),
        }
    }

    /// Starts one of the test's own and waits until it answers.
    #[track_caller]
    pub fn with(options: RedisOptions) -> Self {
        let mut redis = Self::begin(options);
        redis.wait_ready();
        redis
    }

    /// [`Redis::with`] without waiting for it.
    #[track_caller]
    pub fn begin(options: RedisOptions) -> Self {
        let users = if options.acl.is_some() { Users::OfTheTest } else { Users::Usual };
        Self(Servers::Own(Server::start(&options), users))
    }

    /// [`Redis::with`], with variables for the server on top of the test's own.
    #[track_caller]
    pub fn with_environment(options: RedisOptions, environment: Vec<(String, String)>) -> Self {
        let environment = [options.environment, environment].concat();
        Self::with(RedisOptions { environment, ..options })
    }

    /// Where it is, for a user that needs no name.
    pub fn url(&self) -> String {
        match &self.0 {
            Servers::Own(server, _) => match server.port() {
                Some(port) => format!("redis://127.0.0.1:{port}"),
                None => format!("unix://{}", server.socket().display()),
            },
            Servers::Shared(lease) => lease.url().to_owned(),
        }
    }

    /// What a sidecar's `REDIS_URL` should say: with the rights of `deploy/redis.acl` unless the test brought users of its
    /// own.
    pub fn sidecars_url(&self) -> String {
        match &self.0 {
            Servers::Own(_, Users::Usual) => user::at(&self.url()),
            Servers::Own(_, Users::OfTheTest) | Servers::Shared(_) => self.url(),
        }
    }

    /// The unix sockets of all primaries.
    pub fn sockets(&self) -> Vec<PathBuf> {
        match &self.0 {
            Servers::Own(server, _) => vec![server.socket()],
            Servers::Shared(lease) => lease.sockets().to_vec(),
        }
    }

    /// Where its data and its log (`redis.log`) lie.
    #[track_caller]
    pub fn dir(&self) -> &Path {
        match &self.0 {
            Servers::Own(server, _) => server.dir(),
            Servers::Shared(_) => shared(),
        }
    }

    /// Its port, where it has one.
    #[track_caller]
    pub fn port(&self) -> Option<u16> {
        match &self.0 {
            Servers::Own(server, _) => server.port(),
            Servers::Shared(_) => shared(),
        }
    }

    /// SIGKILL: whatever was not on disk is gone.
    #[track_caller]
    pub fn kill(&mut self) {
        self.own().kill();
    }

    /// SIGSTOP: connections stay open and nothing is answered.
    #[track_caller]
    pub fn pause(&self) {
        match &self.0 {
            Servers::Own(server, _) => server.pause(),
            Servers::Shared(_) => shared(),
        }
    }

    /// Ends a [`Redis::pause`].
    #[track_caller]
    pub fn resume(&self) {
        match &self.0 {
            Servers::Own(server, _) => server.resume(),
            Servers::Shared(_) => shared(),
        }
    }

    /// Starts it again on the same address and data, ending it first if it still runs.
    #[track_caller]
    pub fn restart(&mut self) {
        self.restart_unready();
        self.wait_ready();
    }

    /// [`Redis::restart`] without waiting for it.
    #[track_caller]
    pub fn restart_unready(&mut self) {
        self.own().restart();
    }

    /// Starts with this value of a setting that it was started with, from the next time on.
    #[track_caller]
    pub fn replace_argument(&mut self, setting: &str, value: &str) {
        self.own().replace_argument(setting, value);
    }

    /// Waits until it answers PING, which it does not while it loads.
    #[track_caller]
    pub fn wait_ready(&mut self) {
        self.own().wait_ready();
    }

    #[track_caller]
    fn own(&mut self) -> &mut Server {
        match &mut self.0 {
            Servers::Own(server, _) => server,
            Servers::Shared(_) => shared(),
        }
    }
}

/// A test that harms its server cannot use one that others use after it: `topology::suite` must leave it out.
#[track_caller]
fn shared() -> ! {
    panic!("this server is used by other tests as well");
}

#[test]
fn a_server_keeps_its_address_and_its_append_only_data_over_a_kill() {
    let mut redis = Redis::with(RedisOptions {
        aof: true,
        extra: vec!["--appendfsync".into(), "always".into()],
        ..Default::default()
    });
    redis.cli(&["SET", "kept", "1"]);
    let url = redis.url();
    redis.kill();
    redis.restart();
    assert_eq!((redis.url(), redis.keys()), (url, vec![b"kept".to_vec()]));
}

#[test]
fn options_reach_the_server_and_two_servers_share_nothing() {
    let small = Redis::with(RedisOptions {
        tcp: true,
        maxmemory: Some("64mb".into()),
        policy: Some("allkeys-lru".into()),
        ..Default::default()
    });
    let plain = Redis::start();
    assert!(small.url().starts_with("redis://127.0.0.1:"));
    assert_eq!(small.info("memory", "maxmemory_policy"), "allkeys-lru");
    assert_eq!(plain.info("memory", "maxmemory_policy"), "noeviction");
    small.cli(&["SET", "mine", "1"]);
    assert_eq!(plain.ask::<u64>(&["DBSIZE"]), 0);
}

#[test]
fn a_paused_server_answers_nothing_until_it_is_resumed() {
    let redis = Redis::start();
    let mut connection = redis.connect();
    connection.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    redis.pause();
    assert!(redis::cmd("PING").query::<String>(&mut connection).is_err());
    redis.resume();
    assert_eq!(redis.ask::<String>(&["PING"]), "PONG");
}

#[test]
fn users_of_an_acl_file_are_in_force() {
    let acl = "user default on nopass ~* &* +@all\nuser app on >secret ~otp:* +get\n".to_owned();
    let redis = Redis::with(RedisOptions { acl: Some(acl), ..Default::default() });
    let users: Vec<String> = redis.ask(&["ACL", "USERS"]);
    assert_eq!(users, ["app", "default"]);
}
