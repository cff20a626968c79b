//! Plain mutations, from a seed: what is tried where there is no time for a search.

use crate::support::Chance;

/// No target has a use for more.
const LONGEST: usize = 4096;
/// Where lengths and counts break.
const ODD: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b' '];

/// A new input: one of `corpus`, changed in up to eight places.
pub fn mutated(corpus: &[Vec<u8>], words: &[&str], chance: &mut Chance) -> Vec<u8> {
    let mut input = corpus[chance.below(corpus.len())].clone();
    for _ in 0..=chance.below(8) {
        let at = chance.below(input.len() + 1);
        let end = (at + chance.below(16)).min(input.len());
        match chance.below(8) {
            0 if at < input.len() => input[at] ^= 1 << chance.below(8),
            1 if at < input.len() => input[at] = ODD[chance.below(ODD.len())],
            2 => input.insert(at, chance.draw() as u8),
            3 => drop(input.drain(at..end)),
            4 => {
                let part = input[at..end].to_vec();
                let to = chance.below(input.len() + 1);
                input.splice(to..to, part);
            }
            5 => {
                let other = &corpus[chance.below(corpus.len())];
                input.truncate(at);
                input.extend_from_slice(&other[chance.below(other.len() + 1)..]);
            }
            6 if !words.is_empty() => drop(input.splice(at..at, words[chance.below(words.len())].bytes())),
            _ if at < input.len() => input[at] = chance.draw() as u8,
            _ => {}
        }
    }
    input.truncate(LONGEST);
    input
}
