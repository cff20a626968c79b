//! Every word that stands in the source of the calls: whatever a call reads by name is one of them.

use std::{collections::BTreeSet, fs, path::Path};

/// All of them, from every file below `src/http/calls`.
pub fn words() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/calls"), &mut words);
    words
}

fn read(place: &Path, words: &mut BTreeSet<String>) {
    if place.is_dir() {
        fs::read_dir(place).expect("a directory").for_each(|entry| read(&entry.expect("an entry").path(), words));
        return;
    }
    let text = fs::read_to_string(place).expect("a file");
    let name =
        |word: &&str| (1..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // A literal begins and ends with a quote; between two of them may also be code, which is no word.
    words.extend(text.split('"').filter(name).map(str::to_owned));
}

#[test]
fn the_fields_that_everybody_knows_are_among_them() {
    let words = words();
    assert!(
        ["subject", "code", "device_token", "minutes", "subject_ref", "since"].iter().all(|word| words.contains(*word))
    );
    assert!(words.len() > 60, "{}", words.len());
}
