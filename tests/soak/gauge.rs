//! What the processes hold, second by second.

/// One look.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Resident memory of the sidecar that is never killed, bytes.
    pub resident: u64,
    /// Its descriptors.
    pub descriptors: u64,
    /// `used_memory_dataset` of Redis, bytes, without events that wait and lines that are shown: of those a bucket
    /// keeps so many.
    pub redis: u64,
    /// Keys.
    pub keys: u64,
    /// Of them those that are kept for a minute: as many as there were such calls by then.
    pub brief: u64,
}

/// What is looked at: its name, where it stands, by how much of itself it may grow, and what it may grow by besides.
type Gauge = (&'static str, fn(&Sample) -> u64, f64, u64);

const MIB: u64 = 1 << 20;
/// Bytes of a key and what it holds, of the largest kind: a subject with codes, counts and claims of each purpose.
const KEY_BYTES: u64 = 320;
/// Bytes that do not hang on keys: what the allocator rounds up, connections of sidecars that were killed.
const NOISE: u64 = MIB / 4;

/// Caches and pools fill in the first third; allocators give back late. A leak of a byte a call would show in an hour.
const GAUGES: [Gauge; 3] = [
    ("memory of the sidecar", |sample| sample.resident, 1.25, 8 * MIB),
    ("descriptors of the sidecar", |sample| sample.descriptors, 1.0, 12),
    ("keys", |sample| sample.keys.saturating_sub(sample.brief), 1.5, 3000),
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
    let (keys, bytes) = growth(samples);
    eprintln!("soak: Redis: {keys} keys and {bytes} bytes more");
}

/// By how many keys, and bytes of Redis, the last third is above the first.
fn growth(samples: &[Sample]) -> (u64, u64) {
    let (first, last) = thirds(samples);
    let grown = |of| median(last, of).saturating_sub(median(first, of));
    (grown(|sample| sample.keys), grown(|sample| sample.redis))
}

/// None of them grew.
pub fn assert_flat(samples: &[Sample]) {
    let (first, last) = thirds(samples);
    for (name, of, factor, more) in GAUGES {
        let (before, after) = (median(first, of), median(last, of));
        assert!(after as f64 <= before as f64 * factor + more as f64, "{name} grew from {before} to {after}");
    }
    let (keys, bytes) = growth(samples);
    assert!(bytes <= keys * KEY_BYTES + NOISE, "Redis grew by {bytes} bytes for {keys} keys");
}

#[test]
fn growth_is_noticed_and_waves_are_not() {
    let sample = |keys| Sample { resident: 0, descriptors: 0, redis: keys * KEY_BYTES, keys, brief: 0 };
    let waves: Vec<_> = (0..90).map(|n| sample(1000 + n % 3 * 100)).collect();
    assert_flat(&waves);
    let grown: Vec<_> = (0..90).map(|n| sample(1000 + n * 100)).collect();
    assert!(std::panic::catch_unwind(|| assert_flat(&grown)).is_err());
    let fatter: Vec<_> = (0..90).map(|n| Sample { redis: n * NOISE / 20, ..sample(1000) }).collect();
    assert!(std::panic::catch_unwind(|| assert_flat(&fatter)).is_err());
}
