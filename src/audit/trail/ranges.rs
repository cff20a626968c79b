//! Sets of identities `(bucket, epoch, seq)`, as ranges of `seq`: sequences have no gaps, so that a set is small however
//! many events it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bucket, epoch, sequence.
pub type Identity = (u8, u64, u64);

/// First and last, by bucket and epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u8, u64, u64, u64)>", into = "Vec<(u8, u64, u64, u64)>")]
pub struct Ranges(BTreeMap<(u8, u64), BTreeMap<u64, u64>>);

impl Ranges {
    /// Adds one; `false` if it was there.
    pub fn insert(&mut self, (bucket, epoch, seq): Identity) -> bool {
        let own = self.0.entry((bucket, epoch)).or_default();
        let below = own.range(..=seq).next_back().map(|(first, last)| (*first, *last));
        if below.is_some_and(|(_, last)| seq <= last) {
            return false;
        }
        let end = seq.checked_add(1).and_then(|next| own.remove(&next)).unwrap_or(seq);
        match below {
            Some((first, last)) if seq - last == 1 => own.insert(first, end),
            _ => own.insert(seq, end),
        };
        true
    }

    /// Whether it is there.
    pub fn contains(&self, (bucket, epoch, seq): Identity) -> bool {
        let own = self.0.get(&(bucket, epoch));
        own.and_then(|own| own.range(..=seq).next_back()).is_some_and(|(_, last)| seq <= *last)
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (key, ranges) in &other.0 {
            let own = self.0.entry(*key).or_default();
            for (&(mut first), &(mut last)) in ranges {
                // Whatever overlaps or touches becomes one.
                while let Some((&f, &l)) = own.range(..=last.saturating_add(1)).next_back() {
                    if l.saturating_add(1) < first {
                        break;
                    }
                    (first, last) = (first.min(f), last.max(l));
                    own.remove(&f);
                }
                own.insert(first, last);
            }
        }
    }

    /// What both have.
    pub fn common(&self, other: &Self) -> Self {
        let mut common = Self::default();
        for (key, ranges) in &self.0 {
            let Some(others) = other.0.get(key) else { continue };
            for (&first, &last) in ranges {
                let before = others.range(..first).next_back().filter(|(_, end)| **end >= first);
                for (&f, &l) in before.into_iter().chain(others.range(first..=last)) {
                    common.0.entry(*key).or_default().insert(first.max(f), last.min(l));
                }
            }
        }
        common
    }

    /// What is missing between the first and the last of each bucket and epoch.
    pub fn gaps(&self) -> Self {
        let mut gaps = Self::default();
        for (key, ranges) in &self.0 {
            for ((_, last), (first, _)) in ranges.iter().zip(ranges.iter().skip(1)) {
                gaps.0.entry(*key).or_default().insert(last + 1, first - 1);
            }
        }
        gaps
    }

    /// Bucket, epoch, first and last of each range, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, u64, u64, u64)> {
        self.0.iter().flat_map(|((bucket, epoch), own)| own.iter().map(|(f, l)| (*bucket, *epoch, *f, *l)))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.iter().fold(0, |sum: u64, (_, _, first, last)| sum.saturating_add((last - first).saturating_add(1)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(u8, u64, u64, u64)>> for Ranges {
    fn from(ranges: Vec<(u8, u64, u64, u64)>) -> Self {
        let mut set = Self::default();
        for (bucket, epoch, first, last) in ranges {
            let one = BTreeMap::from([((bucket, epoch), BTreeMap::from([(first, last.max(first))]))]);
            set.merge(&Self(one));
        }
        set
    }
}

impl From<Ranges> for Vec<(u8, u64, u64, u64)> {
    fn from(set: Ranges) -> Self {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(seqs: &BTreeSet<u64>) -> Ranges {
        let mut ranges = Ranges::default();
        seqs.iter().rev().for_each(|&seq| assert!(ranges.insert((1, 1, seq))));
        ranges
    }

    fn seqs(ranges: &Ranges) -> BTreeSet<u64> {
        ranges.iter().flat_map(|(_, _, first, last)| first..=last).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_set(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            let (a, b): (BTreeSet<u64>, BTreeSet<u64>) =
                (a.into_iter().map(u64::from).collect(), b.into_iter().map(u64::from).collect());
            let (mut ra, rb) = (set(&a), set(&b));
            prop_assert_eq!(&seqs(&ra), &a);
            prop_assert_eq!(ra.len(), a.len() as u64);
            prop_assert_eq!(seqs(&ra.common(&rb)), &a & &b);
            prop_assert!((0..=255).all(|seq| ra.contains((1, 1, seq)) == a.contains(&seq)));
            prop_assert!(a.iter().all(|&seq| !ra.insert((1, 1, seq))));
            let gaps: BTreeSet<u64> = match (a.first(), a.last()) {
                (Some(&first), Some(&last)) => (first..=last).filter(|seq| !a.contains(seq)).collect(),
                _ => BTreeSet::new(),
            };
            prop_assert_eq!(seqs(&ra.gaps()), gaps);
            ra.merge(&rb);
            prop_assert_eq!(seqs(&ra), &a | &b);
            // As few ranges as can be.
            prop_assert!(ra.gaps().iter().count() + 1 >= ra.iter().count());
            let json = serde_json::to_string(&ra).unwrap();
            prop_assert_eq!(serde_json::from_str::<Ranges>(&json).unwrap(), ra);
        }
    }

    #[test]
    fn buckets_and_epochs_are_apart() {
        let mut ranges = Ranges::default();
        assert!(ranges.insert((1, 1, u64::MAX)) && ranges.insert((1, 2, 0)) && ranges.insert((2, 1, 0)));
        assert!(!ranges.contains((1, 1, 0)) && ranges.gaps().is_empty());
    }
}
