//! Sequences in which model and product once disagreed, as they shrank.

use super::{
    op::{Find, Guess, Op, Pick, Who},
    rules::Rules,
    world::World,
};

const LAST: Pick = Pick { back: 0, foreign: false };
const LOGIN: Who = Who(0, 0, 0);
const RESET: Who = Who(0, 0, 1);
/// With pause and quota of its own, where purposes have limits of their own.
const SIGN_UP: Who = Who(0, 0, 3);

fn send(who: Who) -> Op {
    Op::Send { who, net: Some((0, 0)), decoy: false, key: None }
}

fn check(find: Find, guess: Guess) -> Op {
    Op::Check { find, guess, net: Some((0, 0)), key: None }
}

#[track_caller]
fn agree(rules: Rules, ops: &[Op]) {
    World::start(rules).run(ops).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// A lock made `burnt` of what had been `expired`.
#[test]
fn a_lock_burns_nothing_that_has_expired() {
    let wrong = check(Find::Id(LAST), Guess::Wrong(0));
    let first = Pick { back: 1, foreign: false };
    let mut ops = vec![send(LOGIN), Op::Wait(600_000), Op::Get(LAST), send(RESET)];
    ops.extend([wrong.clone(), wrong.clone(), wrong.clone(), wrong.clone(), wrong]);
    ops.extend([Op::Get(first), check(Find::Id(first), Guess::Right), Op::Status(LOGIN)]);
    agree(Rules::balanced(), &ops);
}

/// With argon2id a right code for one purpose kept the failures of another for longer.
#[test]
fn a_right_code_postpones_the_forgetting_of_no_failure() {
    let ops = [
        send(LOGIN),
        check(Find::Id(LAST), Guess::Wrong(0)),
        Op::Wait(60_000),
        send(RESET),
        check(Find::Id(LAST), Guess::Right),
        Op::Wait(86_400_000 - 60_005),
        Op::Status(LOGIN),
        Op::Wait(10),
        Op::Status(LOGIN),
    ];
    agree(Rules::hardened(), &ops);
}

/// With argon2id the wrong code that disables left attempts.
#[test]
fn the_wrong_code_that_disables_leaves_no_attempts() {
    let wrong = check(Find::Id(LAST), Guess::Wrong(0));
    let mut ops = Vec::new();
    for _ in 0..3 {
        ops.extend([send(SIGN_UP), wrong.clone(), wrong.clone(), wrong.clone(), Op::Wait(5_000)]);
    }
    ops.extend([Op::Status(LOGIN), send(SIGN_UP)]);
    agree(Rules::narrow(true), &ops);
}

/// Failures that were forgotten were taken from others' when their purpose was let in.
#[test]
fn what_was_forgotten_is_taken_from_nothing() {
    // Wrong codes in a row, which are remembered for longer, keep the record.
    let wrong = check(Find::Id(LAST), Guess::Wrong(0));
    let ops = [
        send(LOGIN),
        wrong.clone(),
        wrong.clone(),
        Op::Wait(86_400_000),
        send(RESET),
        wrong.clone(),
        wrong,
        Op::Wait(61_000),
        send(LOGIN),
        check(Find::Id(LAST), Guess::Right),
        Op::Status(LOGIN),
    ];
    agree(Rules::hardened(), &ops);
}

/// An hour after the last request, an earlier one was told as the last.
#[test]
fn the_last_request_is_the_last_or_none() {
    // The failure keeps the record beyond the hour.
    let failure = Op::GuardFailure(LOGIN, Some((0, 0)));
    let ops = [send(LOGIN), send(SIGN_UP), Op::Wait(3_590_000), failure, Op::Wait(11_000), Op::Status(LOGIN)];
    agree(Rules::narrow(false), &ops);
}
