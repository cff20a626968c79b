//! What an export adds to a bucket's counters and streams of lines, packed as `lua/acknowledge.lua` and `lua/lib/tally.lua`
//! read it.

use super::key::{OfBucket, OfTime};

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    /// For counters.
    counts: Vec<u8>,
    /// For streams of lines.
    lines: Vec<(OfBucket, Vec<u8>)>,
}

impl Tally {
    /// What is for counters.
    pub fn counts(&self) -> &[u8] {
        &self.counts
    }

    /// What is for streams of lines.
    pub fn lines(&self) -> &[(OfBucket, Vec<u8>)] {
        &self.lines
    }

    /// Adds `by` to a field of a counter in the `n`-th hour or day since 1970.
    pub fn count(&mut self, counter: OfTime, n: u64, field: &[u8], by: i64) {
        // No field of ours is longer, no batch's sum greater, and the hours reach 32 bits in the year 491,936.
        let (Ok(length), Ok(n)) = (u8::try_from(field.len()), u32::try_from(n)) else { return };
        let by = i32::try_from(by).unwrap_or(if by < 0 { i32::MIN } else { i32::MAX });
        let number = match counter {
            OfTime::Hour => 1,
            OfTime::Day => 2,
            OfTime::Live => 3,
        };
        self.counts.push(number);
        self.counts.extend_from_slice(&n.to_be_bytes());
        self.counts.push(length);
        self.counts.extend_from_slice(field);
        self.counts.extend_from_slice(&by.to_be_bytes());
    }

    /// Adds lines to a stream that ends at `ends`, ms since 1970, and of which about the `kept` newest stay. They become one
    /// entry, since each costs Redis as much as half a call.
    pub fn show(&mut self, stream: OfBucket, (ends, kept): (u64, u16), lines: &[Vec<u8>]) {
        let [_, _, ends @ ..] = ends.to_be_bytes();
        let entries = usize::from(kept).div_ceil(lines.len().max(1));
        let entries = u16::try_from(entries).unwrap_or(kept);
        let packed = [&ends[..], &entries.to_be_bytes(), &lines.join(&b'\n')].concat();
        self.lines.push((stream, packed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Bucket, store::key::KEPT};

    #[test]
    fn it_is_packed_as_the_scripts_say() {
        let mut tally = Tally::default();
        tally.count(OfTime::Live, 258, b"ab", -1);
        tally.count(OfTime::Day, 1, &[7; 256], 1);
        assert_eq!(
            tally.counts,
            [3, 0, 0, 1, 2, 2, b'a', b'b', 255, 255, 255, 255],
            "no field is so long as the second"
        );
        tally.show(OfBucket::Recent, (1, 200), &[b"x".to_vec(), b"yz".to_vec()]);
        assert_eq!(tally.lines[0].1, [0, 0, 0, 0, 0, 1, 0, 100, b'x', b'\n', b'y', b'z']);
    }

    #[test]
    fn the_scripts_have_the_same_names_in_the_same_order_and_keep_them_as_long() {
        let lua = include_str!("../../lua/lib/tally.lua");
        let counters = [OfTime::Hour, OfTime::Day, OfTime::Live];
        let (_, table) = lua.split_once("TALLY_COUNTERS = {").unwrap();
        let names: Vec<_> = table.split('\'').skip(1).step_by(2).take(counters.len()).collect();
        let bucket = Bucket::all().next().unwrap();
        for (n, (counter, name)) in counters.into_iter().zip(names).enumerate() {
            assert!(counter.key(bucket, 0).contains(&format!(":{name}:")), "{name}");
            let mut tally = Tally::default();
            tally.count(counter, 0, b"", 1);
            assert_eq!(usize::from(tally.counts[0]), n + 1);
        }
        assert!(lua.contains(&format!("TALLY_KEPT_MS = 3600000, 86400000, {}\n", KEPT.as_millis())));
    }
}
