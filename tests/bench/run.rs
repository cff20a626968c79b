//! A run: what is wanted of the plan, round after round.

use std::panic::{self, AssertUnwindSafe};

use crate::{
    measure::Measurement,
    plan::{self, Group},
    report::{self, Results},
    sample::Entry,
    wishes::Wishes,
};

/// Makes those that are wanted; all of them go on whatever becomes of one.
///
/// # Panics
/// At the end, if one failed.
pub fn run(wishes: &Wishes) {
    let (mut results, mut failed) = (Results::default(), Vec::new());
    for mut group in plan::all(&plan::WHOLE) {
        group.retain(|measurement| wishes.wants(&measurement.name));
        for absent in group.extract_if(.., |measurement| measurement.absent.is_some()) {
            results.absent.push((absent.name, absent.absent.unwrap_or_default()));
        }
        results.entries.extend(round_after_round(group, wishes, &mut failed));
    }
    assert!(!results.entries.is_empty(), "BENCH_ONLY={:?} fits no measurement", wishes.only);
    println!("\n{}", report::table(&results));
    report::write(&results, wishes).expect("results that can be written");
    assert!(failed.is_empty(), "failed: {failed:?}");
    if wishes.publish {
        assert!(wishes.only.is_empty(), "part of a run is not published");
        report::publish(&results, wishes).expect("results that can be published");
    }
}

fn round_after_round(mut group: Group, wishes: &Wishes, failed: &mut Vec<String>) -> Vec<Entry> {
    let mut samples = vec![Vec::new(); group.len()];
    for round in 0..wishes.repeats {
        for (measurement, samples) in group.iter_mut().zip(&mut samples).filter(|(due, _)| due.due(round)) {
            let run = || measurement.run(wishes.budget);
            match panic::catch_unwind(AssertUnwindSafe(run)) {
                Ok(sample) => {
                    println!("{}/{} {}", round + 1, wishes.repeats, report::line(&measurement.name, &sample));
                    samples.push(sample);
                }
                // What it was stands above.
                Err(_) => failed.push(measurement.name.clone()),
            }
        }
    }
    let entry = |(measurement, samples): (Measurement, _)| Entry {
        name: measurement.name,
        limit: measurement.limit.map(str::to_owned),
        samples,
    };
    group.into_iter().zip(samples).map(entry).collect()
}
