//! Two sidecars that are restarted one after the other while apps call: whoever repeats at the other one loses no call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::interval};

use crate::support::{Answer, Client, Redis, Sidecar, client::fresh_ip, redis::port::Port, rig::UNLIMITED, wait};

/// Sends a second, and checks a second.
const PAIRS: u64 = 90;
/// Between two tries of an app.
const PAUSE: Duration = Duration::from_millis(20);
/// How often an app asks before it gives up: each sidecar three times.
const TRIES: usize = 6;

/// Asks one sidecar, and for want of an answer the other, under one key.
async fn call(clients: &[Client; 2], n: usize, path: &str, body: &Value) -> Result<Answer, String> {
    let key = format!("rolling-{n}-{}", path.len());
    let mut last = String::new();
    for attempt in 0..TRIES {
        let client = clients[(n + attempt) % 2].clone().with_header("idempotency-key", &key);
        match client.try_call(Method::POST, path, body.to_string().into()).await {
            Ok(answer) if answer.status < 500 && answer.status != 409 => return Ok(answer),
            other => last = format!("{other:?}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(last)
}

async fn pair(clients: [Client; 2], n: usize) -> Result<(), String> {
    let body = json!({"subject": format!("user{n}"), "ip": fresh_ip()});
    let sent = call(&clients, n, "/v1/verifications", &body).await?;
    let code = sent.body["code"].as_str().ok_or_else(|| format!("{sent:?}"))?;
    let body = json!({"id": sent.body["id"], "code": code, "ip": fresh_ip()});
    let checked = call(&clients, n + 1, "/v1/verifications/check", &body).await?;
    if checked.body["valid"] == true { Ok(()) } else { Err(format!("{checked:?}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_call_of_who_repeats_at_the_other() {
    let redis = Redis::start();
    let ports = [Port::take(), Port::take()];
    let start = |port: &Port| {
        let listen = format!("127.0.0.1:{}", port.number());
        Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_LISTEN", &listen).start()
    };
    let mut sidecars = ports.each_ref().map(start);
    let clients = sidecars.each_ref().map(Sidecar::client);
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ended);
    let more = async || {
        let wanted = ended.load(Ordering::Relaxed) + usize::try_from(PAIRS).unwrap();
        let come = || async { (ended.load(Ordering::Relaxed) >= wanted).then_some(()) };
        wait::until_async("a second's calls", wait::PATIENCE, come).await;
    };
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let load = tokio::spawn(async move {
        let (mut calls, mut n) = (JoinSet::new(), 0);
        let mut ticks = interval(Duration::from_secs(1) / u32::try_from(PAIRS).unwrap());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopped.changed() => break,
            }
            let (clients, ended) = (clients.clone(), Arc::clone(&counted));
            calls.spawn(async move {
                let done = pair(clients, n).await;
                ended.fetch_add(1, Ordering::Relaxed);
                done
            });
            n += 1;
        }
        calls.join_all().await
    });
    for (place, port) in ports.iter().enumerate() {
        more().await;
        let (ended, _) = tokio::task::block_in_place(|| sidecars[place].terminate());
        assert!(ended.success());
        sidecars[place] = tokio::task::block_in_place(|| start(port));
    }
    more().await;
    stop.send(true).unwrap();
    let done = load.await.unwrap();
    let lost: Vec<_> = done.iter().filter_map(|pair| pair.as_ref().err()).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {:?}", lost.len(), done.len(), lost.first());
    assert!(done.len() as u64 > 3 * PAIRS, "{}", done.len());
}
