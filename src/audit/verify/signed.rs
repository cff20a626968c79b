//! A trail as a whole: by which key it is signed, how far it goes, what retention removed, and which files it has.

use std::{fs, io, path::Path};

use super::Given;
use super::finding::{Finding, Kind};
use crate::audit::trail::{Checkpoint, Role, create, record};
use crate::files::there;
use crate::secret::PublicKey;

/// See the module; or why it cannot be said.
pub type Signed = Result<Told, Finding>;

/// See the module.
#[derive(Debug, Clone)]
pub struct Told {
    /// The key.
    pub public: PublicKey,
    /// How far it goes.
    pub head: Checkpoint,
    /// What went by retention.
    pub removed: Checkpoint,
}

/// Reads it.
pub fn read(dir: &Path, given: &Given) -> Signed {
    let path = dir.join("public-key");
    let own = match there(fs::read_to_string(&path)) {
        Ok(own) => own,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Some(String::new()),
        Err(error) => return Err(Finding::unreadable(path, &error)),
    };
    let Some(public) = given.public.or_else(|| PublicKey::parse(own.as_deref()?)) else {
        return Err(Finding::of(Kind::Unreadable, path, "there is no key in it to verify the trail with"));
    };
    let altered = |role: Role, what| Err(Finding::of(Kind::Altered, dir.join(role.file()), what));
    let head = statement(dir, Role::Head, &public, given)?;
    if create::id_of(dir).is_some_and(|id| id != head.trail) {
        return altered(Role::Head, format!("it is that of trail-{}", head.trail));
    }
    match own {
        Some(text) if text == public.pem() => {}
        Some(_) => return Err(Finding::of(Kind::Altered, path, "it is not the key that the head is signed with")),
        None => return Err(Finding::of(Kind::CutOff, path, "the file is not there")),
    }
    let removed = statement(dir, Role::Removed, &public, given)?;
    if removed.trail != head.trail || removed.segment >= head.segment {
        let what = format!("it tells of segment {} of trail-{}", removed.segment, removed.trail);
        return altered(Role::Removed, what);
    }
    Ok(Told { public, head, removed })
}

fn statement(dir: &Path, role: Role, public: &PublicKey, given: &Given) -> Result<Checkpoint, Finding> {
    let path = dir.join(role.file());
    let Some(read) = there(Checkpoint::read(dir, role, public)).map_err(|error| Finding::unreadable(&path, &error))?
    else {
        return Err(Finding::of(Kind::CutOff, path, "it is not there, and nothing else tells how far the trail went"));
    };
    read.ok_or_else(|| match Checkpoint::unverified(dir, role).filter(|said| said.key != public.id()) {
        Some(said) => {
            let source =
                if given.guessed { "that of the private server's keys in OTP_DATA_DIR" } else { "which was given" };
            let what = format!("it is signed with key {}, and not with {}, {source}", said.key, public.id());
            Finding::of(Kind::Unreadable, path, what)
        }
        None => Finding::of(Kind::Altered, path, "it is not as it was signed"),
    })
}

/// The first thing in the trail's directory that its writer did not put there.
pub fn strangers(dir: &Path) -> Result<(), Finding> {
    let unreadable = |error: io::Error| Finding::unreadable(dir, &error);
    let mut entries = fs::read_dir(dir).map_err(unreadable)?.collect::<io::Result<Vec<_>>>().map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap_or_default();
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            return Err(Finding::of(Kind::Altered, path, "it is a link or no file, and was not written by a sidecar"));
        }
        let reserved = name.starts_with("positions-") || name.starts_with("cursor-");
        let own = record::number(name).is_some() || ["lock", "head", "removed", "public-key"].contains(&name);
        if !own && !reserved {
            return Err(Finding::of(Kind::Altered, path, "it is no file of a trail"));
        }
    }
    Ok(())
}
