//! Data that went back to something earlier, however they did: no used code gets in, the event says how far back, the trail proves
//! itself, and work goes on without anybody's consent.

mod how;
mod place;
mod several;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use how::How;
use place::Place;

use serde_json::Value;

use super::on;
use crate::support::{
    Client, Issued, Metrics, Redis, RedisOptions, Sidecar, launch::Builder, redis::user, trail::TrailDir, wait,
};

/// Work goes on so soon.
const AGAIN_WITHIN: Duration = Duration::from_secs(3);

/// Sidecars of one store.
struct Sidecars {
    builders: Vec<Builder>,
    running: Vec<Sidecar>,
    trail: Option<TrailDir>,
}

impl Sidecars {
    /// Where there are replicas, none of them is waited for: how soon one is there again is another matter.
    fn start(url: &str, count: usize, trail: Option<TrailDir>) -> Self {
        let one = |_| {
            let builder = on(url).set("OTP_DURABILITY", "none");
            let variables = trail.as_ref().map(TrailDir::variables).unwrap_or_default();
            variables.iter().fold(builder, |builder, (name, value)| builder.set(name, value))
        };
        let builders: Vec<Builder> = (0..count).map(one).collect();
        let running = builders.iter().cloned().map(Builder::start).collect();
        Self { builders, running, trail }
    }

    fn clients(&self) -> Vec<Client> {
        self.running.iter().map(Sidecar::client).collect()
    }

    fn stop(&mut self) {
        self.running.iter_mut().for_each(|sidecar| assert!(sidecar.terminate().0.success()));
        self.running.clear();
    }

    /// Stops all, and finds that their trail is as it was written.
    fn end(&mut self) {
        self.stop();
        self.trail.iter().for_each(TrailDir::is_sound);
    }

    fn start_again(&mut self) {
        self.running = self.builders.iter().cloned().map(Builder::start).collect();
    }

    /// The events `store.rollback` that were written out so far.
    fn rollbacks(&self) -> Vec<Value> {
        let events: Vec<Value> = match &self.trail {
            Some(trail) => trail.events(),
            None => {
                let lines = self.running.iter().flat_map(Sidecar::all_event_lines);
                lines.map(|line| serde_json::from_str(&line).expect("an event")).collect()
            }
        };
        events.into_iter().filter(|event| event["type"] == "store.rollback").collect()
    }

    async fn counted(&self) -> f64 {
        let mut all = 0.0;
        for sidecar in &self.running {
            all += Metrics::fetch(sidecar).await.value("otp_store_rollbacks_total", &[]);
        }
        all
    }
}

/// What a check says as soon as it says anything.
async fn answered(client: &Client, issued: &Issued) -> crate::support::Answer {
    let check = || async {
        let answer = client.check_id(&issued.id, &issued.code).await;
        (answer.status != 503).then_some(answer)
    };
    wait::until_async("an answer", AGAIN_WITHIN, check).await
}

/// A code is issued and let in.
async fn works(client: &Client, subject: &str) {
    let round = || async {
        let sent = client.send(subject).await;
        (sent.status == 201).then_some(())?;
        let issued = Issued { id: sent.str("id").into(), code: sent.str("code").into() };
        (client.check_id(&issued.id, &issued.code).await.body["valid"] == true).then_some(())
    };
    wait::until_async("a code that is let in", AGAIN_WITHIN, round).await;
}

/// One server, on which the data go back in each of these ways, and so many sidecars.
async fn on_one_server(hows: &[How], count: usize, restarted: bool, trail: impl Fn() -> Option<TrailDir>) {
    for how in hows {
        let mut place = Place::One(Redis::with(how.options()));
        let mut sidecars = Sidecars::start(&place.url(), count, trail());
        goes_back(*how, &mut place, &mut sidecars, restarted).await;
        sidecars.end();
    }
}

async fn goes_back(how: How, place: &mut Place, sidecars: &mut Sidecars, restarted: bool) {
    let counted = sidecars.counted().await;
    let clients = sidecars.clients();
    // What another did since it last looked, in a server that runs, one sidecar cannot know.
    let writer = if restarted { clients.len() - 1 } else { 0 };
    let used = place.issue(how, &clients[0]).await;
    place.keep(how);
    clients[writer].check_id(&used.id, &used.code).await.approved();
    if restarted {
        sidecars.stop();
    }
    let since_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    place.happen(how);
    let since = Instant::now();
    if restarted {
        sidecars.start_again();
    }
    // The one that let it in, or any that read its trail: it is the first to be asked.
    let clients = sidecars.clients();
    let again = answered(&clients[0], &used).await;
    assert_ne!(again.body["valid"], true, "{how:?}: {again:?}");
    for client in &clients {
        let again = answered(client, &used).await;
        assert!(["expired", "already_used", "not_found"].contains(&again.str("reason")), "{how:?}: {again:?}");
    }
    for (n, client) in clients.iter().enumerate() {
        works(client, &format!("cyd{n}-{how:?}")).await;
    }
    println!("{how:?}: back after {:?}", since.elapsed());
    let told = || {
        let expects = |event: &Value| event["expected"].is_string() && event["found"].is_string();
        let is = |event: &Value| {
            let late = event["time_ms"].as_u64() >= Some(since_ms);
            late && expects(event) && place.causes(how).contains(&event["cause"].as_str().unwrap())
        };
        sidecars.rollbacks().iter().any(is).then_some(())
    };
    wait::until(&format!("{how:?}: the event to be written out"), wait::PATIENCE, told);
    assert!(sidecars.counted().await > counted, "{how:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_running_sidecar() {
    on_one_server(&How::ALL, 1, false, || Some(TrailDir::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_two_that_write_to_standard_output() {
    on_one_server(&How::ALL, 2, false, || None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_none_ran_whose_trail_is_on_disk() {
    on_one_server(&How::ALL, 2, true, || Some(TrailDir::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_none_ran_and_the_data_directory_knows() {
    on_one_server(&How::ALL, 1, true, || None).await;
}

/// What nothing was lost by: all codes are as they were, and nobody tells of anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_loses_nothing_fences_nothing() {
    let options = RedisOptions {
        aof: true,
        extra: ["--enable-debug-command", "yes", "--appendfsync", "always"].map(str::to_owned).to_vec(),
        ..How::Kill.options()
    };
    let mut redis = Redis::with(options);
    let mut sidecars = Sidecars::start(&user::at(&redis.url()), 2, Some(TrailDir::new()));
    let [ada, bob, cyd] = ["ada", "bob", "cyd"];
    let clients = sidecars.clients();
    let issued = [clients[0].issue(ada).await, clients[1].issue(bob).await, clients[0].issue(cyd).await];

    redis.cli(&["DEBUG", "RELOAD"]);
    answered(&clients[1], &issued[0]).await.approved();
    answered(&clients[0], &issued[0]).await.rejected("used", "already_used");
    // One that syncs each write has all of them.
    redis.restart();
    answered(&clients[0], &issued[1]).await.approved();
    answered(&clients[1], &issued[1]).await.rejected("used", "already_used");
    assert_eq!(sidecars.counted().await, 0.0);
    // With all of them started anew, their trails say how far it went.
    sidecars.stop();
    redis.restart();
    sidecars.start_again();
    answered(&sidecars.clients()[0], &issued[2]).await.approved();
    assert_eq!((sidecars.counted().await, sidecars.rollbacks().len()), (0.0, 0));
}

/// Put in the place of ours in a server that runs, they are none of ours to fence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_another_index_key_are_not_written_to() {
    const OTHER_KEY: &str = "YW5vdGhlci1pbmRleC1rZXktb2YtdGhlLXRlc3RzLTAxMjM0NTY=";
    let redis = Redis::with(How::Swap.options());
    let url = user::at(&redis.url());
    let mut other = on(&format!("{url}/1")).set("OTP_INDEX_KEY", OTHER_KEY).start();
    other.client().issue("ada").await;
    assert!(other.terminate().0.success());
    let sidecar = on(&url).start();
    let client = sidecar.client();
    for n in 0..20 {
        client.issue(&format!("ada{n}")).await;
    }
    redis.cli(&["SWAPDB", "0", "1"]);
    let epochs = || {
        let epochs = redis.keys().into_iter().filter(|key| key.ends_with(b":epoch"));
        let mut epochs: Vec<_> = epochs.map(|key| redis.ask_key::<String>("GET", &key, &[])).collect();
        epochs.sort();
        epochs
    };
    let before = epochs();
    for n in 0..20 {
        assert_eq!(client.send(&format!("ada{n}")).await.status, 503);
    }
    let told = || sidecar.log_lines().iter().any(|line| line.contains("OTP_INDEX_KEY is not")).then_some(());
    wait::until("a line that says so", wait::PATIENCE, told);
    assert_eq!((epochs(), Metrics::fetch(&sidecar).await.value("otp_store_rollbacks_total", &[])), (before, 0.0));
    // Ours again, as they were.
    redis.cli(&["SWAPDB", "0", "1"]);
    let again = || async { (client.send("ada1").await.status == 201).then_some(()) };
    wait::until_async("a code", AGAIN_WITHIN, again).await;
}

/// One bucket that is as new as what was known says nothing about the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bucket_that_is_whole_lets_no_other_through() {
    let redis = Redis::with(How::Reload.options());
    let sidecars = Sidecars::start(&user::at(&redis.url()), 1, None);
    let client = &sidecars.clients()[0];
    let used = client.issue("ada").await;
    How::Reload.keep(&redis);
    client.check_id(&used.id, &used.code).await.approved();
    // Of the others none lost anything; and the first that is asked of says so.
    let mut redis = redis;
    How::Reload.happen(&mut redis);
    let again = answered(client, &used).await;
    assert_ne!(again.body["valid"], true, "{again:?}");
    // That of the user, and that of what sidecars do themselves.
    assert!(sidecars.counted().await <= 2.0, "the others are whole");
}
