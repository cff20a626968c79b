//! A judge that finds nothing is worth nothing: each invariant is broken once by hand, and found.

use super::{Broken, Event, check, trail};
use crate::simulation::history::{Asked, Call, Effect, Fault, History, Limits, Told, What};

const MS: u64 = 1000;
const LIMITS: Limits = Limits { failures: 3, sends: (2, 1000 * MS), ip_sends: (3, 1000 * MS), pause: 10 * MS };

/// A call of 1 ms that was begun at this ms.
fn call(at: u64, what: What, told: Told) -> Call {
    let asked = Asked {
        what,
        subject: "ada".into(),
        purpose: "login",
        ip: "198.51.100.1".into(),
        id: None,
        code: None,
        key: None,
    };
    Call { n: 0, sidecar: 0, start: at * MS, end: (at + 1) * MS, asked, told, replayed: false }
}

fn sent(at: u64, id: &str) -> Call {
    let told = Told::Issued { id: id.into(), code: Some(format!("code-{id}")), expires: (at + 5000) * MS };
    call(at, What::Send, told)
}

fn checked(at: u64, id: &str, told: Told) -> Call {
    let mut call = call(at, What::Check, told);
    (call.asked.id, call.asked.code) = (Some(id.into()), Some(format!("code-{id}")));
    call
}

fn approved(at: u64, id: &str) -> Call {
    checked(at, id, Told::Approved(id.into()))
}

fn wrong(at: u64) -> Call {
    checked(at, "a", Told::Wrong(None))
}

/// A wrong guess that locks until this ms.
fn locks(at: u64, until: u64) -> Call {
    checked(at, "a", Told::Wrong(Some(until * MS)))
}

fn unknown(at: u64, what: What) -> Call {
    call(at, what, Told::Unknown("no answer".into()))
}

fn keyed(mut call: Call, key: &str) -> Call {
    call.asked.key = Some(key.into());
    call
}

fn of(mut call: Call, subject: &str) -> Call {
    call.asked.subject = subject.into();
    call
}

fn history(calls: Vec<Call>, effects: Vec<Effect>) -> History {
    let numbered = |(n, call): (usize, Call)| Call { n, ..call };
    let faults = vec![Fault { what: "a fault".into(), start: 0, end: 0, effects }];
    History { calls: calls.into_iter().enumerate().map(numbered).collect(), faults, limits: LIMITS }
}

/// The invariants that are broken.
fn found(calls: Vec<Call>) -> Vec<&'static str> {
    found_with(calls, Vec::new())
}

fn found_with(calls: Vec<Call>, effects: Vec<Effect>) -> Vec<&'static str> {
    let broken: Vec<Broken> = check(&history(calls, effects));
    broken.iter().map(|broken| broken.invariant).collect()
}

fn failover(from: u64, switch: u64, to: u64) -> Effect {
    Effect::Failover { from: from * MS, switch: switch * MS, to: to * MS, forgot: Vec::new() }
}

const NONE: [&str; 0] = [];

#[test]
fn what_is_as_it_should_be_is_not_broken() {
    let calls = vec![sent(0, "a"), wrong(5), wrong(6), approved(10, "a"), wrong(11), wrong(12), locks(13, 100)];
    assert_eq!(found(calls), NONE);
    let after =
        vec![sent(0, "a"), locks(10, 100), call(20, What::Unlock, Told::Unlocked), sent(30, "b"), approved(40, "b")];
    assert_eq!(found(after), NONE);
}

#[test]
fn a_code_that_is_approved_twice() {
    assert_eq!(found(vec![sent(0, "a"), approved(10, "a"), approved(20, "a")]), ["I1"]);
    let same = |at| keyed(approved(at, "a"), "k");
    assert_eq!(found(vec![sent(0, "a"), same(10), same(20)]), NONE, "that is one check");
    assert_eq!(found(vec![sent(0, "a"), same(10), keyed(approved(20, "a"), "other")]), ["I1"]);
    let again = Call { replayed: true, ..approved(10, "a") };
    assert_eq!(found(vec![sent(0, "a"), again]), ["I1"], "given again without a key");
    assert_eq!(found(vec![keyed(sent(0, "a"), "k"), keyed(sent(20, "b"), "k")]), ["I1"], "one key, two codes");
}

#[test]
fn more_guesses_than_the_limit() {
    assert_eq!(found(vec![wrong(1), wrong(2), wrong(3)]), NONE);
    assert_eq!(found(vec![wrong(1), wrong(2), wrong(3), wrong(4)]), ["I2"]);
    assert_eq!(found(vec![wrong(1), wrong(2), of(wrong(3), "bob"), wrong(4)]), NONE, "somebody else's");
    assert_eq!(found(vec![wrong(1), wrong(2), locks(3, 10), wrong(20)]), NONE, "a lock spends them");
    assert_eq!(found(vec![wrong(1), wrong(2), wrong(3), locks(4, 10)]), ["I2"], "one that locks too late");
    assert_eq!(
        found(vec![wrong(1), wrong(2), unknown(3, What::Check), wrong(4), wrong(5)]),
        NONE,
        "it may have locked"
    );
    let elsewhere = |at| Call { asked: Asked { purpose: "pay", ..wrong(at).asked }, ..wrong(at) };
    let failure = |at| call(at, What::Failure, Told::Wrong(None));
    assert_eq!(found(vec![wrong(1), elsewhere(2), failure(3), wrong(4)]), ["I2"], "their sum counts");
    let cleared = vec![sent(0, "a"), elsewhere(1), elsewhere(2), approved(3, "a"), wrong(4), wrong(5)];
    assert_eq!(found(cleared), ["I2"], "a success clears its own purpose alone");
    let guard = |at| call(at, What::Success, Told::Cleared);
    assert_eq!(
        found(vec![wrong(1), wrong(2), wrong(3), guard(4), wrong(5)]),
        ["I2"],
        "a guard's success its own alone"
    );
    assert_eq!(found(vec![failure(1), failure(2), wrong(3), guard(4), wrong(5)]), NONE);
}

#[test]
fn guesses_that_a_failover_may_have_taken_and_those_that_it_may_not() {
    let calls = || vec![wrong(1), wrong(2), wrong(30), wrong(31)];
    assert_eq!(found_with(calls(), vec![failover(0, 10, 20)]), ["I2"], "what was told is put back");
    assert_eq!(found_with(calls(), vec![failover(0, 2, 20)]), NONE, "until then it counts for itself");
    let forgot = Effect::Failover { from: 0, switch: 10 * MS, to: 20 * MS, forgot: vec![0] };
    assert_eq!(found_with(calls(), vec![forgot]), NONE, "by whom it was told, if he lives");
    let other = Effect::Failover { from: 0, switch: 10 * MS, to: 20 * MS, forgot: vec![1] };
    assert_eq!(found_with(calls(), vec![other]), ["I2"]);
}

#[test]
fn a_code_that_is_approved_after_its_end() {
    assert_eq!(found(vec![sent(0, "a"), approved(5049, "a")]), NONE);
    assert_eq!(found(vec![sent(0, "a"), approved(5051, "a")]), ["I3"], "expired");
    assert_eq!(found(vec![sent(0, "a"), sent(20, "b"), approved(30, "a")]), ["I3"], "replaced");
    assert_eq!(found(vec![approved(30, "a")]), ["I3"], "nobody got it");
    let mut canceled = call(10, What::Cancel, Told::Canceled);
    canceled.asked.id = Some("a".into());
    assert_eq!(found(vec![sent(0, "a"), canceled.clone(), approved(30, "a")]), ["I3"], "cancelled");
    let unsure = Call { told: Told::Unknown("503".into()), ..canceled.clone() };
    assert_eq!(found(vec![sent(0, "a"), unsure, approved(30, "a")]), NONE);
    assert_eq!(found(vec![sent(0, "a"), locks(10, 20), approved(300, "a")]), ["I3"], "burnt");
    let mut guess = approved(30, "a");
    guess.asked.code = Some("code-b".into());
    assert_eq!(found(vec![sent(0, "a"), guess]), ["I3"], "another code");
    let void = vec![sent(0, "a"), canceled, approved(30, "a")];
    assert_eq!(found_with(void, vec![failover(5, 15, 20)]), ["I3"], "a failover makes codes void, not whole");
}

#[test]
fn a_replacement_that_only_the_replaced_server_knew() {
    let calls = vec![sent(10, "a"), sent(30, "b"), approved(50, "a")];
    assert_eq!(found_with(calls.clone(), vec![failover(0, 5, 40)]), NONE);
    assert_eq!(found_with(calls, vec![failover(0, 20, 40)]), ["I3"], "a code of before is void");
}

#[test]
fn what_is_done_while_its_subject_is_locked() {
    let locked = || locks(10, 200);
    assert_eq!(found(vec![locked(), sent(20, "b")]), ["I3"]);
    assert_eq!(found(vec![locked(), sent(200, "b")]), NONE, "it has ended");
    assert_eq!(found(vec![locked(), wrong(20)]), ["I3"]);
    assert_eq!(found(vec![locked(), call(20, What::Request, Told::Requested)]), ["I3"]);
    assert_eq!(found(vec![locked(), of(sent(20, "b"), "bob")]), NONE, "somebody else");
    assert_eq!(found(vec![locked(), call(20, What::Unlock, Told::Unlocked), sent(30, "b")]), NONE);
    assert_eq!(found(vec![locked(), unknown(20, What::Unlock), sent(30, "b")]), NONE, "perhaps unlocked");
    assert_eq!(found(vec![call(5, What::Unlock, Told::Unlocked), locked(), sent(30, "b")]), ["I3"], "unlocked before");
    let by_hand = call(10, What::Lock, Told::Locked(200 * MS));
    assert_eq!(found_with(vec![by_hand, sent(20, "b")], vec![failover(0, 15, 18)]), ["I3"], "no failover lifts it");
}

#[test]
fn more_sends_than_the_quota() {
    assert_eq!(found(vec![sent(0, "a"), sent(100, "b"), sent(1000, "c")]), NONE);
    assert_eq!(found(vec![sent(0, "a"), sent(100, "b"), sent(998, "c")]), ["I4"]);
    assert_eq!(found(vec![sent(0, "a"), sent(5, "b")]), ["I4"], "within the pause");
    let again = vec![keyed(sent(0, "a"), "k"), sent(100, "b"), keyed(sent(500, "a"), "k")];
    assert_eq!(found(again), NONE, "the same send");
    let other = vec![keyed(sent(0, "a"), "k"), sent(100, "b"), keyed(sent(500, "c"), "other")];
    assert_eq!(found(other), ["I4"]);
    let others = vec![sent(0, "a"), of(sent(100, "b"), "bob"), of(sent(200, "c"), "cyd"), of(sent(300, "d"), "dan")];
    assert_eq!(found(others), ["I4"], "of one IP");
    let three = || vec![sent(0, "a"), sent(100, "b"), sent(900, "c")];
    assert_eq!(found_with(three(), vec![failover(90, 200, 300)]), NONE, "one was lost");
    assert_eq!(found_with(three(), vec![failover(910, 920, 930)]), ["I4"], "none was lost");
}

#[test]
fn what_is_done_though_nothing_can_answer() {
    let outage = |sidecar, subjects: Option<&str>| Effect::Outage {
        sidecar,
        subjects: subjects.map(|subject| vec![subject.to_owned()]),
        from: 10 * MS,
        to: 50 * MS,
    };
    let all = || outage(None, None);
    assert_eq!(found_with(vec![sent(20, "a")], vec![all()]), ["I8"]);
    assert_eq!(found_with(vec![sent(9, "a"), sent(50, "b"), unknown(20, What::Send)], vec![all()]), NONE);
    assert_eq!(found_with(vec![sent(20, "a")], vec![outage(Some(1), None)]), NONE);
    assert_eq!(found_with(vec![sent(20, "a")], vec![outage(Some(0), None)]), ["I8"]);
    assert_eq!(found_with(vec![sent(20, "a")], vec![outage(None, Some("bob"))]), NONE);
    assert_eq!(found_with(vec![sent(20, "a")], vec![outage(None, Some("ada"))]), ["I8"]);
}

#[test]
fn an_answer_that_is_none_of_the_contracts() {
    assert_eq!(found(vec![call(0, What::Send, Told::Odd("418".into()))]), ["contract"]);
}

fn event(n: usize, at: u64, kind: &str, outcome: &str) -> Event {
    let (kind, outcome, request) = (kind.to_owned(), outcome.to_owned(), format!("sim-{n}"));
    Event { bucket: 0, epoch: 1, seq: n as u64, time: at, kind, outcome, request, subject: "ref".into() }
}

fn told_by_trail(calls: Vec<Call>, events: &[Event], effects: Vec<Effect>) -> Vec<&'static str> {
    trail(&history(calls, effects), events).iter().map(|broken| broken.invariant).collect()
}

#[test]
fn a_change_without_its_event_and_an_event_without_its_change() {
    let calls = || vec![sent(100, "a"), approved(200, "a")];
    let events = [event(0, 100, "send", "issued"), event(1, 200, "check", "approved")];
    assert_eq!(told_by_trail(calls(), &events, Vec::new()), NONE);
    assert_eq!(told_by_trail(calls(), &events[..1], Vec::new()), ["I6"]);
    assert_eq!(
        told_by_trail(calls(), &events[1..], vec![failover(90, 300, 310)]),
        NONE,
        "a failover may take a send's"
    );
    assert_eq!(told_by_trail(calls(), &events[..1], vec![failover(90, 300, 310)]), ["I6"], "and no success's");
    let refused = vec![call(100, What::Send, Told::Nothing("quota_subject".into()))];
    assert_eq!(told_by_trail(refused, &events[..1], Vec::new()), ["I6"]);
    assert_eq!(told_by_trail(vec![unknown(100, What::Send)], &events[..1], Vec::new()), NONE);
    let again = vec![keyed(unknown(100, What::Send), "k"), keyed(sent(200, "a"), "k")];
    assert_eq!(told_by_trail(again, &events[..1], Vec::new()), NONE, "the first of the two was it");
}

#[test]
fn an_event_of_another_time() {
    let early = [event(0, 40, "send", "issued")];
    assert_eq!(told_by_trail(vec![sent(100, "a")], &early, Vec::new()), ["I9"]);
    let back = [event(0, 130, "send", "issued"), event(1, 110, "check", "wrong_code")];
    assert_eq!(told_by_trail(vec![sent(100, "a"), wrong(110)], &back, Vec::new()), ["I9"]);
}
