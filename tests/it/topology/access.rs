//! Whom the servers do not let in, and what cannot be meant: told in one line, and nothing is started.

use std::sync::Arc;

use super::on;
use crate::support::{
    Sidecar,
    redis::user,
    topology::{
        certificates::{Certificates, Clients},
        cluster::{Cluster, ClusterOptions},
        sentinel::{self, Sentinel, SentinelOptions},
    },
};

/// Exit codes of the contract.
const CONFIGURATION: i32 = 64;
const UNREACHABLE: i32 = 69;

#[track_caller]
fn refused(variables: &[(&str, &str)], code: i32, words: &[&str]) {
    let (told, stderr) = Sidecar::expect_no_start(variables);
    let lines: Vec<&str> = stderr.lines().filter(|line| words.iter().all(|word| line.contains(word))).collect();
    assert!(told == code && lines.len() == 1, "{told}: {stderr}");
    for secret in [user::PASSWORD, "wrong-and-secret"] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
}

fn as_somebody_else(url: &str) -> [String; 2] {
    let own = format!("{}:{}@", user::NAME, user::PASSWORD);
    [format!("{}:wrong-and-secret@", user::NAME), format!("nobody:{}@", user::PASSWORD)]
        .map(|it| url.replace(&own, &it))
}

#[test]
fn sentinel() {
    let sentinel = Sentinel::with(&SentinelOptions { replicas: 0, ..SentinelOptions::default() });
    for url in as_somebody_else(&sentinel.url()) {
        refused(&[("REDIS_URL", &url)], UNREACHABLE, &["ERROR", "user and password in REDIS_URL"]);
    }
    let stranger = sentinel.url().replace(sentinel::NAME, "nobody");
    refused(&[("REDIS_URL", &stranger)], UNREACHABLE, &["ERROR", "the Sentinels know no primary of the name"]);
    let nameless = sentinel.url().replace(&format!("/{}", sentinel::NAME), "");
    refused(&[("REDIS_URL", &nameless)], CONFIGURATION, &["REDIS_URL", "has no name of the primary"]);
    let no_number = sentinel.url() + "/first";
    refused(&[("REDIS_URL", &no_number)], CONFIGURATION, &["REDIS_URL", "has a database that is not a number"]);
}

#[test]
fn cluster() {
    let cluster = Cluster::start();
    for url in as_somebody_else(&cluster.url()) {
        refused(&[("REDIS_URL", &url)], UNREACHABLE, &["ERROR", "user and password in REDIS_URL"]);
    }
    let numbered = cluster.url() + "/1";
    refused(&[("REDIS_URL", &numbered)], CONFIGURATION, &["REDIS_URL", "only database 0"]);
}

/// Nothing was ever written to database 0.
#[tokio::test]
async fn a_database_of_the_operators_choice_behind_sentinels() {
    let sentinel = Sentinel::with(&SentinelOptions { replicas: 0, ..SentinelOptions::default() });
    let sidecar = on(&(sentinel.url() + "/3")).start();
    let issued = sidecar.client().issue("ada").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(sentinel.server(0).keys(), Vec::<Vec<u8>>::new());
    assert!(sentinel.server(0).info("keyspace", "db3").starts_with("keys="));
}

#[test]
fn servers_whose_certificates_nobody_we_know_signed_and_servers_that_want_ours() {
    let (theirs, others) = (Arc::new(Certificates::new()), Certificates::new());
    theirs.issue("client");
    let tls = || Some((Arc::clone(&theirs), Clients::Certified));
    let sentinel = Sentinel::with(&SentinelOptions { replicas: 0, tls: tls(), ..SentinelOptions::default() });
    let cluster = Cluster::with(&ClusterOptions { tls: tls(), ..ClusterOptions::default() });
    let path = |path: std::path::PathBuf| path.display().to_string();
    let (authority, stranger) = (path(theirs.authority()), path(others.authority()));
    let (cert, key) = (path(theirs.certificate("client")), path(theirs.key("client")));
    for url in [sentinel.url(), cluster.url()] {
        let with = |authority: &str, more: &[(&str, &str)], words: &[&str]| {
            refused(&[&[("REDIS_URL", &*url), ("OTP_REDIS_CA", authority)], more].concat(), UNREACHABLE, words);
        };
        let own = [("OTP_REDIS_CERT", &*cert), ("OTP_REDIS_KEY", &*key)];
        with(&stranger, &own, &["ERROR", "certificate is not trusted"]);
        with(&authority, &[], &["ERROR", "OTP_REDIS_CERT"]);
    }
}
