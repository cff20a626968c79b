//! The pictures of the dashboards in the documents: drawn by `make pictures` from what a real Prometheus says of a sidecar that
//! works, is attacked, and loses its store for a moment.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use super::{
    alertmanager::Alertmanager,
    daemon::{deployed, read},
    dashboard::{Dashboard, Kind},
    happenings,
    picture::{draw, escaped, name},
    prometheus::{Prometheus, Target},
};
use crate::mail::relay::Relay;
use crate::support::{Address, Client, Redis, Sidecar, client::fresh_ip, wrong_code_than};

/// What is shown.
const LASTS: Duration = Duration::from_secs(150);
/// A new user comes.
const EVERY: Duration = Duration::from_millis(250);
/// Between two points of a line, and what a rate is taken over, in seconds.
const STEP: f64 = 2.0;
const WINDOW: &str = "10s";

fn path(dashboard: &Dashboard) -> PathBuf {
    deployed("grafana/pictures").join(format!("{}.svg", dashboard.uid))
}

#[test]
fn the_documents_show_each_dashboard_as_it_is() {
    let page = read("docs/operate.md");
    for dashboard in Dashboard::all() {
        let file = path(&dashboard);
        let picture =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}; `make pictures`", file.display()));
        for panel in &dashboard.panels {
            assert!(
                picture.contains(&format!(">{}</text>", escaped(&panel.title))),
                "{}: `make pictures`",
                panel.title
            );
        }
        assert!(page.contains(&format!("![{}](../grafana/pictures/{}.svg)", dashboard.title, dashboard.uid)));
    }
}

/// A user who asks for a code and, after a while, most likely types it.
async fn user(client: Client, n: u64) {
    let (subject, ip) = (format!("user{n}"), fresh_ip());
    let answer = client.send_body(json!({"subject": subject, "ip": ip})).await;
    if answer.status != 201 {
        return;
    }
    let (id, code) = (answer.str("id").to_owned(), answer.str("code").to_owned());
    let outcome = if n % 29 == 7 { "failed" } else { "delivered" };
    client.post(&format!("/v1/verifications/{id}/delivery"), &json!({"outcome": outcome})).await;
    // As if drawn, and the same in each run.
    sleep(Duration::from_millis(300 + n * 7919 % 9000)).await;
    if n % 31 == 5 {
        client.send_body(json!({"subject": subject, "ip": ip})).await;
    }
    if n % 11 == 3 {
        client.check_body(json!({"id": id, "code": wrong_code_than(&code), "ip": ip})).await;
    }
    match n % 23 {
        4 | 9 => {}
        14 => drop(client.post(&format!("/v1/verifications/{id}/report"), &json!({"reason": "not_me"})).await),
        _ => drop(client.check_body(json!({"id": id, "code": code, "ip": ip})).await),
    }
    if n.is_multiple_of(40) {
        // The answer was lost on its way: the app asks again.
        let once = client.clone().with_header("idempotency-key", &format!("key-of-user-{n}"));
        for _ in 0..2 {
            once.send_body(json!({"subject": format!("repeated{n}"), "ip": ip})).await;
        }
        client.status(&subject).await;
        let mailed = format!("user{n}@example.com");
        client.send_body(json!({"subject": mailed, "channel": "email", "ip": fresh_ip()})).await;
        client.send_body(json!({"subject": format!("nobody{n}"), "subject_known": false, "ip": fresh_ip()})).await;
    }
}

/// What happens besides, and when.
async fn events(client: Client, redis: &Redis) {
    let start = Instant::now();
    let at = |seconds| sleep(Duration::from_secs(seconds).saturating_sub(start.elapsed()));
    at(40).await;
    happenings::brute_force(client.clone()).await;
    at(50).await;
    happenings::lockouts(client.clone()).await;
    at(60).await;
    happenings::spraying(client.clone()).await;
    at(80).await;
    happenings::pumping(client.clone()).await;
    at(110).await;
    redis.pause();
    at(116).await;
    redis.resume();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "draws the pictures of the documents anew: `make pictures`"]
async fn are_drawn() {
    let (redis, relay) = (Redis::start(), Relay::plain());
    let cheap = [("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1"), ("OTP_AUDIT_SINK", "dir")];
    let limits = [
        ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "20"),
        ("OTP_HASH", "argon2id"),
        ("OTP_RISK", "shadow"),
        ("OTP_LOG", "warn,otp_sidecar::cli=info"),
    ];
    let sidecar = Sidecar::builder().on(&redis).set_all(&cheap).set_all(&limits);
    let sidecar = relay.variables().iter().fold(sidecar, |builder, (name, value)| builder.set(name, value)).start();
    let Address::Tcp(admin) = sidecar.admin() else { panic!("not TCP") };
    let alertmanager = Alertmanager::start().await;
    let target = Target { namespace: "shop", address: admin.to_string(), path: "/metrics" };
    let prometheus = Prometheus::start(&[target], alertmanager.address());
    prometheus.knows(["shop"]).await;

    let (start, from) = (Instant::now(), now());
    let users = async {
        let mut users = JoinSet::new();
        for n in 0.. {
            if start.elapsed() > LASTS {
                break;
            }
            users.spawn(user(sidecar.client(), n));
            sleep(EVERY).await;
        }
        users.join_all().await;
    };
    tokio::join!(users, events(sidecar.client(), &redis));
    let to = now();

    fs::create_dir_all(deployed("grafana/pictures")).expect("a directory");
    for dashboard in Dashboard::all() {
        let mut answers = Vec::new();
        for panel in &dashboard.panels {
            let mut answer = Vec::new();
            for target in &panel.targets {
                let query = target.query(WINDOW);
                let found = match panel.kind {
                    Kind::Stat => prometheus.ask(&query).await,
                    Kind::Timeseries => prometheus.range(&query, (from, to, STEP)).await,
                };
                answer.extend(found.into_iter().map(|series| (name(&target.legend_format, &series), series.points)));
            }
            answers.push(answer);
        }
        fs::write(path(&dashboard), draw(&dashboard, &answers, (from, to))).expect("a picture");
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}
