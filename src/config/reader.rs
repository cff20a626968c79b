//! The environment sorted by what its names mean, what was read of it, and the mistakes found so far.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::{
    Diagnostic,
    names::{self, Name},
    table::VARIABLES,
    value::{Value, printable},
    variable::{Typed, Variable},
    words::Preset,
};
use crate::files;

/// What UTF-16 begins with in either order of bytes.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// What is shown where nothing is set and the table names no default.
const NOT_SET: &str = "not set";

/// A secret as it was given.
pub(super) struct Given {
    /// The name it came by, `…_FILE` included.
    pub(super) variable: String,
    /// The value, trimmed and not empty.
    pub(super) text: SecretString,
    /// Whether new lines separate entries as commas do.
    pub(super) from_file: bool,
}

/// Reads values, keeps what is shown of them, and collects mistakes. What is read in place of a mistake is never used: it
/// is there so that all the others are found too.
pub(super) struct Reader {
    /// By name, `…_FILE` and `…__PURPOSE` included.
    values: BTreeMap<String, OsString>,
    /// Every purpose that some variable was set for.
    pub(super) purposes: BTreeSet<String>,
    /// Every channel that some variable was set for.
    pub(super) channels: BTreeSet<String>,
    shown: BTreeMap<String, Json>,
    pub(super) preset: Preset,
    pub(super) mistakes: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Reader {
    /// For `serve`: what is nearly ours is a mistake, what only the operator's commands read is passed over.
    pub(super) fn new(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self::sorted(environment, Variable::is_served)
    }

    /// What `read` reads of the variables that are `wanted`; whatever else is set is somebody else's.
    ///
    /// # Errors
    /// Every mistake that it noted.
    pub(super) fn only<T>(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        wanted: impl Fn(&Variable) -> bool,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, Vec<Diagnostic>> {
        let mut reader = Self { mistakes: Vec::new(), ..Self::sorted(environment, wanted) };
        let value = read(&mut reader);
        if reader.mistakes.is_empty() { Ok(value) } else { Err(reader.mistakes) }
    }

    fn sorted(environment: impl IntoIterator<Item = (OsString, OsString)>, wanted: impl Fn(&Variable) -> bool) -> Self {
        let mut reader = Self {
            values: BTreeMap::new(),
            purposes: BTreeSet::new(),
            channels: BTreeSet::new(),
            shown: BTreeMap::new(),
            preset: Preset::Hardened,
            mistakes: Vec::new(),
            warnings: Vec::new(),
        };
        for (name, value) in environment {
            let name = name.to_string_lossy();
            let taken = match names::classify(&name) {
                Name::Variable(row) => wanted(row),
                Name::Own(row, whose) => {
                    // Empty for one purpose, it is as for all; an empty secret is a mistake.
                    let is_taken = wanted(row) && (row.per_channel || !value.is_empty());
                    let all = if row.per_channel { &mut reader.channels } else { &mut reader.purposes };
                    all.extend(is_taken.then_some(whose));
                    is_taken
                }
                Name::Wrong(problem) => {
                    reader.mistake(&printable(&name), problem);
                    false
                }
                Name::Foreign => matches!(&*name, "XDG_STATE_HOME" | "HOME"),
            };
            if taken {
                reader.values.insert(name.into_owned(), value);
            }
        }
        reader
    }

    pub(super) fn mistake(&mut self, variable: &str, problem: impl Into<String>) {
        self.mistakes.push(Diagnostic::of(variable, problem));
    }

    pub(super) fn warn(&mut self, variable: &str, problem: impl Into<String>) {
        self.warnings.push(Diagnostic::of(variable, problem));
    }

    /// What was found to be right, or else a mistake.
    pub(super) fn right<T>(&mut self, variable: &str, found: Result<T, impl Into<String>>) -> Option<T> {
        found.map_err(|problem| self.mistake(variable, problem)).ok()
    }

    /// What two variables name, or neither.
    pub(super) fn both<T>(&mut self, names: [&str; 2], found: [Option<T>; 2]) -> Option<[T; 2]> {
        let [one, other] = names;
        let (missing, present) = match found {
            [Some(first), Some(second)] => return Some([first, second]),
            [None, None] => return None,
            [Some(_), None] => (other, one),
            [None, Some(_)] => (one, other),
        };
        if !self.are_wrong(&[missing, &format!("{missing}_FILE")]) {
            self.mistake(missing, format!("must be set when {present} is"));
        }
        None
    }

    /// Whether there is a mistake in one of these, so that nothing can be said of them together.
    pub(super) fn are_wrong(&self, names: &[&str]) -> bool {
        self.mistakes.iter().any(|mistake| names.contains(&&*mistake.variable))
    }

    /// Keeps what is in force under `name`, where it is not the text that was read.
    pub(super) fn show(&mut self, name: &str, value: impl Into<Json>) {
        self.shown.insert(name.to_owned(), value.into());
    }

    /// What is in force of every variable of `serve`, in the order of the table, each followed by what was set for
    /// single purposes.
    pub(super) fn in_force(&mut self) -> Vec<(String, Json)> {
        let mut in_force = Vec::new();
        for row in VARIABLES.iter().filter(|row| row.is_served()) {
            let purposes = self.purposes.iter().map(|purpose| of_purpose(row.name, purpose));
            let channels = self.channels.iter().map(|channel| of_purpose(row.name, channel));
            for name in std::iter::once(row.name.to_owned()).chain(purposes).chain(channels) {
                in_force.extend(self.shown.remove_entry(&name));
            }
        }
        in_force
    }

    /// The trimmed text of `name`, `None` when unset or empty.
    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.values.get(name).cloned()?.into_string();
        let text = self.right(name, text.map_err(|_| "is not UTF-8"))?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parse<T: Value>(&mut self, row: &Variable, name: &str, text: &str) -> Option<T> {
        let value = T::parse(&row.kind, text);
        let value = self.right(name, value)?;
        self.show(name, value.show(text));
        Some(value)
    }

    /// A value, or what the preset says.
    pub(super) fn get<T: Value>(&mut self, variable: &Typed<T>) -> T {
        let row = variable.row;
        let given = self.text(row.name).and_then(|text| self.parse(row, row.name, &text));
        let default = || self.parse(row, row.name, row.default_of(self.preset));
        given.or_else(default).unwrap_or_else(|| unreachable!("what the table says can be read"))
    }

    /// A value that was set; where none was, the default is only shown.
    pub(super) fn given<T: Value>(&mut self, variable: &Typed<T>) -> Option<T> {
        let row = variable.row;
        let Some(text) = self.text(row.name) else {
            self.show_default(row);
            return None;
        };
        self.parse(row, row.name, &text)
    }

    /// Puts the value that was set for one purpose alone in the place of the `common` one; answers whether there is one.
    pub(super) fn own<T: Value>(&mut self, variable: &Typed<T>, purpose: &str, common: &mut T) -> bool {
        let name = of_purpose(variable.row.name, purpose);
        let own = self.text(&name).and_then(|text| self.parse(variable.row, &name, &text));
        own.map(|own| *common = own).is_some()
    }

    fn show_default(&mut self, row: &Variable) {
        let default = row.default_of(self.preset);
        self.show(row.name, if default.is_empty() { NOT_SET } else { default });
    }

    /// Whether it was set, well or badly. Of a secret only before [`Reader::secret`] has taken it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.values.contains_key(&format!("{name}_FILE"))
    }

    /// A path as it is; it need not be UTF-8.
    pub(super) fn path(&mut self, variable: &Typed<PathBuf>) -> Option<PathBuf> {
        let path = self.directory(variable.row.name);
        match &path {
            Some(path) => self.show(variable.row.name, path.display().to_string()),
            None => self.show_default(variable.row),
        }
        path
    }

    /// The path in a variable that is not ours, such as `HOME`.
    pub(super) fn directory(&self, name: &str) -> Option<PathBuf> {
        self.values.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A secret from its variable or its file. Set but empty is a mistake: an unexpanded reference must not leave a
    /// door open. Mistakes never repeat value or path, since a secret may stand where its path should.
    pub(super) fn secret(&mut self, variable: &Typed<SecretString>) -> Option<Given> {
        self.secret_of(variable.row.name)
    }

    /// The same of a variable for one channel.
    pub(super) fn secret_of(&mut self, name: &str) -> Option<Given> {
        let file = format!("{name}_FILE");
        let (variable, from_file, text) = match (self.values.remove(name), self.values.remove(&file)) {
            (None, None) => {
                self.show(name, NOT_SET);
                return None;
            }
            (Some(_), Some(_)) => {
                self.mistake(name, format!("and {file} are both set; keep one"));
                return None;
            }
            (Some(value), None) => (name.to_owned(), false, value.into_string().map_err(|_| "is not UTF-8".to_owned())),
            (None, Some(path)) => (file, true, read_file(&path)),
        };
        let text = Zeroizing::new(self.right(&variable, text)?);
        let text = SecretString::from(text.trim());
        if text.expose_secret().is_empty() {
            let source = if from_file { "names a file that is empty" } else { "is set but empty" };
            self.mistake(&variable, format!("{source}; give the secret or remove the variable"));
            return None;
        }
        Some(Given { variable, text, from_file })
    }
}

/// What is shown of secrets: how many there are.
pub(super) fn set(count: usize, what: &str) -> String {
    format!("set ({count} {what}{})", if count == 1 { "" } else { "s" })
}

/// The variable for one purpose, or one channel.
pub(super) fn of_purpose(name: &str, purpose: &str) -> String {
    format!("{name}__{}", purpose.to_ascii_uppercase())
}

fn read_file(path: &OsStr) -> Result<String, String> {
    if path.is_empty() {
        return Err("is set but empty; give a path or remove the variable".into());
    }
    let bytes = files::read_small(Path::new(path))?;
    if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) || bytes.contains(&0) {
        return Err("names a file in UTF-16 or with NUL bytes: save it as UTF-8".into());
    }
    std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| "names a file that is not UTF-8".into())
}
