//! Templates as they lie in their directory.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{Kinds, is_locale};
use crate::files;

/// Longest template in bytes.
const TEMPLATE_MAX: u64 = 64 * 1024;

/// Reads all of a directory, by their paths there. What begins with a dot is the file system's, and `<channel>.http` says how a
/// provider is asked.
pub(super) fn read_all(dir: &Path, channels: &Kinds) -> Result<BTreeMap<String, String>, String> {
    let is_channel = |name: &str| channels.contains_key(name);
    let (mut files, mut rooms) = (BTreeMap::new(), vec![String::new()]);
    while let Some(room) = rooms.pop() {
        let unreadable = |error: std::io::Error| format!("cannot be read: `{room}`: {}", error.kind());
        for entry in fs::read_dir(dir.join(&room)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let is_dir = entry.path().is_dir();
            let place = if room.is_empty() { name.clone() } else { format!("{room}/{name}") };
            match room.rsplit('/').next() {
                Some(channel) if is_channel(channel) => {
                    files.insert(format!("{room}/{}", name.to_ascii_lowercase()), read(&entry.path(), &place)?);
                }
                Some("") if is_dir => rooms.push(place),
                Some("") if name.strip_suffix(".http").is_some_and(is_channel) => {}
                Some("") => return Err(format!("holds `{place}`, which is no directory of a channel or tenant")),
                _ if is_dir && is_channel(&name) => rooms.push(place),
                _ => return Err(format!("holds `{place}`, which is no directory of a channel")),
            }
        }
    }
    Ok(files)
}

fn read(path: &Path, place: &str) -> Result<String, String> {
    let name = place.rsplit('/').next().unwrap_or_default();
    let known = name.rsplit_once('.').filter(|(_, extension)| ["txt", "html"].contains(extension));
    let parts = known.map(|(base, _)| base.split_once('.').unwrap_or((base, "x")));
    let purpose = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if path.is_dir() || !parts.is_some_and(|(of, locale)| purpose(of) && is_locale(locale)) {
        return Err(format!("holds `{place}`, which is not named <purpose>[.<locale>].txt or .html"));
    }
    let unreadable = |error: std::io::Error| format!("holds `{place}`, which cannot be read: {error}");
    let file = files::open_given(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > TEMPLATE_MAX {
        return Err(format!("holds `{place}`, which is longer than 64 KiB"));
    }
    Ok(io::read_to_string(file).map_err(unreadable)?.replace("\r\n", "\n"))
}
