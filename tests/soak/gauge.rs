//! What the processes hold, second by second.

/// One look.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Resident memory of the sidecar that is never killed, bytes.
    pub resident: u64,
    /// Its descriptors.
    pub descriptors: u64,
    /// `used_memory` of Redis, bytes.
    pub redis: u64,
    /// Keys.
    pub keys: u64,
}

/// What is looked at: its name, where it stands, by how much of itself it may grow, and what it may grow by besides.
type Gauge = (&'static str, fn(&Sample) -> u64, f64, u64);

const MIB: u64 = 1 << 20;

/// Caches and pools fill in the first third, and remembered answers for their first minute; allocators give back late. A leak of a byte a call would show in an hour.
const GAUGES: [Gauge; 4] = [
    ("memory of the sidecar", |sample| sample.resident, 1.25, 8 * MIB),
    ("descriptors of the sidecar", |sample| sample.descriptors, 1.0, 12),
    // As many as the keys that may be more, with a kilobyte and more for each.
    ("memory of Redis", |sample| sample.redis, 1.5, 4 * MIB),
    ("keys", |sample| sample.keys, 1.5, 3000),
];

fn median(samples: &[Sample], of: fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<_> = samples.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

fn thirds(samples: &[Sample]) -> (&[Sample], &[Sample]) {
    let third = samples.len() / 3;
    (&samples[..third.max(1)], &samples[samples.len() - third.max(1)..])
}

/// Prints the medians of the first and the last third.
pub fn tell(samples: &[Sample]) {
    let (first, last) = thirds(samples);
    for (name, of, ..) in GAUGES {
        eprintln!("soak: {name}: {} in the first third, {} in the last", median(first, of), median(last, of));
    }
}

/// None of them grew.
pub fn assert_flat(samples: &[Sample]) {
    let (first, last) = thirds(samples);
    for (name, of, factor, more) in GAUGES {
        let (before, after) = (median(first, of), median(last, of));
        assert!(after as f64 <= before as f64 * factor + more as f64, "{name} grew from {before} to {after}");
    }
}

#[test]
fn growth_is_noticed_and_waves_are_not() {
    let sample = |keys| Sample { resident: 0, descriptors: 0, redis: 0, keys };
    let waves: Vec<_> = (0..90).map(|n| sample(1000 + n % 3 * 100)).collect();
    assert_flat(&waves);
    let grown: Vec<_> = (0..90).map(|n| sample(1000 + n * 100)).collect();
    assert!(std::panic::catch_unwind(|| assert_flat(&grown)).is_err());
}
