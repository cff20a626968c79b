//! Argon2id alone: all cores, each with memory that it keeps, nothing else to do.

use std::{
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{Measurement, scenario::cores};
use crate::{
    client::Latency,
    rig::busy_here,
    sample::{P50, P99, RATE, SERVER, Sample},
};

/// Memory (KiB) and passes of the sidecar's default (OWASP).
const COST: (u32, u32) = (19_456, 2);
const HASH: usize = 16;

/// Hashes a second.
pub fn argon(name: impl Into<String>) -> Measurement {
    Measurement::new(name, |budget| {
        let start = Instant::now();
        let hashed: Vec<Hashed> = thread::scope(|scope| {
            let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(|| hashes(budget.lasts))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
        });
        let (seconds, busy) =
            (start.elapsed().as_secs_f64(), hashed.iter().map(|hashed| hashed.busy).sum::<Duration>());
        let mut latency = Latency::default();
        hashed.iter().flat_map(|hashed| &hashed.took).for_each(|took| latency.note(*took));
        let latency = latency.sorted();
        Sample::of(RATE, latency.count() as f64 / seconds)
            .and(P50, latency.ms(500))
            .and(P99, latency.ms(990))
            .and(SERVER, busy.as_secs_f64() * 1e6 / latency.count() as f64)
    })
}

/// What one thread did.
struct Hashed {
    took: Vec<Duration>,
    busy: Duration,
}

fn hashes(lasts: Duration) -> Hashed {
    let params = Params::new(COST.0, COST.1, 1, Some(HASH)).expect("a cost within its bounds");
    let mut memory = vec![Block::new(); params.block_count()];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (start, mut took, mut hash) = (Instant::now(), Vec::new(), [0; HASH]);
    let before = busy_here();
    while start.elapsed() < lasts {
        let began = Instant::now();
        let salt = u128::from(began.duration_since(start).as_nanos() as u64).to_be_bytes();
        // The hash before is what is hashed, so that no compiler can leave any out.
        let password = hash;
        argon.hash_password_into_with_memory(&password, &salt, &mut hash, &mut memory).expect("enough memory");
        took.push(began.elapsed());
    }
    let busy = busy_here().zip(before).map_or_else(|| start.elapsed(), |(after, before)| after - before);
    Hashed { took, busy }
}
