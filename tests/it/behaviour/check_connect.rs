//! `check-config --connect`: the store is asked, and nothing is changed there.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
};

use crate::support::{
    Redis, RedisOptions, Sidecar,
    launch::Builder,
    redis::{in_the_way, port::Port},
    topology::{
        certificates::{Certificates, Clients},
        sentinel::{Sentinel, SentinelOptions},
    },
};

const CHECK: [&str; 2] = ["check-config", "--connect"];

/// The exit code and what was said beside what is in force.
#[track_caller]
fn says(builder: &Builder, code: i32, why: &str) {
    let (exit, _, said) = builder.run(&CHECK);
    assert_eq!(exit, code, "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains(why), "{said}");
}

#[test]
fn a_store_that_may_be_used_is_told_and_stays_as_it_is() {
    for aof in [false, true] {
        let redis = Redis::with(RedisOptions { aof, ..Default::default() });
        let builder = Sidecar::builder().on(&redis);
        says(&builder, 0, "it answers, and may be used");
        assert!(redis.keys().is_empty(), "{:?}", redis.keys());
        let (exit, shown, said) = builder.run(&["check-config", "--connect", "--json"]);
        assert_eq!(exit, 0, "{said}");
        assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok(), "{shown}");
        // Behind a sidecar that used it.
        assert!(builder.clone().start().terminate().0.success());
        let before = redis.keys();
        says(&builder, 0, "it answers, and may be used");
        assert_eq!(redis.keys(), before);
        let other = builder.set("OTP_INDEX_KEY", "YW5vdGhlci1pbmRleC1rZXktb2YtdGhlLXRlc3RzLS0=");
        says(&other, 64, "OTP_INDEX_KEY is not the key");
    }
}

#[test]
fn without_the_option_nobody_is_asked() {
    let (exit, ..) = Sidecar::builder().set("REDIS_URL", "redis://127.0.0.1:1").run(&["check-config"]);
    assert_eq!(exit, 0);
}

#[test]
fn what_must_not_be_used_is_named() {
    let evicting = Redis::with(RedisOptions { policy: Some("allkeys-lru".into()), ..Default::default() });
    says(&Sidecar::builder().on(&evicting), 64, "maxmemory-policy");
    let redis = Redis::with(RedisOptions { tcp: true, ..Default::default() });
    let port = redis.port().unwrap();
    let wrong = format!("redis://app:hunter2@127.0.0.1:{port}");
    says(&Sidecar::builder().set("REDIS_URL", &wrong), 64, "does not accept the user and password");
    let (_, shown, said) = Sidecar::builder().set("REDIS_URL", &wrong).run(&CHECK);
    assert!(!shown.contains("hunter2") && !said.contains("hunter2"), "{said}");
    let nowhere = format!("redis://127.0.0.1:{port}/999");
    says(&Sidecar::builder().set("REDIS_URL", &nowhere), 64, "no database of the number");
    let extra = ["--replicaof", "127.0.0.1", "1"].map(str::to_owned).to_vec();
    let replica = Redis::with(RedisOptions { tcp: true, extra, ..Default::default() });
    says(&Sidecar::builder().on(&replica), 64, "it is a replica; the URL must name the primary");
    let extra = ["--rename-command", "INFO", ""].map(str::to_owned).to_vec();
    let blind = Redis::with(RedisOptions { tcp: true, extra, ..Default::default() });
    says(&Sidecar::builder().on(&blind), 64, "does not know the command INFO");
    let taken = Redis::with(RedisOptions { tcp: true, ..Default::default() });
    taken.cli(&["FUNCTION", "LOAD", &in_the_way()]);
    says(&Sidecar::builder().on(&taken), 64, "it cannot load our functions: Function otp_");
    redis.cli(&["ACL", "SETUSER", "app", "on", ">hunter2", "resetkeys", "~other:*", "+@all"]);
    says(&Sidecar::builder().set("REDIS_URL", &wrong), 64, "needs ~otp:*");
}

#[test]
fn a_sentinel_in_the_place_of_a_server_is_named() {
    let sentinel = Sentinel::with(&SentinelOptions { replicas: 0, ..SentinelOptions::default() });
    let (_, hosts) = sentinel.url().rsplit_once('@').map(|(user, hosts)| (user.to_owned(), hosts.to_owned())).unwrap();
    let (first, _) = hosts.split_once(',').unwrap();
    says(&Sidecar::builder().set("REDIS_URL", &format!("redis://{first}")), 64, "a Sentinel listens there");
    let server = Redis::with(RedisOptions { tcp: true, ..Default::default() });
    let url = format!("redis+sentinel://127.0.0.1:{}/main", server.port().unwrap());
    says(&Sidecar::builder().set("REDIS_URL", &url), 64, "no Sentinel listens there");
}

/// The port of a server that answers this to whatever comes.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let _ = caller.read(&mut [0; 512]).and_then(|_| caller.write_all(answer));
        }
    });
    port
}

#[test]
fn what_cannot_be_reached_is_told_in_words() {
    let redis = Redis::with(RedisOptions { tcp: true, ..Default::default() });
    let certificates = Certificates::new();
    let tls =
        Redis::with(RedisOptions { tcp: true, tls: certificates.arguments(Clients::Anonymous), ..Default::default() });
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let not_redis = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging_up = not_redis.try_clone().unwrap();
    std::thread::spawn(move || hanging_up.incoming().for_each(drop));
    let web = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let extra = ["--cluster-enabled", "yes"].map(str::to_owned).to_vec();
    let empty = Redis::with(RedisOptions { tcp: true, extra, ..Default::default() });
    let nobodys = Port::take();
    let closed = nobodys.number();
    for (url, why) in [
        (format!("redis://127.0.0.1:{closed}"), "Connection refused"),
        (format!("redis+cluster://127.0.0.1:{closed}"), "Connection refused"),
        (format!("redis+sentinel://127.0.0.1:{closed}/main"), "Connection refused"),
        ("unix:/nowhere/redis.sock".to_owned(), "unixsocket"),
        (format!("rediss://127.0.0.1:{}", redis.port().unwrap()), "redis instead of rediss"),
        (format!("redis://127.0.0.1:{}", tls.port().unwrap()), "does it speak TLS at this port"),
        (format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port()), "no answer in time"),
        ("redis://no-such-host.invalid".to_owned(), "(DNS"),
        (format!("redis://127.0.0.1:{}", not_redis.local_addr().unwrap().port()), "hangs up"),
        (format!("redis://127.0.0.1:{web}"), "it is not Redis that listens at this port"),
        (format!("redis+cluster://127.0.0.1:{}", empty.port().unwrap()), "no slot to any primary"),
    ] {
        println!("{url}");
        says(&Sidecar::builder().set("REDIS_URL", &url).set("OTP_REDIS_TIMEOUT", "300ms"), 69, why);
    }
}

#[test]
fn of_the_private_server_only_its_program_and_directory_are_looked_at() {
    let builder = Sidecar::builder().unset("OTP_PEPPER").unset("OTP_INDEX_KEY");
    let data = builder.home().join("data");
    says(&builder, 0, "is there to be started");
    assert!(!data.exists());
    says(&builder.clone().set("PATH", "/nowhere"), 69, "no Redis found");
    fs::create_dir(&data).unwrap();
    let mode = |mode| fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o1777);
    says(&builder, 73, "everybody may write there");
    mode(0o700);
    fs::write(data.join("keys"), "").unwrap();
    says(&builder, 73, "keys");
    says(&builder.set("OTP_DATA_DIR", "/proc/sys/otp"), 73, "/proc/sys");
}
