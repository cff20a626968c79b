//! A run: what is wanted of the plan, round after round.

use std::panic::{self, AssertUnwindSafe};

use crate::{
    measure::Measurement,
    plan::{self, Group},
    report::{self, Results},
    sample::Entry,
    wishes::Wishes,
};

/// Makes those that are wanted; all of them go on whatever becomes of one. The page is written once all of the plan is known,
/// which a run in parts adds up to.
///
/// # Panics
/// At the end, if one failed.
pub fn run(wishes: &Wishes) {
    let (mut results, mut failed) = (Results::default(), Vec::new());
    let plan = plan::all(&plan::WHOLE);
    let order: Vec<String> = plan.iter().flatten().map(|measurement| measurement.name.clone()).collect();
    for mut group in plan {
        group.retain(|measurement| wishes.wants(&measurement.name));
        for absent in group.extract_if(.., |measurement| measurement.absent.is_some()) {
            results.absent.push((absent.name, absent.absent.unwrap_or_default()));
        }
        results.entries.extend(round_after_round(group, wishes, &mut failed));
    }
    assert!(!results.entries.is_empty(), "BENCH_ONLY={:?} fits no measurement", wishes.only);
    println!("\n{}", report::table(&results));
    if wishes.parts {
        let measured = |name: &str| results.entries.iter().any(|entry| entry.name == name);
        let before = report::earlier(&wishes.out.join("results.json")).into_iter();
        let before: Vec<_> = before.filter(|entry| !measured(&entry.name) && order.contains(&entry.name)).collect();
        results.entries.extend(before);
        results.entries.sort_by_key(|entry| order.iter().position(|name| *name == entry.name));
    }
    report::write(&results, wishes).expect("results that can be written");
    assert!(failed.is_empty(), "failed: {failed:?}");
    let known = |name: &String| {
        results.entries.iter().any(|entry| entry.name == *name)
            || results.absent.iter().any(|(absent, _)| absent == name)
    };
    let missing = order.iter().filter(|name| !known(name)).count();
    match missing {
        0 if wishes.publish => report::publish(&results, wishes).expect("results that can be published"),
        _ if wishes.publish => println!("the page stays as it is: {missing} measurements are missing"),
        _ => {}
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
