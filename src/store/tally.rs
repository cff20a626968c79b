//! What an export adds to a bucket's counters and streams of lines, packed as `lua/acknowledge.lua` and `lua/lib/tally.lua`
//! read it.

use std::collections::BTreeMap;

use super::key::{OfBucket, OfTime};

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(u8, u32, [u8; 3]), i32>,
    lines: Vec<(OfBucket, Vec<u8>)>,
}

impl Tally {
    /// What is for counters.
    pub fn counts(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(13 * self.counts.len());
        for ((counter, n, field), by) in self.counts.iter().filter(|(_, by)| **by != 0) {
            packed.push(*counter);
            packed.extend_from_slice(&n.to_be_bytes());
            let length = if *counter == 3 { 1 } else { 3 };
            packed.push(length);
            packed.extend(field.iter().take(usize::from(length)));
            packed.extend_from_slice(&by.to_be_bytes());
        }
        packed
    }

    /// What is for streams of lines.
    pub fn lines(&self) -> &[(OfBucket, Vec<u8>)] {
        &self.lines
    }

    /// Adds `by` to a field of a counter in the `n`-th hour or day since 1970; of live codes the field's first byte counts.
    pub fn count(&mut self, counter: OfTime, n: u64, field: [u8; 3], by: i64) {
        let number = match counter {
            OfTime::Hour => 1,
            OfTime::Day => 2,
            OfTime::Live => 3,
        };
        // The hours reach 32 bits in the year 491,936, and no batch's sum is greater.
        let Ok(n) = u32::try_from(n) else { return };
        let sum = self.counts.entry((number, n, field)).or_default();
        *sum = sum.saturating_add(i32::try_from(by).unwrap_or(if by < 0 { i32::MIN } else { i32::MAX }));
    }

    /// Adds lines to a stream that ends at `ends`, ms since 1970, and of which about the `kept` newest stay. They become one
    /// entry, since each costs Redis as much as half a call.
    pub fn show(&mut self, stream: OfBucket, ends: u64, kept: u16, lines: &[Vec<u8>]) {
        let [_, _, ends @ ..] = ends.to_be_bytes();
        let entries = usize::from(kept).div_ceil(lines.len().max(1));
        let entries = u16::try_from(entries).unwrap_or(kept);
        let packed = [&ends[..], &entries.to_be_bytes(), &lines.join(&b'\n')].concat();
        self.lines.push((stream, packed));
    }
}
