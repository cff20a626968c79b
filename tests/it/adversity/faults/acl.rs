//! Rights taken from the sidecar's user at Redis while it runs.

use std::time::Duration;

use crate::support::{Client, Redis, RedisOptions, Sidecar, redis::user, rig::UNLIMITED, wait};

const NOTICED_WITHIN: Duration = Duration::from_secs(3);
/// One server without replicas, and its database 0, need nothing of this (`topology::needs`); libraries of other versions stay
/// where they may not be deleted.
const NOT_NEEDED: [&str; 7] =
    ["wait", "select", "asking", "cluster|slots", "cluster|info", "function|list", "function|delete"];

fn name(command: &str) -> String {
    format!("without-{}", command.replace('|', "-"))
}

async fn readiness_becomes(sidecar: &Sidecar, status: u16) {
    let client = Client::new(sidecar.app().clone());
    let probe = || async { (client.get("/readyz").await.status == status).then_some(()) };
    wait::until_async(&format!("/readyz to be {status}"), NOTICED_WITHIN, probe).await;
}

/// A sidecar for each command, with a user of its own that loses this one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_right_that_is_taken_away_is_named_and_may_come_back() {
    let line = user::line();
    let rights: Vec<&str> = line.split(' ').filter(|rule| rule.starts_with('+')).collect();
    let needed: Vec<&str> =
        rights.iter().map(|right| &right[1..]).filter(|command| !NOT_NEEDED.contains(command)).collect();
    let own = |command: &&str| format!("user {} on >secret ~otp:* -@all {}\n", name(command), rights.join(" "));
    let acl = user::ANYBODY.to_owned() + &needed.iter().map(own).collect::<String>();
    let redis = Redis::with(RedisOptions { tcp: true, acl: Some(acl), ..Default::default() });
    let start = |command: &str| {
        let url = redis.url().replace("://", &format!("://{}:secret@", name(command)));
        Sidecar::builder().set_all(&UNLIMITED).set("REDIS_URL", &url).start()
    };
    let sidecars: Vec<_> = needed.iter().map(|command| (*command, start(command))).collect();
    for (command, sidecar) in &sidecars {
        sidecar.client().issue(command).await;
        redis.cli(&["ACL", "SETUSER", &name(command), &format!("-{command}")]);
    }
    for (command, sidecar) in &sidecars {
        readiness_becomes(sidecar, 503).await;
        sidecar.client().send("ada").await.refused(503, "store_unavailable");
        let named =
            |line: &String| line.contains("its ACL denies") && line.contains(&command.replace('|', " ").to_uppercase());
        wait::until(&format!("the log to name {command}"), NOTICED_WITHIN, || {
            sidecar.log_lines().iter().any(named).then_some(())
        });
        redis.cli(&["ACL", "SETUSER", &name(command), &format!("+{command}")]);
    }
    for (command, sidecar) in &sidecars {
        readiness_becomes(sidecar, 200).await;
        let issued = sidecar.client().issue(&format!("{command} again")).await;
        sidecar.client().check_id(&issued.id, &issued.code).await.approved();
        assert!(!sidecar.log_lines().iter().any(|line| line.contains("panicked")));
    }
}
