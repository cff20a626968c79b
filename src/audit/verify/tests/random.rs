//! Any one byte flipped, any one line dropped, swapped or repeated, any tail cut, any file gone: it is never sound again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use crate::audit::trail::tests::sample::{Sample, Write, events, files, lines};

#[derive(Debug, Clone)]
enum Edit {
    Flip(prop::sample::Index, u8),
    Drop(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Remove,
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        8 => (index(), 0..8u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        2 => index().prop_map(Edit::Drop),
        2 => (index(), index()).prop_map(|(one, other)| Edit::Swap(one, other)),
        2 => (index(), index()).prop_map(|(line, to)| Edit::Repeat(line, to)),
        4 => index().prop_map(Edit::Cut),
        1 => (index(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        1 => Just(Edit::Remove),
    ]
}

/// What the file has after it; `None` where it is gone, and as it was where the edit says nothing.
fn edited(path: &Path, edit: &Edit) -> Option<Vec<u8>> {
    let (mut bytes, mut all) = (fs::read(path).unwrap(), lines(path));
    match edit {
        Edit::Flip(at, bit) => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            return Some(bytes);
        }
        Edit::Cut(at) => return Some(bytes[..at.index(bytes.len())].to_vec()),
        Edit::Insert(at, new) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, new.iter().copied());
            return Some(bytes);
        }
        Edit::Remove => return None,
        Edit::Drop(at) => drop(all.remove(at.index(all.len()))),
        Edit::Swap(one, other) => {
            let (one, other) = (one.index(all.len()), other.index(all.len()));
            all.swap(one, other);
        }
        Edit::Repeat(line, to) => {
            let line = all[line.index(all.len())].clone();
            all.insert(to.index(all.len() + 1), line);
        }
    }
    Some(all.concat())
}

fn is_found(sample: &Sample, path: &PathBuf, edit: &Edit) -> Result<(), TestCaseError> {
    let before = fs::read(path).unwrap();
    let after = edited(path, edit);
    prop_assume!(after.as_ref() != Some(&before));
    match &after {
        Some(bytes) => fs::write(path, bytes).unwrap(),
        None => fs::remove_file(path).unwrap(),
    }
    let report = sample.verify();
    fs::write(path, before).unwrap();
    prop_assert!(!report.sound, "{}", path.display());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_stopped_trail_is_never_sound_after_an_edit(file: prop::sample::Index, edit in edit()) {
        thread_local!(static SAMPLE: (Sample, PathBuf) = { let sample = Sample::new(); let dir = sample.complete(); (sample, dir) });
        SAMPLE.with(|(sample, dir)| {
            let files = files(dir);
            is_found(sample, file.get(&files), &edit)
        })?;
    }

    /// As one whose sidecar runs, or was killed.
    #[test]
    fn a_running_trail_is_never_sound_after_an_edit(file: prop::sample::Index, edit in edit()) {
        thread_local!(static SAMPLE: (Sample, PathBuf) = {
            let sample = Sample::new();
            let dir = sample.complete();
            let mut trail = sample.open(&dir);
            trail.put(&events(9, 0, 5));
            trail.put_mark();
            trail.put(&events(9, 6, 9));
            (sample, dir)
        });
        SAMPLE.with(|(sample, dir)| {
            let files = files(dir);
            let path = file.get(&files);
            // Behind the last line that was said to be there, what is not whole is a write that was cut short.
            let open = path.ends_with("00000004.jsonl");
            let end = fs::read(path).unwrap().len();
            let unfinished = open && matches!(&edit, Edit::Insert(at, new) if at.index(end + 1) == end && !new.contains(&b'\n'));
            if unfinished { Ok(()) } else { is_found(sample, path, &edit) }
        })?;
    }
}
