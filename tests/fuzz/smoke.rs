//! Every kept input once more, then mutations of them for two seconds, always the same ones.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    time::{Duration, Instant},
};

use super::{
    mutate::mutated,
    targets::{self, Target},
};
use crate::support::Chance;

const LASTS: Duration = Duration::from_secs(2);
const SEED: u64 = 0x5eed;

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target.name);
    let mut files: Vec<_> = fs::read_dir(&dir).expect("its corpus").map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut inputs: Vec<_> = files.into_iter().map(|file| fs::read(file).unwrap()).collect();
    inputs.push(Vec::new());
    inputs
}

fn run(name: &str) {
    let target = targets::ALL.into_iter().find(|target| target.name == name).expect("a target");
    let (mut attempt, corpus, mut chance) = ((target.start)(), corpus(&target), Chance(SEED));
    let mut attempt = |input: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| attempt(input))) {
            eprintln!("{name}: {}", input.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            resume_unwind(panic);
        }
    };
    corpus.iter().for_each(|input| attempt(input));
    let (start, mut tried) = (Instant::now(), 0);
    while start.elapsed() < LASTS {
        attempt(&mutated(&corpus, target.words, &mut chance));
        tried += 1;
    }
    eprintln!("{name}: {} kept inputs, {tried} mutations", corpus.len());
}

macro_rules! smoke {
    ($($target:ident),*) => {
        $(#[test] fn $target() { run(stringify!($target)); })*

        #[test]
        fn no_target_is_left_out() {
            assert_eq!(targets::ALL.map(|target| target.name), [$(stringify!($target)),*]);
        }
    };
}

smoke!(body, code, environment, event, id, record, reply, subject, trail);
