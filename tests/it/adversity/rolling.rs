//! Two sidecars that are restarted one after the other while apps call: whoever repeats at the other one loses no call, and
//! whoever has the proxy in front that the page shows none at all.

use std::{
    fs,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::interval};

use crate::{
    deploy::daemon::{Daemon, place, swap},
    readme::block::marked,
    support::{
        Address, Answer, Client, Redis, Sidecar, client::fresh_ip, keys, redis::port::Port, rig::UNLIMITED, wait,
    },
};

/// Sends a second, and checks a second.
const PAIRS: u64 = 90;
/// Between two tries of an app.
const PAUSE: Duration = Duration::from_millis(20);

/// Whom an app calls, and how often before it gives up.
#[derive(Debug, Clone)]
struct App {
    doors: Vec<Client>,
    tries: usize,
}

impl App {
    /// Asks one door, and for want of an answer the next, under one key.
    async fn call(&self, n: usize, path: &str, body: &Value) -> Result<Answer, String> {
        let key = format!("rolling-{n}-{}", path.len());
        let mut last = String::new();
        for attempt in 0..self.tries {
            let mut client = self.doors[(n + attempt) % self.doors.len()].clone();
            if self.tries > 1 {
                client = client.with_header("idempotency-key", &key);
            }
            match client.try_call(Method::POST, path, body.to_string().into()).await {
                Ok(answer) if answer.status < 500 && answer.status != 409 => return Ok(answer),
                other => last = format!("{other:?}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(last)
    }

    async fn pair(self, n: usize) -> Result<(), String> {
        let body = json!({"subject": format!("user{n}"), "ip": fresh_ip()});
        let sent = self.call(n, "/v1/verifications", &body).await?;
        let code = sent.body["code"].as_str().ok_or_else(|| format!("{sent:?}"))?;
        let body = json!({"id": sent.body["id"], "code": code, "ip": fresh_ip()});
        let checked = self.call(n + 1, "/v1/verifications/check", &body).await?;
        if checked.body["valid"] == true { Ok(()) } else { Err(format!("{checked:?}")) }
    }
}

/// Two sidecars at addresses that stay theirs.
struct Pair {
    redis: Redis,
    ports: [Port; 2],
}

impl Pair {
    fn new() -> Self {
        Self { redis: Redis::start(), ports: [Port::take(), Port::take()] }
    }

    fn listen(&self, place: usize) -> String {
        format!("127.0.0.1:{}", self.ports[place].number())
    }

    fn start(&self, place: usize) -> Sidecar {
        Sidecar::builder().on(&self.redis).set_all(&UNLIMITED).set("OTP_LISTEN", &self.listen(place)).start()
    }

    /// Restarts `sidecars` one after the other while `app` calls, and loses none of its calls.
    async fn rolls(&self, mut sidecars: [Sidecar; 2], app: App) {
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
                let (app, ended) = (app.clone(), Arc::clone(&counted));
                calls.spawn(async move {
                    let done = app.pair(n).await;
                    ended.fetch_add(1, Ordering::Relaxed);
                    done
                });
                n += 1;
            }
            calls.join_all().await
        });
        for (place, sidecar) in sidecars.iter_mut().enumerate() {
            more().await;
            let (ended, _) = tokio::task::block_in_place(|| sidecar.terminate());
            assert!(ended.success());
            *sidecar = tokio::task::block_in_place(|| self.start(place));
        }
        more().await;
        stop.send(true).unwrap();
        let done = load.await.unwrap();
        let lost: Vec<_> = done.iter().filter_map(|pair| pair.as_ref().err()).collect();
        assert!(lost.is_empty(), "{} of {} were lost: {:?}", lost.len(), done.len(), lost.first());
        assert!(done.len() as u64 > 3 * PAIRS, "{}", done.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_call_of_who_repeats_at_the_other() {
    let pair = Pair::new();
    let sidecars = [0, 1].map(|place| pair.start(place));
    let doors = sidecars.iter().map(Sidecar::client).collect();
    // Each sidecar three times.
    pair.rolls(sidecars, App { doors, tries: 6 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_behind_the_proxy_of_the_page_loses_no_call_of_who_calls_once() {
    let pair = Pair::new();
    let sidecars = [0, 1].map(|place| pair.start(place));
    let (dir, port) = (place("haproxy"), Port::take());
    let own = format!("127.0.0.1:{}", port.number());
    let mut config = swap(marked("haproxy")[0].text, "127.0.0.1:8079", &own);
    for (place, address) in ["10.0.0.1:8080", "10.0.0.2:8080"].iter().enumerate() {
        config = swap(&config, address, &pair.listen(place));
    }
    fs::write(dir.path().join("haproxy.cfg"), config + "\n").unwrap();
    let mut haproxy = Daemon::start("haproxy", dir, &["-db", "-f", "haproxy.cfg"]);
    haproxy.said("nothing, and listen", |_| TcpStream::connect(&own).ok().map(drop));
    let door = Client::new(own.parse::<Address>().unwrap()).with_key(keys::KEY);
    pair.rolls(sidecars, App { doors: vec![door], tries: 1 }).await;
    println!("{}", haproxy.log());
}
