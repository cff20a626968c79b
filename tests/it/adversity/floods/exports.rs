//! Whatever operators ask, all at once: exports of a person with many events, and everything that there is of events.

use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use hyper::{Method, body::Bytes};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime,
    sync::oneshot,
    task::JoinSet,
};

use crate::support::{Address, Client, Redis, Rig, TrailDir, keys, rig::UNLIMITED, trail, wait};

/// Events in the trail, all of one person: sixteen times as many would take hundreds of megabytes.
const EVENTS: u64 = 8_000;
/// More than lies between two sockets where nobody reads.
const LASTING: u64 = 20_000;
const AT_ONCE: usize = 16;
/// What all exports together may take: beside a few batches, where each event stands.
const GROWN: u64 = 24 << 20;
/// What `/livez` of the app may take beside them.
const PATIENCE: Duration = Duration::from_millis(50);
/// What the slowest hundredth of sends may take beside them, of what it takes without.
const SLOWER: f64 = 1.5;
/// Sends of one stretch, and how often it is measured without operators and with them: what else happens on the machine only
/// adds, and not in each of these rounds to one of the two alone.
const SENDS: usize = 400;
const ROUNDS: usize = 8;
/// By chance it holds in one of them, but hardly ever in two where operators are in the way.
const HOLDS: usize = 2;
const SOON: Duration = wait::PATIENCE;

/// A sidecar whose trail directory has so many events of `ann`, in a trail beside its own.
async fn filled(events: u64) -> (Rig, TrailDir) {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let variables = dir.variables();
    let variables = UNLIMITED.iter().copied().chain(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let rig = Rig::over(redis, &variables.collect::<Vec<_>>());
    rig.client.issue("ann").await;
    let sent = || {
        let text = fs::read_to_string(trail::segments(dir.trails().first()?).first()?).ok()?;
        text.lines().find(|line| line.contains("\"type\":\"send\"")).map(str::to_owned)
    };
    let line = wait::until("the event in the trail", SOON, sent);
    let event: Value = serde_json::from_str(&line).expect("an event");
    let [seq, time] = ["seq", "time_ms"].map(|name| (name, event[name].as_u64().expect("a number")));
    let numbered = |line: &str, (name, before): (&str, u64), now: u64| {
        line.replace(&format!("\"{name}\":{before},"), &format!("\"{name}\":{now},"))
    };
    // Every other one twice, as after a crash; the newest first, as nobody writes them.
    let lines = (1..=events).rev().flat_map(|n| {
        let line = numbered(&numbered(&line, seq, 1_000_000 + n), time, time.1 + n);
        std::iter::repeat_n(line + "\n", 1 + usize::from(n % 2 == 0))
    });
    let beside = dir.path().join("trail-0123abcd");
    fs::create_dir(&beside).expect("a directory");
    fs::write(beside.join("00000001.jsonl"), lines.collect::<String>()).expect("a segment");
    (rig, dir)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_export_at_a_time_leaves_memory_and_the_app_as_they_are() {
    let (rig, _dir) = filled(EVENTS).await;
    let body = json!({"subject": "ann", "tenant": keys::TENANT});
    let before = rig.sidecar.resident();
    let mut exports = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (admin, body) = (rig.sidecar.admin_client(), body.to_string());
        exports.spawn(async move { admin.try_call(Method::POST, "/admin/v1/subjects/export", body.into()).await });
    }
    let done = AtomicBool::new(false);
    let watching = async {
        let (mut most, mut took) = (0, Vec::new());
        while !done.load(Ordering::Relaxed) {
            let start = Instant::now();
            rig.client.get("/livez").await.is(200);
            took.push(start.elapsed());
            most = most.max(rig.sidecar.resident());
        }
        took.sort();
        (most, took[took.len() / 2])
    };
    let finishing = async {
        let answers = exports.join_all().await;
        done.store(true, Ordering::Relaxed);
        answers
    };
    let ((most, livez), answers) = tokio::join!(watching, finishing);
    let grown = most.saturating_sub(before);
    println!("{} KiB more, /livez {livez:?}", grown >> 10);
    assert!(grown < GROWN, "{} KiB more", grown >> 10);
    assert!(livez < PATIENCE, "/livez took {livez:?}");
    let (mut whole, mut refused) = (0, 0);
    for answer in answers {
        let answer = answer.expect("an answer");
        if answer.status == 503 {
            let told = answer.refused(503, "overloaded");
            assert!(told.str("detail").starts_with("Another export goes on"), "{told:?}");
            refused += 1;
            continue;
        }
        let exported = answer.is(200).body;
        let times: Vec<_> =
            exported["events"].as_array().expect("events").iter().map(|e| e["time_ms"].as_u64()).collect();
        assert!(times.is_sorted() && exported["complete"] == json!(true), "{} events", times.len());
        let seqs: BTreeSet<_> = exported["events"].as_array().unwrap().iter().map(|e| e["seq"].as_u64()).collect();
        assert!(seqs.len() == times.len() && seqs.len() as u64 > EVENTS, "{} of {}", seqs.len(), times.len());
        whole += 1;
    }
    assert!(whole >= 1 && refused >= 1 && whole + refused == AT_ONCE, "{whole} whole, {refused} refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_prints_each_event_on_a_line_of_its_own() {
    let (rig, _dir) = filled(EVENTS).await;
    let Address::Tcp(admin) = rig.sidecar.admin() else { panic!("not TCP") };
    let environment = [("OTP_ADMIN_URL", &*format!("http://{admin}")), ("OTP_ADMIN_KEY", keys::ADMIN_KEY)];
    let words = ["export", "ann", "--tenant", keys::TENANT, "--reason", "asked for"];
    let printed = trail::run(&words, &environment);
    assert_eq!(printed.code, 0);
    let exported: Value = serde_json::from_str(&printed.text).expect("one JSON object");
    let events = exported["events"].as_array().expect("events").len();
    assert!(events as u64 > EVENTS && exported["complete"] == json!(true));
    assert_eq!(printed.text.lines().count(), events + 2);
}

/// Whoever has begun and reads no further, or goes away, is in nobody's way for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_nobody_reads_makes_way() {
    let (rig, _dir) = filled(LASTING).await;
    let body = json!({"subject": "ann", "tenant": keys::TENANT}).to_string();
    let head = format!(
        "POST /admin/v1/subjects/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        keys::ADMIN_KEY,
        body.len()
    );
    let mut gone = rig.sidecar.admin().connect().await.expect("a connection");
    gone.write_all(format!("{head}{body}").as_bytes()).await.expect("taken");
    let mut first = [0; 12];
    gone.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    let again = || async {
        let answer = rig.sidecar.admin_client().post_text("/admin/v1/subjects/export", body.clone()).await;
        (answer.status == 200).then_some(())
    };
    assert!(again().await.is_none(), "while it goes on");
    drop(gone);
    wait::until_async("its turn to be given up", SOON, again).await;
}

/// Has as many events kept for whoever looks as there may be, in each bucket.
async fn kept(rig: &Rig) {
    const COPY: &str = "for _, key in ipairs(redis.call('KEYS', '*:recent')) do
        local first = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1][2]
        for n = 1, 200 do
            local fields = {}
            for i, field in ipairs(first) do fields[i] = field:gsub('\"seq\":%d+', '\"seq\":' .. 1000000 + n) end
            redis.call('XADD', key, '*', unpack(fields))
        end
    end
    return #redis.call('KEYS', '*:recent')";
    rig.issue_all("kept", 600).await;
    let all = || (rig.redis.ask::<usize>(&["EVAL", "return #redis.call('KEYS', '*:recent')", "0"]) == 64).then_some(());
    wait::until("events of each bucket", SOON, all);
    assert_eq!(rig.redis.ask::<usize>(&["EVAL", COPY, "0"]), 64);
}

/// What `/livez` and sends take in the slowest hundredth, one after the other.
async fn slowest(rig: &Rig) -> [Duration; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..SENDS {
        let start = Instant::now();
        rig.client.get("/livez").await.is(200);
        took[0].push(start.elapsed());
        let start = Instant::now();
        rig.client.send(&format!("user{}", start.elapsed().as_nanos())).await;
        took[1].push(start.elapsed());
    }
    took.map(|mut took| {
        took.sort();
        took[took.len() * 99 / 100]
    })
}

/// Operators who ask for all there is, again and again, and read it on a thread of their own.
struct Operators {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Operators {
    fn start(rig: &Rig, export: &str) -> Self {
        let clients: Vec<_> = (0..AT_ONCE).map(|_| (rig.sidecar.admin_client(), export.to_owned())).collect();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let asking = clients.into_iter().enumerate().map(|(n, (admin, export))| ask_for_all(admin, export, n));
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = join_all(asking) => {}
                }
            });
        });
        Self { stop, thread }
    }

    fn stop(self) {
        self.stop.send(()).expect("they ask until they are stopped");
        self.thread.join().expect("answers");
    }
}

async fn ask_for_all(admin: Client, export: String, first: usize) {
    for turn in first.. {
        let asked = match turn % 4 {
            0 => admin.try_call(Method::POST, "/admin/v1/subjects/export", export.clone().into()).await,
            1 => admin.try_call(Method::GET, "/admin/v1/events?limit=1000", Bytes::new()).await,
            2 => admin.try_call(Method::GET, "/admin/v1/events?type=send&limit=1000", Bytes::new()).await,
            _ => admin.try_call(Method::GET, "/admin/v1/stats", Bytes::new()).await,
        };
        assert!([200, 503].contains(&asked.expect("an answer").status));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_operators_ask_the_app_goes_on() {
    let (rig, _dir) = filled(EVENTS).await;
    kept(&rig).await;
    let export = json!({"subject": "ann", "tenant": keys::TENANT}).to_string();
    let mut held = 0;
    for _ in 0..ROUNDS {
        let [_, quiet] = slowest(&rig).await;
        let operators = Operators::start(&rig, &export);
        let [livez, busy] = slowest(&rig).await;
        operators.stop();
        println!("/livez {livez:?}, sends {quiet:?} without and {busy:?} beside operators");
        if livez < PATIENCE && busy <= quiet.mul_f64(SLOWER) {
            held += 1;
        }
        if held == HOLDS {
            return;
        }
    }
    panic!("slower beside operators in all but {held} of {ROUNDS} rounds");
}
