//! Function libraries of several versions on one server: those in use stay, and those of the past go.

use std::time::Duration;

use crate::support::{Redis, RedisOptions, Rig, redis::user, rig::UNLIMITED, wait};

/// Of a version that nobody runs any more.
const OLD: &str = "otp_00000000000000aa";
/// Of another version, which a sidecar runs that said so lately.
const LIVING: &str = "otp_00000000000000bb";
/// Of somebody else.
const FOREIGN: &str = "otp_reports";
const SOON: Duration = Duration::from_secs(10);

fn put(redis: &Redis, library: &str) {
    let text = format!("#!lua name={library}\nredis.register_function('{library}_send', function() return 1 end)");
    redis.cli(&["FUNCTION", "LOAD", &text]);
}

fn libraries(redis: &Redis) -> Vec<String> {
    let list: Vec<Vec<redis::Value>> = redis.ask(&["FUNCTION", "LIST"]);
    let name = |library: &Vec<redis::Value>| redis::from_redis_value(library[1].clone()).expect("a name");
    let mut names: Vec<String> = list.iter().map(name).collect();
    names.sort();
    names
}

fn has(redis: &Redis, library: &str) -> bool {
    libraries(redis).iter().any(|name| name == library)
}

/// The names that sidecars said, each for a day.
fn named(redis: &Redis) -> Vec<Vec<u8>> {
    redis.keys().into_iter().filter(|key| key.windows(9).any(|part| part == b":library:")).collect()
}

#[tokio::test]
async fn one_that_nobody_names_is_deleted_and_one_that_a_living_sidecar_names_stays() {
    let redis = Redis::with(RedisOptions::default());
    for library in [OLD, LIVING, FOREIGN] {
        put(&redis, library);
    }
    // As its sidecar says it, in the first bucket of the server.
    let first = Rig::over(redis, &UNLIMITED);
    wait::until("the old one to go", SOON, || (!has(&first.redis, OLD)).then_some(()));
    first.client.issue("ada").await;
    let [ours] = &named(&first.redis)[..] else { panic!("one name") };
    let left: u64 = first.redis.ask_key("PTTL", ours, &[]);
    assert!((86_000_000..=86_400_000).contains(&left), "{left} ms");
    let library = String::from_utf8_lossy(ours);
    let library = library.rsplit(':').next().expect("a name");
    assert!(has(&first.redis, library), "ours");
    assert!(has(&first.redis, FOREIGN), "somebody else's");
    assert!(!has(&first.redis, LIVING), "nobody named it yet");

    // Named by a sidecar of that version, it outlives the start of another.
    put(&first.redis, LIVING);
    put(&first.redis, OLD);
    let other = String::from_utf8_lossy(ours).replace(library, LIVING);
    first.redis.cli(&["SET", &other, "", "PX", "86400000"]);
    let second = first.another(&[]);
    wait::until("the old one to go", SOON, || (!has(&first.redis, OLD)).then_some(()));
    assert!(has(&first.redis, LIVING), "it is named");
    assert!(has(&first.redis, library), "ours");
    second.client().issue("bob").await;
}

/// What still calls a library that was deleted gives it to the server again.
#[tokio::test]
async fn one_that_is_deleted_while_it_is_used_comes_back_with_the_next_call() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    rig.redis.cli(&["FUNCTION", "FLUSH"]);
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn without_the_rights_they_stay_and_nothing_else_is_missing() {
    for missing in [&["+function|list"][..], &["+function|delete"], &["+function|list", "+function|delete"]] {
        let line: Vec<String> =
            user::line().split(' ').filter(|word| !missing.contains(word)).map(str::to_owned).collect();
        let users = format!("{}{}\n", user::ANYBODY, line.join(" "));
        let redis = Redis::with(RedisOptions { acl: Some(users), ..RedisOptions::default() });
        put(&redis, OLD);
        let url = user::at(&redis.url());
        let rig = Rig::over(redis, &[&UNLIMITED[..], &[("REDIS_URL", &url)]].concat());
        let issued = rig.client.issue("ada").await;
        rig.client.check_id(&issued.id, &issued.code).await.approved();
        assert!(has(&rig.redis, OLD), "{missing:?}");
    }
}
