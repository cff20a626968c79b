//! Templates as they lie in their directory.

use std::{collections::BTreeMap, fs, path::Path};

use super::is_locale;

/// Longest template in bytes.
const TEMPLATE_MAX: u64 = 64 * 1024;
/// What a directory holds: names, and whether each is a directory. What begins with a dot is the file system's.
pub(super) fn entries(dir: &Path, under: &str) -> Result<Vec<(String, bool)>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: `{under}`: {}", error.kind());
    let mut all = Vec::new();
    for entry in fs::read_dir(dir.join(under)).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            all.push((name, path.is_dir()));
        }
    }
    all.sort();
    Ok(all)
}

pub(super) fn find(dir: &Path, under: &str, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    for (name, is_dir) in entries(dir, under)? {
        let known = name.rsplit_once('.').filter(|(_, extension)| ["txt", "html"].contains(extension));
        let parts = known.map(|(base, _)| base.split_once('.').unwrap_or((base, "x")));
        let purpose = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if is_dir || !parts.is_some_and(|(of, locale)| purpose(of) && is_locale(locale)) {
            return Err(format!("holds `{under}/{name}`, which is not named <purpose>[.<locale>].txt or .html"));
        }
        let path = dir.join(under).join(&name);
        let unreadable =
            |error: std::io::Error| format!("holds `{under}/{name}`, which cannot be read: {}", error.kind());
        if fs::metadata(&path).map_err(unreadable)?.len() > TEMPLATE_MAX {
            return Err(format!("holds `{under}/{name}`, which is longer than 64 KiB"));
        }
        let text = fs::read_to_string(&path).map_err(unreadable)?.replace("\r\n", "\n");
        files.insert(format!("{under}/{}", name.to_ascii_lowercase()), text);
    }
    Ok(())
}
