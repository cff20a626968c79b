//! Data that went back to something earlier, however they did: no used code gets in, the event says how far back, the trail proves
//! itself, and work goes on without anybody's consent.

mod how;
mod killed;
mod place;
mod several;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use how::How;
use otp_sidecar::store::positions::Position;
use place::Place;

use serde_json::Value;

use super::on;
use crate::support::{
    Client, Issued, Metrics, Redis, Sidecar,
    launch::Builder,
    redis::user,
    trail::{TrailDir, identity},
    wait,
};

/// Work goes on so soon.
const AGAIN_WITHIN: Duration = Duration::from_secs(3);

/// Sidecars of one store.
struct Sidecars {
    builders: Vec<Builder>,
    running: Vec<Sidecar>,
    trail: Option<TrailDir>,
    /// Without a trail: what those printed that were stopped.
    printed: Vec<String>,
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
        Self { builders, running, trail, printed: Vec::new() }
    }

    fn clients(&self) -> Vec<Client> {
        self.running.iter().map(Sidecar::client).collect()
    }

    fn stop(&mut self) {
        self.running.iter_mut().for_each(|sidecar| assert!(sidecar.terminate().0.success()));
        self.printed.extend(self.running.drain(..).flat_map(|sidecar| sidecar.all_event_lines()));
    }

    /// Stops all, and finds that their trail is as it was written, or that no number was given to two events that were printed.
    fn end(&mut self) {
        self.stop();
        match &self.trail {
            Some(trail) => trail.is_sound(),
            None => {
                let mut told = BTreeMap::new();
                for event in self.events() {
                    let what = (event["type"].clone(), event["time_ms"].clone());
                    let before = told.insert(identity(&event), what.clone()).unwrap_or_else(|| what.clone());
                    assert_eq!(before, what, "{event}");
                }
            }
        }
    }

    fn start_again(&mut self) {
        self.running = self.builders.iter().cloned().map(Builder::start).collect();
    }

    /// All events that were written out so far.
    fn events(&self) -> Vec<Value> {
        match &self.trail {
            Some(trail) => trail.events(),
            None => {
                let lines = self.running.iter().flat_map(Sidecar::all_event_lines);
                let lines = self.printed.iter().cloned().chain(lines);
                lines.map(|line| serde_json::from_str(&line).expect("an event")).collect()
            }
        }
    }

    /// Those among them that tell of data that went back, since then.
    fn rollbacks(&self, since_ms: u64) -> Vec<Value> {
        let is = |event: &Value| event["type"] == "store.rollback" && event["time_ms"].as_u64() >= Some(since_ms);
        self.events().into_iter().filter(is).collect()
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
    let counted = if restarted { 0.0 } else { sidecars.counted().await };
    let clients = sidecars.clients();
    // Who let the code in knows of it, and so does whoever reads its trail at start. Any other one is asked before, where it can
    // tell: what another did since it last looked, in a server that runs, one sidecar cannot know.
    let knows = clients.len() - 1;
    let first = if how.shows() { 0 } else { knows };
    let used = place.issue(how, &clients[0]).await;
    place.keep(how);
    clients[knows].check_id(&used.id, &used.code).await.approved();
    if restarted {
        sidecars.stop();
    }
    let since_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    place.happen(how);
    let since = Instant::now();
    if restarted {
        sidecars.start_again();
    }
    let clients = sidecars.clients();
    let again = answered(&clients[first], &used).await;
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
        // Of what was before, a bucket that nobody asked of may be fenced only now.
        let told =
            sidecars.rollbacks(since_ms).into_iter().filter(|event| place.causes(how).contains(&cause_of(event)));
        (told.inspect(says_how_far).count() > 0).then_some(())
    };
    wait::until(&format!("{how:?}: the event to be written out"), wait::PATIENCE, told);
    assert!(sidecars.counted().await > counted, "{how:?}");
}

fn cause_of(event: &Value) -> &str {
    event["cause"].as_str().expect("a cause")
}

/// What was found, and what was expected; less, where only that is why.
#[track_caller]
fn says_how_far(event: &Value) {
    let position = |name: &str| event[name].as_str().and_then(|position| position.parse::<Position>().ok());
    let (found, expected) = (position("found"), position("expected"));
    assert!(found.is_some() && expected.is_some(), "{event}");
    assert!(found < expected || !["behind", "gone"].contains(&cause_of(event)), "{event}");
}

/// By any of these, which all codes outlive, and nobody tells of anything: under two sidecars, and while none of them ran whose
/// trail is on disk, or who have a data directory alone.
async fn loses_nothing(mut place: Place, hows: &[How]) {
    for how in hows {
        for (restarted, trail) in [(false, None), (true, Some(TrailDir::new())), (true, None)] {
            // Who may not ask how it syncs takes it for one that does not.
            let url = if *how == How::Kill { user::anybody_at(&place.url()) } else { place.url() };
            let mut sidecars = Sidecars::start(&url, 2, trail);
            let issued = place.issue(*how, &sidecars.clients()[0]).await;
            if restarted {
                sidecars.stop();
            }
            place.happen(*how);
            if restarted {
                sidecars.start_again();
            }
            let clients = sidecars.clients();
            answered(&clients[1], &issued).await.approved();
            answered(&clients[0], &issued).await.rejected("used", "already_used");
            assert_eq!(sidecars.counted().await, 0.0, "{how:?}");
            sidecars.end();
            assert_eq!(sidecars.rollbacks(0), Vec::<Value>::new(), "{how:?}");
        }
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_loses_nothing_fences_nothing() {
    loses_nothing(Place::synced(), &[How::ReloadOfNow, How::Kill]).await;
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
