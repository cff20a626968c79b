//! Five times as much as can be done. What is too much is refused early; what is accepted is done about as fast and as
//! often as at the most that can be done.

use std::time::Duration;

use super::offered::{Probes, Told, closed, open};
use crate::support::{
    Fault, Proxy, Redis, Rig, Sidecar,
    processor::Spent,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC, Settings},
};

const TIMES: f64 = 5.0;
/// Of one measurement of an overload, and of one of what can be done.
const LASTS: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(2)];
/// Each further step has so many more apps.
const STEP: f64 = 1.25;
const MOST_APPS: usize = 1000;
/// So few refusals make no overload yet.
const FEW_PER_CENT: usize = 3;
/// Of the peak. A build without optimisation spends so much of the two processors on refusing four calls of five that less
/// is left to hash with; what is built for release keeps the first.
const GOODPUT: f64 = if cfg!(debug_assertions) { 0.6 } else { 0.8 };
const SLOWER: u32 = 2;
/// For health, metrics and the operator, in the worst hundredth: they wait for a processor and for nothing else. Where the
/// machine is shared, so much that even without too many calls they take longer, three times what was measured then.
const PROMPT: Duration = Duration::from_millis(100);
/// An overload is measured between two stretches of what can be done, and compared with the worse of them; this so often at
/// most. What others do on the machine comes and goes; what the sidecar does to itself is in every round, so the best one
/// counts.
const ROUNDS: usize = 6;
/// What others may have of the processors where something is measured.
const UNDISTURBED: f64 = 0.1;

/// What calls wait in.
#[derive(Debug, Clone, Copy)]
struct Queue {
    /// The wait that a call is still let in for.
    wait: Duration,
    /// Calls that are worked on at the same time.
    servers: usize,
}

impl Queue {
    /// What a call may take that is let in last, where so many are done in a second: the wait, those that are being worked
    /// on, and itself.
    fn longest(self, peak: f64) -> Duration {
        self.wait + 2 * Duration::from_secs_f64(self.servers as f64 / peak)
    }
}

/// As many apps as can be served at once, found with more and more of them, from `apps` on.
async fn crowd(rig: &Rig, mut apps: usize, step: Duration, queue: Queue) -> usize {
    let mut most = None;
    loop {
        let told = closed(rig, apps, step).await;
        println!("{apps} apps: {:.0}/s, p99 {:?}", told.goodput(), told.p99());
        println!("{} overloaded, {} odd: {:?}", told.overloaded, told.odd.len(), told.odd.first());
        let full = told.p99() > SLOWER * queue.longest(told.goodput());
        if full || told.refused() * 100 > told.accepted * FEW_PER_CENT {
            return most.unwrap_or(apps);
        }
        most = Some(apps);
        apps = (apps as f64 * STEP).ceil() as usize;
        assert!(apps < MOST_APPS, "there is no end");
    }
}

/// What harm an overload did, given what was done just before and after by as many apps as can be served.
fn harm([before, overload, after]: &[Told; 3], prompt: [(usize, Duration); 2], queue: Queue) -> Option<String> {
    let (peak, goodput) = (before.goodput().min(after.goodput()), overload.goodput());
    let (p99, busy, early) = (before.p99().max(after.p99()), overload.p99(), overload.refused_within());
    println!(
        "capacity {peak:.0}/s, p99 {p99:?}; overload {goodput:.0}/s, p99 {busy:?}, {} refused",
        overload.overloaded
    );
    println!("refused within {early:?}, probes {prompt:?}, {} odd: {:?}", overload.odd.len(), overload.odd.first());
    let harms = [
        (goodput < GOODPUT * peak, "fewer are accepted"),
        (busy > SLOWER * p99, "those that are accepted take longer"),
        (busy > SLOWER * queue.longest(peak), "the queue is longer than it may be"),
        (overload.overloaded < 2 * overload.accepted, "it is no overload"),
        (early > p99 / 4, "refusals come late"),
        (prompt[1].0 < 50 || prompt[1].1 > PROMPT.max(prompt[0].1 * 3), "health, metrics or the operator wait"),
    ];
    harms.into_iter().find_map(|(harm, what)| harm.then(|| what.to_owned()))
}

/// Offers too much; asserts what must hold then, and answers what became of it in the best round: `None` where others had the
/// processors in all of them, so that nothing was measured.
async fn endures(rig: &Rig, apps: usize, queue: Queue) -> Option<Told> {
    let (mut why, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (probes, spent) = (Probes::start(rig), Spent::now());
        let before = closed(rig, apps, LASTS[1]).await;
        let quiet = probes.take();
        let told = open(rig, before.goodput() * TIMES, LASTS[0]).await;
        let prompt = [quiet, probes.take()];
        drop(probes);
        let after = closed(rig, apps, LASTS[1]).await;
        let all = [before, told, after];
        match harm(&all, prompt, queue) {
            None => {
                let [_, told, _] = all;
                return Some(told);
            }
            Some(harm) => why.push(harm),
        }
        others.push(spent.by_others());
    }
    println!("others had of the processors {others:.2?}");
    assert!(others.iter().all(|others| *others > UNDISTURBED), "in every round: {why:?}, others {others:.2?}");
    None
}

/// A line for each refusal would cost more than the refusal.
const QUIET: (&str, &str) = ("OTP_LOG", "info,otp_sidecar::http=warn");

/// The longest queue that a hash is let into (deploy/docs/operate.md).
const HASH_QUEUE: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_five_times_the_codes_to_hash_as_many_are_hashed_as_ever() {
    let rig = Rig::unlimited(&[("OTP_HASH", "argon2id"), QUIET]);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = Queue { wait: HASH_QUEUE, servers: threads };
    let apps = crowd(&rig, 2 * threads, Duration::from_secs(1), queue).await;
    let Some(told) = endures(&rig, apps, queue).await else { return };
    assert_eq!(told.odd, Vec::<String>::new());
}

/// A store that does one script after the other, each in this time: so slow that it is the store that is measured, and that
/// five times what it can do is no work for whoever asks.
const SCRIPT: Duration = Duration::from_millis(10);
/// Of one call to the store, as the tests set it.
const TIMEOUT: Duration = Duration::from_millis(800);
/// Calls that were in before the sidecar knew how slow its store is, of each hundred.
const LATE_PER_CENT: usize = 5;

fn slow_store(scheme: Settings) -> (Rig, Proxy) {
    let redis = Redis::start();
    let proxy = Proxy::start(&redis);
    let builder = Sidecar::builder().set("REDIS_URL", &proxy.url()).set_all(&UNLIMITED);
    let sidecar = builder.set_all(scheme).set_all(&[QUIET]).start();
    proxy.set(Fault::Pace(SCRIPT));
    (Rig { client: sidecar.client(), sidecar, redis }, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_five_times_the_calls_a_slow_store_does_as_many_as_ever() {
    let (rig, _proxy) = slow_store(HMAC);
    let queue = Queue { wait: TIMEOUT, servers: 1 };
    let apps = crowd(&rig, 45, Duration::from_secs(2), queue).await;
    let Some(told) = endures(&rig, apps, queue).await else { return };
    let calls = told.accepted + told.refused();
    assert!(told.odd.iter().all(|answer| answer == "503 \"store_unavailable\""), "{:?}", told.odd);
    assert!(told.odd.len() * 100 <= calls * LATE_PER_CENT, "{} of {calls} late", told.odd.len());
}

/// Refused calls looked at afterwards.
const LOOKED_AT: usize = 200;

/// Also where a send is two calls to the store, of which the second would come too late to refuse.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_slow_store_had_no_room_for_was_not_spent() {
    let (rig, proxy) = slow_store(CHEAP);
    // Each second it can do half of 100 sends.
    let told = open(&rig, 250.0, Duration::from_secs(3)).await;
    proxy.heal();
    println!("{} accepted, {} overloaded, {} odd", told.accepted, told.overloaded, told.odd.len());
    assert!(told.overloaded > LOOKED_AT, "{}", told.overloaded);
    for subject in told.subjects.iter().step_by(told.subjects.len() / LOOKED_AT) {
        assert_eq!(rig.counted(subject).await, (0, 0), "{subject}");
    }
}
