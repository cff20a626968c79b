//! A primary, its replicas, and three redis-sentinels that watch them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    cable::Cable,
    certificates::{Certificates, Clients},
    watcher::{Seat, Watched, Watcher},
};
use crate::support::{
    Redis, RedisOptions,
    redis::{port::Port, user},
    wait,
};

/// What the sentinels call the primary.
pub const NAME: &str = "mymaster";
/// As many as agree with one of them gone.
const WATCHERS: usize = 3;
/// Long beside the second or two that it takes.
/// Sentinels that did not run for two seconds trust no clock for half a minute.
const AGREED_WITHIN: Duration = Duration::from_secs(70);

/// How a test's Sentinel differs from one primary with two replicas.
#[derive(Debug, Clone)]
pub struct SentinelOptions {
    /// How many replicas follow the primary.
    pub replicas: usize,
    /// Everybody reaches each server by a [`Cable`].
    pub cables: bool,
    /// TLS on all ports, and whether clients must show a certificate.
    pub tls: Option<(Arc<Certificates>, Clients)>,
    /// Append-only files, synced with each write.
    pub aof: bool,
    /// A primary of before is put in its place after ten seconds or more, as Sentinel comes, and not after one: until then
    /// it takes what clients write to it.
    pub slow: bool,
    /// Another server than the one on `PATH`.
    pub program: Option<PathBuf>,
    /// Further arguments of each server.
    pub extra: Vec<String>,
}

impl Default for SentinelOptions {
    fn default() -> Self {
        let extra = Vec::new();
        Self { replicas: 2, cables: false, tls: None, aof: false, slow: false, program: None, extra }
    }
}

/// See the module. Servers are counted from 0, which is the primary at first.
#[derive(Debug)]
pub struct Sentinel {
    watchers: Vec<Watcher>,
    servers: Vec<Redis>,
    /// One for each server, or none at all.
    cables: Vec<Cable>,
    tls: bool,
}

impl Sentinel {
    /// One primary, two replicas that have all of it, and three sentinels that agree about them.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(&SentinelOptions::default())
    }

    /// Starts one and waits until all agree.
    #[track_caller]
    pub fn with(options: &SentinelOptions) -> Self {
        let cables: Vec<Cable> = (0..=options.replicas).filter(|_| options.cables).map(|_| Cable::new()).collect();
        let mut servers: Vec<Redis> = Vec::new();
        for n in 0..=options.replicas {
            let primary = servers.first().map(|primary| reached(primary, cables.first()));
            let server = Redis::begin(server(options, cables.get(n), primary));
            if let Some(cable) = cables.get(n) {
                cable.lead_to(server.sockets().remove(0));
            }
            servers.push(server);
        }
        servers.iter_mut().for_each(Redis::wait_ready);
        let ports: Vec<u16> = servers.iter().enumerate().map(|(n, server)| reached(server, cables.get(n))).collect();
        let watched = Watched { name: NAME.to_owned(), port: ports[0], replicas: ports[1..].to_vec() };
        let watchers = watch(&[watched], options.tls.as_ref());
        watchers.iter().filter(|_| !options.slow).for_each(Watcher::hurry);
        let sentinel = Self { watchers, servers, cables, tls: options.tls.is_some() };
        sentinel.wait_followed();
        sentinel
    }

    /// What a sidecar's `REDIS_URL` should say.
    pub fn url(&self) -> String {
        url(&self.watchers, self.tls, NAME)
    }

    /// One of the servers.
    pub fn server(&self, n: usize) -> &Redis {
        &self.servers[n]
    }

    /// The same, to be hurt.
    pub fn server_mut(&mut self, n: usize) -> &mut Redis {
        &mut self.servers[n]
    }

    /// The sentinels hold a server for down that was silent for so long.
    pub fn set_down_after(&self, silence: Duration) {
        let ms = silence.as_millis().to_string();
        for watcher in &self.watchers {
            watcher.ask::<redis::Value>(&["SET", NAME, "down-after-milliseconds", &ms]).expect("a setting");
        }
    }

    /// How many servers there are.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// The wire before one of them.
    pub fn cable(&self, n: usize) -> &Cable {
        &self.cables[n]
    }

    /// Which server is the primary, as soon as all sentinels that run agree and it does as well.
    #[track_caller]
    pub fn primary(&self) -> usize {
        wait::until("the sentinels to agree", AGREED_WITHIN, || self.agreed())
    }

    /// Waits until they agree about another primary than this.
    #[track_caller]
    pub fn wait_primary_but(&self, n: usize) -> usize {
        wait::until("another primary", AGREED_WITHIN, || self.agreed().filter(|primary| *primary != n))
    }

    fn agreed(&self) -> Option<usize> {
        let told: Vec<u16> =
            self.watchers.iter().filter(|w| w.connect().is_ok()).map(|w| w.primary(NAME)).collect::<Option<_>>()?;
        let port = *told.first()?;
        let n = (0..self.len()).find(|n| self.port(*n) == port)?;
        let agreed = told.iter().all(|other| *other == port);
        (agreed && replication(&self.servers[n])?.contains("role:master")).then_some(n)
    }

    /// A planned failover: the sentinels promote a replica while the primary serves. Answers the new one.
    #[track_caller]
    pub fn failover(&self) -> usize {
        let before = self.primary();
        let begun = || self.watchers[0].ask::<String>(&["FAILOVER", NAME]).ok();
        // Refused while none of the replicas has been looked at yet.
        wait::until("a failover to begin", AGREED_WITHIN, begun);
        self.wait_primary_but(before)
    }

    /// Waits until all others follow the one that is the primary by then, with nothing left to fetch, and have said so once:
    /// until then, a second at most, nobody is told what they have. It need not be the one that Sentinels agreed on a moment
    /// ago: a failover that came to nothing is followed by another.
    #[track_caller]
    pub fn wait_followed(&self) {
        wait::until("all replicas to follow", AGREED_WITHIN, || {
            let roles: Option<Vec<String>> = self.servers.iter().map(replication).collect();
            let (primaries, replicas): (Vec<_>, Vec<_>) =
                roles?.into_iter().partition(|said| said.contains("role:master"));
            let [primary] = &primaries[..] else { return None };
            let told = |line: &&str| line.contains("state=online") && !line.contains("offset=0,");
            let online = primary.lines().filter(told).count();
            (online == replicas.len()).then_some(())
        });
    }

    /// SIGKILL to the primary; answers which it was.
    #[track_caller]
    pub fn kill_primary(&mut self) -> usize {
        let primary = self.primary();
        self.servers[primary].kill();
        primary
    }

    /// SIGSTOP to the primary; answers which it was.
    #[track_caller]
    pub fn freeze_primary(&self) -> usize {
        let primary = self.primary();
        self.servers[primary].pause();
        primary
    }

    /// Ends a [`Sentinel::freeze_primary`].
    pub fn thaw(&self, n: usize) {
        self.servers[n].resume();
    }

    /// Starts a killed server again on its data, as what it was at first; the sentinels put it in its place.
    #[track_caller]
    pub fn restart(&mut self, n: usize) {
        self.servers[n].restart();
    }

    /// Starts all servers and all sentinels again.
    #[track_caller]
    pub fn restart_all(&mut self) {
        self.servers.iter_mut().for_each(Redis::restart);
        self.watchers.iter_mut().for_each(Watcher::restart);
    }

    /// SIGKILL to one of the sentinels.
    pub fn kill_watcher(&mut self, n: usize) {
        self.watchers[n].kill();
    }

    fn port(&self, n: usize) -> u16 {
        reached(&self.servers[n], self.cables.get(n))
    }
}

/// As many sentinels as agree with one of them gone, which answer.
#[track_caller]
pub fn watch(watched: &[Watched], tls: Option<&(Arc<Certificates>, Clients)>) -> Vec<Watcher> {
    let ports: Vec<Port> = (0..WATCHERS).map(|_| Port::take()).collect();
    let numbers: Vec<u16> = ports.iter().map(Port::number).collect();
    let seated = ports.into_iter().enumerate();
    let start = |(number, port)| Watcher::start(port, &Seat { number, ports: numbers.clone() }, watched, tls);
    let mut watchers: Vec<Watcher> = seated.map(start).collect();
    watchers.iter_mut().for_each(Watcher::wait_ready);
    watchers
}

/// `REDIS_URL` for the primary of this name.
pub fn url(watchers: &[Watcher], tls: bool, name: &str) -> String {
    let scheme = if tls { "rediss+sentinel" } else { "redis+sentinel" };
    let hosts: Vec<String> = watchers.iter().map(|watcher| format!("127.0.0.1:{}", watcher.port())).collect();
    user::at(&format!("{scheme}://{}/{name}", hosts.join(",")))
}

fn reached(server: &Redis, cable: Option<&Cable>) -> u16 {
    cable.map(Cable::port).or_else(|| server.port()).expect("a port")
}

/// What a server says of its replication. Sentinels end its connections when they make it something else.
fn replication(server: &Redis) -> Option<String> {
    let client = redis::Client::open(format!("unix://{}", server.sockets()[0].display())).ok()?;
    let mut connection = client.get_connection_with_timeout(Duration::from_secs(1)).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    redis::cmd("INFO").arg("replication").query(&mut connection).ok()
}

/// A server of a Sentinel: a replica if there is a primary already.
pub fn server(options: &SentinelOptions, cable: Option<&Cable>, primary: Option<u16>) -> RedisOptions {
    let mut extra = vec!["--repl-diskless-sync-delay".to_owned(), "0".to_owned()];
    let mut set = |words: &[&str]| extra.extend(words.iter().map(|word| (*word).to_owned()));
    if let Some(cable) = cable {
        set(&["--replica-announce-ip", "127.0.0.1", "--replica-announce-port", &cable.port().to_string()]);
    }
    if let Some(port) = primary {
        set(&["--replicaof", "127.0.0.1", &port.to_string()]);
    }
    if options.aof {
        set(&["--appendfsync", "always"]);
    }
    extra.extend(options.extra.iter().cloned());
    let tls = options.tls.as_ref().map(|(certificates, clients)| certificates.arguments(*clients)).unwrap_or_default();
    RedisOptions {
        tcp: cable.is_none(),
        aof: options.aof,
        extra,
        tls,
        program: options.program.clone(),
        ..Default::default()
    }
}

mod tests;
