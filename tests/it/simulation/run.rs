//! One run: a world, its clients, the faults of the plan, and the verdict.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use hyper::Method;
use serde_json::json;
use tokio::{runtime::Runtime, task::JoinSet};

use super::{
    check::{self, Event},
    client::{App, Shared},
    history::{Call, Effect, History, Told},
    name,
    plan::{CLIENTS, Kind, Plan, SUBJECTS},
    rest,
    world::{LIMITS, World},
};
use crate::support::wait;

/// For so many calls as lie between two faults; a machine under full load makes some twenty a second.
const CALLED_WITHIN: Duration = Duration::from_secs(60);
/// After a fault all is well again within this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Exit codes of `audit verify`.
const SOUND: i32 = 0;
const REPEATED: i32 = 14;
/// Of what is wrong so much is shown.
const SHOWN: usize = 3;

/// Runs one; panics if anything did not hold.
pub fn run(seed: u64, kind: Kind) {
    let again = format!("OTP_TEST_SEED={seed} cargo test --locked --test it {} -- --exact --nocapture", name(kind));
    eprintln!("simulation: {again}");
    let (plan, began) = (Plan::of(seed, kind), Instant::now());
    eprintln!("simulation: {:?}", plan.faults);
    let mut world = World::start(kind);
    let (started, history) = (began.elapsed(), lived(&plan, &mut world));
    let (lived, mut wrong) = (began.elapsed(), verdict(&mut world, &history));
    eprintln!("simulation: started in {started:.1?}, lived until {lived:.1?}, judged after {:.1?}", began.elapsed());
    tell(&history);
    let many = wrong.len();
    wrong.truncate(SHOWN);
    assert!(wrong.is_empty(), "{many} broken\n{}\nAgain, as far as it depends on the seed: {again}", wrong.join("\n"));
    assert!(each_came(&history.calls), "{:?}", kinds(&history.calls));
}

/// All that was asked and hurt.
fn lived(plan: &Plan, world: &mut World) -> History {
    let runtime = Runtime::new().expect("a runtime");
    let shared = Arc::new(Shared::new(world.ways()));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let app = App::new(number, Arc::clone(&shared));
        clients.spawn_on(app.run(plan.turns(number)), runtime.handle());
    }
    let calls = |more: usize| {
        let goal = shared.done.load(Ordering::Relaxed) + more;
        let made = || (shared.done.load(Ordering::Relaxed) >= goal).then_some(());
        wait::until("calls to be made", CALLED_WITHIN, made);
    };
    let answered = || runtime.block_on(answered(&shared));
    let mut faults = Vec::new();
    for (after, fault) in &plan.faults {
        calls(*after);
        faults.push(world.hurt(*fault, &calls, &answered));
    }
    calls(plan.rest);
    // Calls that were answered by an outage used up the plan, and a machine under load makes more of these.
    wait::until("each kind of answer", CALLED_WITHIN, || each_came(&shared.calls.lock().unwrap()).then_some(()));
    shared.stop.store(true, Ordering::Relaxed);
    runtime.block_on(clients.join_all());
    let mut calls: Vec<Call> = std::mem::take(&mut *shared.calls.lock().unwrap());
    calls.sort_by_key(|call| call.n);
    History { calls, faults, limits: LIMITS }
}

/// Waits until each sidecar answers about each subject: then each has found where it lies now.
async fn answered(shared: &Shared) {
    for (client, _) in &shared.ways {
        for subject in SUBJECTS {
            let body = json!({"subject": subject}).to_string();
            let look = || async {
                let answer = client.try_call(Method::POST, "/v1/status", body.clone().into()).await.ok()?;
                (answer.status == 200).then_some(())
            };
            wait::until_async("a sidecar to answer", ANSWERED_WITHIN, look).await;
        }
    }
}

/// All that is wrong, with the part of the history that shows it.
fn verdict(world: &mut World, history: &History) -> Vec<String> {
    let told =
        |broken: &check::Broken| format!("{}: {}\n{}", broken.invariant, broken.what, history.excerpt(&broken.calls));
    let mut wrong: Vec<String> = check::check(history).iter().map(told).collect();
    let left = || {
        let primaries = world.store.primaries();
        let left: u64 = primaries
            .iter()
            .flat_map(|server| server.streams().into_iter().map(|stream| server.ask_key::<u64>("XLEN", &stream, &[])))
            .sum();
        (left == 0).then_some(())
    };
    wait::until("all events to be written", ANSWERED_WITHIN, left);
    wrong.extend(rest::look(world, history));
    wrong.extend(world.crew.log().into_iter().filter(|line| line.contains("panicked")));
    world.stop();
    let events: Vec<Event> = world.trail.events().iter().map(Event::read).collect();
    wrong.extend(check::trail(history, &events).iter().map(told));
    let verified = world.trail.verify();
    // A failover may take it that an event was written to the trail, so that it is written there again.
    let allowed: &[i32] = if history.effects().any(|effect| matches!(effect, Effect::Failover { .. })) {
        &[SOUND, REPEATED]
    } else {
        &[SOUND]
    };
    if !allowed.contains(&verified.code) {
        wrong.push(format!("audit verify: {}", verified.text));
    }
    wrong
}

/// How often each answer came.
fn tell(history: &History) {
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for call in &history.calls {
        let word = match &call.told {
            Told::Unknown(_) => "unknown".to_owned(),
            Told::Nothing(word) => word.clone(),
            told => format!("{told:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
        };
        *tally.entry(format!("{:?} {word}", call.asked.what)).or_default() += 1;
    }
    eprintln!("simulation: {} calls {tally:?}", history.calls.len());
    history
        .faults
        .iter()
        .for_each(|fault| eprintln!("simulation: {} {} ms", fault.what, (fault.end - fault.start) / 1000));
}

/// How often each kind of answer came; a run in which one is missing would hold whatever is broken.
fn kinds(calls: &[Call]) -> [(&'static str, usize); 5] {
    let some = |is: fn(&Told) -> bool| calls.iter().filter(|call| is(&call.told)).count();
    [
        ("issued", some(|told| matches!(told, Told::Issued { .. }))),
        ("approved", some(|told| matches!(told, Told::Approved(_)))),
        ("wrong", some(|told| matches!(told, Told::Wrong(None)))),
        ("locked", some(|told| matches!(told, Told::Wrong(Some(_))))),
        ("unknown", some(|told| matches!(told, Told::Unknown(_)))),
    ]
}

fn each_came(calls: &[Call]) -> bool {
    kinds(calls).iter().all(|(_, count)| *count > 0)
}
