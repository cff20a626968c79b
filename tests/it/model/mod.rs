//! By comparison: random sequences of calls, answered by real sidecars and by a plain model of the contract.

mod call;
mod comparing;
mod contract;
mod expect;
mod held_clock;
mod op;
mod regressions;
mod rules;
mod subject;
mod window;
mod world;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use self::{rules::Rules, world::World};

/// Fixed, so that each run of the suite is the same; `PROPTEST_RNG_SEED` sets another, `PROPTEST_CASES` how many.
const SEED: u64 = 20_260_101;
const STEPS: usize = 60;

/// Compares `cases` sequences under these rules.
#[track_caller]
fn compare(rules: Rules, cases: u32) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => SEED,
    };
    config.rng_seed = RngSeed::Fixed(seed);
    let world = RefCell::new(World::start(rules));
    let run = |ops: Vec<op::Op>| world.borrow_mut().run(&ops).map_err(TestCaseError::fail);
    match TestRunner::new(config).run(&op::sequence(STEPS), run) {
        Ok(()) => {}
        Err(TestError::Fail(reason, ops)) => panic!("PROPTEST_RNG_SEED={seed} leads to {ops:?}: {reason}"),
        Err(error) => panic!("PROPTEST_RNG_SEED={seed}: {error}"),
    }
}

#[test]
fn narrow_limits_are_as_the_contract_says() {
    compare(Rules::narrow(false), 250);
}

#[test]
fn narrow_limits_are_as_the_contract_says_with_a_slow_hash() {
    compare(Rules::narrow(true), 80);
}

#[test]
fn hardened_is_as_the_contract_says() {
    compare(Rules::hardened(), 60);
}

#[test]
fn balanced_is_as_the_contract_says() {
    compare(Rules::balanced(), 150);
}

#[test]
fn many_purposes_are_as_the_contract_says() {
    compare(Rules::crowded(), 100);
}
