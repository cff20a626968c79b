//! By comparison: random sequences of calls, answered by real sidecars and by a plain model of the contract.
//!
//! [`contract`] is the contract as a program, written from its words and knowing nothing of records or scripts. Redis's
//! clock is held by the test ([`held_clock`]), so every field of every answer is known to the millisecond, and the edges
//! of windows, locks and lifetimes are met on purpose. [`comparing`] holds what may happen while a code is compared,
//! [`regressions`] the sequences in which model and product once disagreed. `PROPTEST_CASES` and `PROPTEST_RNG_SEED`
//! make a run longer or another one.
//!
//! # What turns which test red
//!
//! A test of an invariant is worth what it catches. Each of these changes was tried:
//!
//! | invariant | change | test |
//! |---|---|---|
//! | I1 once | `check.lua`: no `code_end(s, purpose, code, USED)` | `race::of_fifty_right_codes_at_once_exactly_one_is_approved` |
//! | I1 | `settle.lua`: go on without an open claim | `comparing::a_comparison_that_comes_too_late_…` |
//! | I2 guesses | `attempt_charge`: do not add 1 | `race::of_a_hundred_guesses_…`, `lockout::*` |
//! | I2 | `attempt_charge`: no `lock_begin` | `lockout::the_fifth_wrong_code_locks_…` |
//! | I2 | the same | `comparing::the_claim_that_reaches_the_limit_locks_at_once_…` |
//! | I3 void codes | `code_state` ignores `expires` | `check::an_expired_code_says_so_and_costs_nothing` |
//! | I3 | `code_state` ignores `epoch` | `history::a_code_of_an_earlier_epoch_is_void` |
//! | I3 | `stopped` ignores the lock | `lockout::while_locked_nothing_is_verified_and_nothing_is_issued` |
//! | I3 | `check.lua`: a replaced code is charged as a wrong one | `replaced::the_last_two_say_so_…` |
//! | I3 | `code_end`: the digest stays | `fields::…an_ended_code_leaves_no_digest` |
//! | I3 | `attempt_seal`: no `burn` | `adversity::claim::*` |
//! | I3 | `unlock.lua`: no `burn` | `adversity::claim::acts::an_unlock_…` |
//! | I4 windows | `log_used` with a window 500 ms shorter | `*_as_the_contract_says*` |
//! | I4 | `network_save` writes nothing | `ip_limits::one_address_gets_five_codes_an_hour_whoever_they_are_for` |
//! | I5 TTLs | `save` without `PEXPIREAT` | `at_rest::every_key_ends_by_itself_…` |
//! | I6 events | `event_add`: no `XADD` | `events::each_call_that_decides_leaves_its_event_and_looks_leave_none` |
//! | I7 secrecy | `service/send.rs`: the spelling in the event's context | `at_rest::nothing_that_was_said_can_be_read_…` |
//! | I8 outage | `service/check.rs`: an outage is answered as approved | `outage::*` |
//! | I9 time | `subject_open`: no `subject_restart` | `clocks::who_was_seen_by_it_…`, `clocks::a_lock_of_it_…` |
//! | I9 | `network_read`: no `log_restart` | `clocks::no_window_is_begun_afresh_by_it` |

mod acts;
mod call;
mod checks;
mod clocks;
mod comparing;
mod contract;
mod expect;
mod held_clock;
mod looks;
mod op;
mod regressions;
mod rules;
mod saying;
mod sends;
mod subject;
mod window;
mod world;

use std::cell::RefCell;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner},
};

use self::{rules::Rules, world::World};

/// Fixed, so that each run of the suite is the same; `PROPTEST_RNG_SEED` sets another, `PROPTEST_CASES` how many.
const SEED: u64 = 20_260_101;
const STEPS: usize = 60;

/// Compares `cases` sequences under these rules.
#[track_caller]
fn compare(rules: Rules, cases: u32) {
    let world = RefCell::new(World::start(rules));
    let run = |ops: Vec<op::Op>| world.borrow_mut().run(&ops).map_err(TestCaseError::fail);
    random_sequences(cases, op::sequence(STEPS), run);
}

/// Has `run` try `cases` values of `strategy`, the same at each run of the suite.
#[track_caller]
fn random_sequences<S: Strategy>(cases: u32, strategy: S, run: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => SEED,
    };
    config.rng_seed = RngSeed::Fixed(seed);
    match TestRunner::new(config).run(&strategy, run) {
        Ok(()) => {}
        Err(TestError::Fail(reason, ops)) => panic!("PROPTEST_RNG_SEED={seed} leads to {ops:?}: {reason}"),
        Err(error) => panic!("PROPTEST_RNG_SEED={seed}: {error}"),
    }
}

#[test]
fn narrow_limits_are_as_the_contract_says() {
    compare(Rules::narrow(false), 200);
}

#[test]
fn narrow_limits_are_as_the_contract_says_with_a_slow_hash() {
    compare(Rules::narrow(true), 60);
}

#[test]
fn hardened_is_as_the_contract_says() {
    compare(Rules::hardened(), 40);
}

#[test]
fn balanced_is_as_the_contract_says() {
    compare(Rules::balanced(), 120);
}

#[test]
fn many_purposes_are_as_the_contract_says() {
    compare(Rules::crowded(), 100);
}
