//! What a kind of store needs in a setting is asked for, named where it is missing, and nothing else is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use otp_sidecar::{
    config::Config,
    metrics::Metrics,
    store::{Durability, Fingerprints, Server, Store, StoreError, StoreOptions},
};

use super::on;
use crate::support::{
    Redis, RedisOptions,
    redis::user,
    topology::{
        cluster::Cluster,
        sentinel::{Sentinel, SentinelOptions},
        valkey,
    },
};

/// Nothing of this is for one server alone, but for what tidies up where it may.
const SOME_NEED: [&str; 8] =
    ["wait", "waitaof", "select", "asking", "cluster|slots", "cluster|info", "function|list", "function|delete"];

/// Why a store must not be used, in words; none where it may be.
async fn probe(url: &str, durability: Durability) -> Option<String> {
    let (config, _) = Config::from_env([]).unwrap();
    let server = Server::parse(url).unwrap();
    let options = StoreOptions { server: &server, timeout: Duration::from_secs(5), durability };
    let store = Store::new(options, &config.policy, "test", Arc::new(Metrics::new().unwrap())).unwrap();
    let ours = Fingerprints { index: [1; 16], audit: [1; 16], peppers: vec![[1; 4]] };
    match store.probe(&ours).await {
        Ok(()) => None,
        Err(StoreError::Unusable(why)) => Some(why),
        Err(error) => panic!("{error}"),
    }
}

/// Takes away each command in turn. What is needed beyond what every store needs is `more`.
async fn each_in_turn(servers: &[&Redis], url: &str, durability: Durability, more: &[&str]) {
    let line = user::line();
    let words: Vec<&str> = line.split(' ').skip(4).collect();
    let mut commands: BTreeSet<&str> = words.iter().filter_map(|rule| rule.strip_prefix('+')).collect();
    if more.contains(&"waitaof") {
        commands.insert("waitaof");
    }
    for command in &commands {
        let name = format!("without-{}", command.replace('|', "-"));
        let mut rules = vec!["ACL", "SETUSER", &name, "reset", "on", ">any"];
        rules.extend(words.iter().filter(|word| word.strip_prefix('+') != Some(command)));
        if *command != "waitaof" && commands.contains("waitaof") {
            rules.push("+waitaof");
        }
        servers.iter().for_each(|server| drop(server.cli(&rules)));
        let theirs = url.replace(&format!("{}:{}@", user::NAME, user::PASSWORD), &format!("{name}:any@"));
        let said = probe(&theirs, durability).await;
        let needed = !SOME_NEED.contains(command) || more.contains(command);
        let (named, right) = (command.replace('|', " ").to_uppercase(), format!("+{command}"));
        match said {
            Some(why) => assert!(needed && why.contains(&named) && why.contains(&right), "{command}: {why}"),
            None => assert!(!needed, "{durability:?} {url}: {command} is needed and not asked for"),
        }
    }
}

#[tokio::test]
async fn of_one_server() {
    let redis = Redis::with(RedisOptions { tcp: true, ..RedisOptions::default() });
    let url = redis.sidecars_url();
    for (durability, more) in
        [(Durability::None, &[][..]), (Durability::WhereReplicated, &[]), (Durability::Replica, &["wait"])]
    {
        each_in_turn(&[&redis], &url, durability, more).await;
    }
    each_in_turn(&[&redis], &format!("{url}/3"), Durability::WhereReplicated, &["select"]).await;
}

#[tokio::test]
async fn of_one_whose_disk_is_waited_for() {
    let options = RedisOptions { program: Some(valkey::program()), aof: true, tcp: true, ..RedisOptions::default() };
    let redis = Redis::with(options);
    each_in_turn(&[&redis], &redis.sidecars_url(), Durability::Fsync, &["waitaof"]).await;
}

#[tokio::test]
async fn of_one_behind_sentinels() {
    let sentinel = Sentinel::with(&SentinelOptions { replicas: 1, ..SentinelOptions::default() });
    let servers = [sentinel.server(0), sentinel.server(1)];
    for (durability, more) in [(Durability::None, &[][..]), (Durability::WhereReplicated, &["wait"])] {
        each_in_turn(&servers, &sentinel.url(), durability, more).await;
    }
}

#[tokio::test]
async fn of_a_cluster() {
    let cluster = Cluster::start();
    let servers: Vec<&Redis> = (0..cluster.len()).map(|n| cluster.node(n)).collect();
    let own = ["asking", "cluster|slots", "cluster|info"];
    each_in_turn(&servers, &cluster.url(), Durability::None, &own).await;
    each_in_turn(&servers, &cluster.url(), Durability::WhereReplicated, &[&own[..], &["wait"]].concat()).await;
}

/// A command that a service has taken away or renamed.
#[tokio::test]
async fn what_a_server_does_not_know_is_named_like_what_it_denies() {
    for command in ["TIME", "XADD", "HSET", "GET", "MGET", "FCALL", "FUNCTION", "ZADD"] {
        let extra = ["--rename-command", command, ""].map(str::to_owned).to_vec();
        let redis = Redis::with(RedisOptions { tcp: true, extra, ..RedisOptions::default() });
        let why = probe(&redis.sidecars_url(), Durability::default()).await.expect(command);
        assert!(why.contains(&format!("does not know the command {command}")), "{command}: {why}");
    }
}

/// Without the rights that its setting does not need, a sidecar serves.
#[tokio::test]
async fn what_is_not_needed_is_not_missed() {
    let redis = Redis::with(RedisOptions { tcp: true, ..RedisOptions::default() });
    let line = user::line();
    let rules = line.split(' ').skip(4).filter(|word| !SOME_NEED.iter().any(|it| word.strip_prefix('+') == Some(it)));
    redis.cli(&["ACL", "SETUSER", "least", "on", ">any"].into_iter().chain(rules).collect::<Vec<_>>());
    let url = redis.sidecars_url().replace(&format!("{}:{}@", user::NAME, user::PASSWORD), "least:any@");
    let sidecar = on(&url).start();
    let issued = sidecar.client().issue("ada").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
}
