//! The test vector beside the page is what this version writes, and the page quotes it.

use std::{collections::BTreeMap, fs, path::Path};

use super::second::{Both, begin, files, keys, mark, write};
use otp_sidecar::audit::trail::{ranges::Position, record::Exported};

const VECTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/docs/trail-vector");
const PAGE: &str = include_str!("../../../deploy/docs/trail-format.md");

/// Writes the vector: two segments, a handover, marks.
fn vector(root: &Path) {
    let mut trail = begin(root, [0x0a, 0x1b, 0x2c, 0x3d]);
    write(&mut trail, 7, 0..2);
    mark(&mut trail, &[]);
    trail.begin(1_767_261_660_000).unwrap();
    let position = Some(Position { epoch: 1, seq: 4 });
    let before = Exported { trail: Some("4e5f6a7b".into()), position, ..Exported::default() };
    let event = super::second::event(21, 5);
    trail.write(&[event], &BTreeMap::from([(21, before)]), 1_767_261_660_000).unwrap();
    mark(&mut trail, &[("4e5f6a7b", 31)]);
}

/// `OTP_TEST_WRITE=1` writes it anew.
#[test]
fn the_vector_is_what_is_written_and_the_page_quotes_it() {
    let root = tempfile::tempdir().unwrap();
    vector(root.path());
    let (made, kept) = (root.path().join("trail-0a1b2c3d"), Path::new(VECTOR).join("trail-0a1b2c3d"));
    if std::env::var_os("OTP_TEST_WRITE").is_some() {
        fs::create_dir_all(&kept).unwrap();
        files(&made).iter().for_each(|path| assert!(fs::copy(path, kept.join(path.file_name().unwrap())).is_ok()));
    }
    for path in files(&made) {
        let name = path.file_name().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), fs::read_to_string(kept.join(name)).unwrap(), "{name:?}");
    }
    // Lines of code on a page are short: quotations go over several.
    let quoted: String = PAGE.lines().collect();
    let first = fs::read_to_string(kept.join("00000001.jsonl")).unwrap();
    for line in first.lines().take(2) {
        assert!(quoted.contains(line), "{line}");
    }
    assert!(quoted.contains(fs::read_to_string(kept.join("head")).unwrap().trim_end()));
    assert!(quoted.contains(keys().public().pem().lines().nth(1).unwrap()));
    // It tells of a trail that is not beside it; alone it is sound.
    let mut both = Both::start(keys().public());
    assert_eq!(both.code(Path::new(VECTOR), "the vector"), 11);
}
