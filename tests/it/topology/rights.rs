//! `deploy/redis.acl`: it loads as it says, it is enough, and nothing in it is too much.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Redis, RedisOptions, Rig, keys, redis::user, rig::UNLIMITED, scheme::both, wait};

const NEEDS: &str = include_str!("../../../src/store/needs.rs");
/// Without these libraries of other versions stay, and nothing else is missing.
const OPTIONAL: [&str; 2] = ["function|list", "function|delete"];
const SOON: std::time::Duration = wait::PATIENCE;

/// The commands that the user may run, in lower case.
fn given() -> BTreeSet<String> {
    user::line().split(' ').filter_map(|rule| rule.strip_prefix('+')).map(str::to_owned).collect()
}

#[test]
fn its_commands_are_those_that_are_asked_for_at_start() {
    let (lists, _) = NEEDS.split_once("/// What the needs hang on").unwrap();
    let asked = lists.split('"').skip(1).step_by(2).map(str::to_lowercase);
    // Of `waitaof` older servers know nothing, and would refuse the line.
    let asked = asked.filter(|command| command != "waitaof").chain(OPTIONAL.map(str::to_owned));
    assert_eq!(given(), asked.collect());
}

/// Each of them stands in a script or is sent by the store.
#[test]
fn none_of_its_commands_is_unused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = [texts(&root.join("lua"), "lua"), texts(&root.join("src/store"), "rs")].concat().replace(NEEDS, "");
    let quoted = |command: &String| {
        let command = command.to_uppercase();
        let asked = match command.split_once('|') {
            Some((command, word)) => [format!("cmd(\"{command}\").arg(\"{word}\")"), format!("'{command}', '{word}'")],
            // The client sends it itself, for a database other than 0.
            None if command == "SELECT" => return true,
            None => [format!("'{command}'"), format!("\"{command}\"")],
        };
        asked.iter().any(|quoted| text.contains(quoted))
    };
    let unused: Vec<_> = given().into_iter().filter(|command| !quoted(command)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

fn texts(dir: &Path, ending: &str) -> String {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let text = |path: std::path::PathBuf| match path.is_dir() {
        true => texts(&path, ending),
        false if path.extension().is_some_and(|end| end == ending) => fs::read_to_string(&path).expect("a text"),
        false => String::new(),
    };
    entries.map(text).collect()
}

/// In a configuration, in a file of users, and told to a server that runs: with the shell lines of the file itself.
#[test]
fn it_loads_in_each_way_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("otp.acl");
    fs::write(&file, user::included_beside_others()).unwrap();
    let include = vec!["--include".to_owned(), file.display().to_string()];
    let users = |redis: &Redis| redis.ask::<Vec<String>>(&["ACL", "USERS"]);
    let everybody = ["default", user::NAME];

    // A server with a file of users takes none in its configuration.
    let extra = [include, vec!["--aclfile".to_owned(), String::new()]].concat();
    let included = Redis::with(RedisOptions { extra, ..RedisOptions::default() });
    assert_eq!(users(&included), everybody);

    let told = Redis::with(RedisOptions { acl: Some(user::ANYBODY.into()), ..Default::default() });
    let words = user::line();
    let words: Vec<&str> = words.strip_prefix("user ").unwrap().split(' ').collect();
    told.cli(&[&["ACL", "SETUSER"], &words[..]].concat());
    assert_eq!(users(&told), everybody);
    let of_file = Redis::with(RedisOptions::default());
    let rights = |redis: &Redis| -> BTreeSet<String> {
        let list: Vec<String> = redis.ask(&["ACL", "LIST"]);
        let own = list.into_iter().find(|line| line.starts_with("user otp ")).expect("the user");
        own.split(' ').map(str::to_owned).collect()
    };
    assert_eq!(rights(&of_file), rights(&told));
    assert_eq!(rights(&of_file), rights(&included));
}

/// Whoever forgets the password has no user of which everybody knows it.
#[test]
fn as_it_stands_it_is_refused() {
    let text = include_str!("../../../deploy/redis.acl");
    let line = text.lines().find(|line| line.starts_with("user ")).unwrap();
    let words: Vec<&str> = line.strip_prefix("user ").unwrap().split(' ').collect();
    let redis = Redis::with(RedisOptions::default());
    let mut cmd = redis::cmd("ACL");
    let refused = cmd.arg("SETUSER").arg(&words).exec(&mut redis.connect()).unwrap_err();
    assert!(refused.to_string().contains("password hash"), "{refused}");
}

#[test]
fn the_shell_lines_of_its_head_make_a_line_that_loads() {
    let text = include_str!("../../../deploy/redis.acl");
    let shell: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#   "))
        .take_while(|line| !line.starts_with("users"))
        .collect();
    assert!(shell.len() == 2 && shell[1].starts_with("sed "), "{shell:?}");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("redis.acl"), text).unwrap();
    let done = Command::new("sh")
        .args(["-euc", &shell.join("\n")])
        .env("PASSWORD", user::PASSWORD)
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(fs::read_to_string(dir.path().join("otp.acl")).unwrap(), user::included());
}

/// Every call of both listeners, and what sidecars do by themselves. Redis 7.0 crashes over some questions about what a
/// user with a list of keys may do: the server must outlive the start.
#[tokio::test]
async fn it_is_enough_for_every_call() {
    both(async |scheme| {
        let rig = Rig::over(Redis::with(RedisOptions::default()), &[&UNLIMITED, scheme].concat());
        app_calls(&rig).await;
        admin_calls(&rig).await;
        let locked = || rig.sidecar.event_lines().iter().any(|line| line.contains("\"lockout\"")).then_some(());
        wait::until("the events", SOON, locked);
        let left = || rig.redis.streams().iter().map(|key| rig.redis.ask_key::<u64>("XLEN", key, &[])).sum::<u64>();
        wait::until("all events to be written", SOON, || (left() == 0).then_some(()));
        let denied: Vec<Vec<redis::Value>> = rig.redis.ask(&["ACL", "LOG"]);
        let denied: Vec<_> = denied.iter().map(|entry| format!("{entry:?}")).collect();
        assert!(denied.is_empty(), "{denied:?}");
    })
    .await;
}

async fn app_calls(rig: &Rig) {
    let again = rig.client.clone().with_header("idempotency-key", "2NpWfhXxIv3RbQmrKq7cZA");
    let body = json!({"subject": "cyd"});
    let remembered = again.send_body(body.clone()).await.is(201);
    rig.client.cancel(remembered.str("id")).await.is(200);
    // Its sealed code was erased with it.
    assert_eq!(again.send_body(body).await.is(201).body.get("code"), None);
    for call in ["request", "failure", "success"] {
        rig.client.post(&format!("/v1/guard/{call}"), &json!({"subject": "dan"})).await.is(200);
    }
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    let canceled = rig.client.issue("ada").await;
    rig.client.verification(&canceled.id).await.is(200);
    rig.client.cancel(&canceled.id).await.is(200);
    let delivered = rig.client.issue("eve").await;
    rig.client
        .post(&format!("/v1/verifications/{}/delivery", delivered.id), &json!({"outcome": "failed"}))
        .await
        .is(204);
    rig.client.post(&format!("/v1/verifications/{}/report", delivered.id), &json!({"reason": "not_me"})).await.is(204);
    rig.lock_out("bob").await;
    assert_eq!(rig.client.status("bob").await["locked"], Value::Bool(true));
}

async fn admin_calls(rig: &Rig) {
    let admin = rig.sidecar.admin_client();
    for path in ["locks", "stats", "events", "report", "config"] {
        admin.get(&format!("/admin/v1/{path}")).await.is(200);
    }
    let about = |subject: &str, more: Value| {
        let mut body = json!({"subject": subject, "tenant": keys::TENANT});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let reason = json!({"reason": "asked for"});
    admin.post("/admin/v1/unlock", &about("bob", reason.clone())).await.is(200);
    admin.post("/admin/v1/lock", &about("bob", json!({"minutes": 5, "reason": "asked for"}))).await.is(200);
    for call in ["inspect", "export", "erase"] {
        let more = if call == "inspect" { json!({}) } else { reason.clone() };
        admin.post(&format!("/admin/v1/subjects/{call}"), &about("bob", more)).await.is(200);
    }
    admin.post("/admin/v1/unlock", &json!({"ip": "198.18.0.1", "tenant": keys::TENANT, "reason": "x"})).await.is(200);
    admin.post("/admin/v1/unlock", &json!({"all": true, "reason": "an incident"})).await.is(200);
}
