//! More codes to hash than there is time for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, Issued, Rig, client::fresh_ip, wait, wrong_code_than};

/// With the sidecar's own cost.
const DEFAULT: [(&str, &str); 1] = [("OTP_HASH", "argon2id")];
const IN_FLIGHT: usize = 100;
/// Calls that need no hash, timed one after the other.
const TIMED: usize = 2000;
/// What such a call may take in the worst hundredth; or, where the machine is so slow or so much shared that this cannot be
/// had, three times what it takes while others keep all processors as busy as the hashes do, and as patiently.
const P99: Duration = Duration::from_millis(10);
/// As `NICENESS` in `src/service/hashing.rs`.
const NICENESS: i32 = 10;
/// How often it is measured. What others do on the machine only ever adds to a time, and not to every round alike; what the
/// sidecar does to itself is in all of them, so the best round counts.
const ROUNDS: usize = 5;
/// Memory of one hash.
const HASH_BYTES: u64 = 19456 * 1024;
/// For a hundred connections and their buffers.
const MARGIN_BYTES: u64 = 24 * 1024 * 1024;
/// Between a refusal and the next try: so many tries that the queue is full all the time, and so few that it is not they
/// that keep the machine busy.
const PAUSE: Duration = Duration::from_millis(250);
const SETTLED_WITHIN: Duration = Duration::from_secs(20);

/// Somebody else's hashes, on a thread for each processor, until it is dropped.
struct Neighbours {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Neighbours {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let hash = |stop: Arc<AtomicBool>| {
            // Of the calling thread alone, on Linux.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let params = Params::new((HASH_BYTES / 1024) as u32, 2, 1, None).expect("the sidecar's own cost");
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut memory = vec![Block::default(); (HASH_BYTES / 1024) as usize];
            while !stop.load(Ordering::Relaxed) {
                let mut out = [0; 32];
                argon2.hash_password_into_with_memory(b"neighbour", &[7; 16], &mut out, &mut memory).expect("a hash");
            }
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..processors).map(|_| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || hash(stop))
        });
        Self { threads: threads.collect(), stop }
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// Apps that send and check, subject after subject, for as long as the test goes on.
struct Crowd {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Tally>,
}

/// What became of the calls of one connection.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    overloaded: usize,
    /// Failures and requests that must stand against each subject: as many as answers told.
    subjects: Vec<(String, (u64, u64))>,
}

impl Crowd {
    fn start(client: &Client) -> Self {
        let mut crowd = Self { stop: Arc::default(), tasks: JoinSet::new() };
        for app in 0..IN_FLIGHT {
            let (client, stop) = (client.clone(), Arc::clone(&crowd.stop));
            crowd.tasks.spawn(async move {
                let mut tally = Tally::default();
                for turn in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let before = tally.overloaded;
                    tally.turn(&client, &format!("app{app}-{turn}")).await;
                    if tally.overloaded > before {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                tally
            });
        }
        crowd
    }

    async fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let all = self.tasks.join_all().await;
        let mut sum = Tally::default();
        for tally in all {
            sum.accepted += tally.accepted;
            sum.overloaded += tally.overloaded;
            sum.subjects.extend(tally.subjects);
        }
        sum
    }
}

impl Tally {
    /// Sends, and guesses wrong once and right once; whatever is refused as `overloaded` must not have happened.
    async fn turn(&mut self, client: &Client, subject: &str) {
        let Some(sent) = self.taken(client.send(subject).await) else {
            self.subjects.push((subject.to_owned(), (0, 0)));
            return;
        };
        let sent = sent.is(201);
        let issued = Issued { id: sent.str("id").into(), code: sent.str("code").into() };
        let mut failures = 0;
        for code in [wrong_code_than(&issued.code), issued.code.clone()] {
            match self.taken(client.check_id(&issued.id, &code).await) {
                Some(answer) if code == issued.code => {
                    answer.approved();
                    failures = 0;
                }
                Some(answer) => {
                    failures += 1;
                    let left = answer.rejected("pending", "wrong_code").number("attempts_left");
                    assert_eq!(left, sent.number("attempts_left") - failures);
                }
                None => {}
            }
        }
        self.subjects.push((subject.to_owned(), (failures, 1)));
    }

    /// The answer, unless there was no room for the call.
    fn taken(&mut self, answer: Answer) -> Option<Answer> {
        if answer.status != 503 {
            self.accepted += 1;
            return Some(answer);
        }
        self.overloaded += 1;
        answer.refused(503, "overloaded");
        None
    }
}

/// The 99th percentile of calls that need no hash.
async fn p99(client: &Client) -> Duration {
    let mut took = Vec::new();
    for n in 0..TIMED {
        let start = Instant::now();
        if n % 3 == 0 {
            client.get("/livez").await.is(200);
        } else {
            client.status("ada").await;
        }
        took.push(start.elapsed());
    }
    took.sort();
    took[TIMED * 99 / 100]
}

/// Everything of one load: each takes minutes of processor time, so they share it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_flood_of_hashes_everything_else_is_answered_at_once_and_memory_stays() {
    let rig = Rig::unlimited(&DEFAULT);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let neighbours = Neighbours::start();
    let beside = p99(&rig.client).await;
    drop(neighbours);
    let before = rig.sidecar.resident();
    let crowd = Crowd::start(&rig.client);
    let full = || async {
        let seen = rig.metrics().await.value("otp_requests_total", &[("outcome", "overloaded")]);
        (seen > 0.0).then_some(())
    };
    wait::until_async("a full queue", SETTLED_WITHIN, full).await;
    let mut busy = Duration::MAX;
    for _ in 0..ROUNDS {
        busy = busy.min(p99(&rig.client).await);
        if busy < P99 {
            break;
        }
    }
    let grown = rig.sidecar.resident().saturating_sub(before);
    let tally = crowd.stop().await;
    let empty = || async { (rig.metrics().await.value("otp_hash_queue", &[]) == 0.0).then_some(()) };
    wait::until_async("an empty queue", SETTLED_WITHIN, empty).await;
    let neighbours = Neighbours::start();
    let beside = beside.max(p99(&rig.client).await);
    drop(neighbours);
    eprintln!("p99 {busy:?}, {beside:?} beside others' hashes; {} MiB more; {} taken", grown >> 20, tally.accepted);
    assert!(busy < P99.max(beside * 3), "p99 {busy:?} among its own hashes, {beside:?} beside others'");
    assert!(grown <= threads * HASH_BYTES + MARGIN_BYTES, "{} MiB more", grown >> 20);
    assert!(tally.accepted > 0 && tally.overloaded > 0, "{} {}", tally.accepted, tally.overloaded);
    // Nobody was told `overloaded` and paid for it.
    for (subject, told) in tally.subjects.iter().step_by(1 + tally.subjects.len() / 500) {
        assert_eq!(rig.counted(subject).await, *told, "{subject}");
    }
}

/// A call that was turned away at the door spent no quota, no pause, no guess and no failure of its network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_overloaded_costs_its_subject_and_its_network_nothing() {
    let limits = [("MAX_FAILED_VERIFICATIONS_PER_OTP", "100"), ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "10000")];
    let rig = Rig::unlimited(&[&DEFAULT[..], &limits].concat());
    let (ip, issued) = (fresh_ip(), rig.client.issue("bob").await);
    let crowd = Crowd::start(&rig.client);
    let (mut sends, mut checks) = (Tally::default(), Tally::default());
    let start = Instant::now();
    while sends.overloaded < 20 || checks.overloaded < 20 {
        assert!(start.elapsed() < SETTLED_WITHIN, "{sends:?} {checks:?}");
        sends.taken(rig.client.send_body(json!({"subject": "ada", "ip": ip})).await);
        let guess = json!({"id": issued.id, "code": wrong_code_than(&issued.code), "ip": ip});
        if let Some(answer) = checks.taken(rig.client.check_body(guess).await) {
            answer.rejected("pending", "wrong_code");
        }
    }
    crowd.stop().await;
    assert_eq!(rig.counted("ada").await, (0, sends.accepted as u64));
    assert_eq!(rig.counted("bob").await, (checks.accepted as u64, 1));
    let free = || async {
        let answer = rig.client.check_body(json!({"id": issued.id, "code": issued.code, "ip": ip})).await;
        (answer.status == 200).then_some(answer)
    };
    let right = wait::until_async("room for one more", SETTLED_WITHIN, free).await.approved();
    let left = format!("\"ip_failures\";r={};", 10_000 - checks.accepted);
    assert!(right.header("ratelimit").is_some_and(|limits| limits.contains(&left)), "{left} {right:?}");
}
