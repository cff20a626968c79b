//! Rights taken from the sidecar's user at Redis while it runs.

use std::time::Duration;

use crate::support::{Client, Redis, RedisOptions, Sidecar, rig::UNLIMITED, wait};

const NOTICED_WITHIN: Duration = Duration::from_secs(3);

/// Each command that the sidecar needs, as the deployed user has them.
fn needed() -> Vec<String> {
    let line = crate::support::redis::user::line();
    line.split(' ').filter_map(|rule| rule.strip_prefix('+')).map(str::to_owned).collect()
}

fn user(command: &str) -> String {
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
    let needed = needed();
    let all: String = needed.iter().map(|command| format!(" +{command}")).collect();
    let line = |command: &String| format!("user {} on >secret ~otp:* -@all{all}\n", user(command));
    let acl = format!("user default on nopass ~* &* +@all\n{}", needed.iter().map(line).collect::<String>());
    let redis = Redis::with(RedisOptions { tcp: true, acl: Some(acl), ..Default::default() });
    let start = |command: &str| {
        let url = redis.url().replace("://", &format!("://{}:secret@", user(command)));
        Sidecar::builder().set_all(&UNLIMITED).set("REDIS_URL", &url).start()
    };
    let sidecars: Vec<_> = needed.iter().map(|command| (&**command, start(command))).collect();
    for (command, sidecar) in &sidecars {
        sidecar.client().issue(command).await;
        redis.cli(&["ACL", "SETUSER", &user(command), &format!("-{command}")]);
    }
    for (command, sidecar) in &sidecars {
        readiness_becomes(sidecar, 503).await;
        sidecar.client().send("ada").await.refused(503, "store_unavailable");
        let named =
            |line: &String| line.contains("its ACL denies") && line.contains(&command.replace('|', " ").to_uppercase());
        wait::until(&format!("the log to name {command}"), NOTICED_WITHIN, || {
            sidecar.log_lines().iter().any(named).then_some(())
        });
        redis.cli(&["ACL", "SETUSER", &user(command), &format!("+{command}")]);
    }
    for (command, sidecar) in &sidecars {
        readiness_becomes(sidecar, 200).await;
        let issued = sidecar.client().issue(&format!("{command} again")).await;
        sidecar.client().check_id(&issued.id, &issued.code).await.approved();
        assert!(!sidecar.log_lines().iter().any(|line| line.contains("panicked")));
    }
}
