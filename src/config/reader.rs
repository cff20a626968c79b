//! The environment sorted by what its names mean, what was read of it, and the mistakes found so far.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io::Read as _,
    path::PathBuf,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::{
    diagnostic::{Diagnostic, printable},
    names::{self, Name},
    table::VARIABLES,
    value::Value,
    variable::{Typed, Variable},
    words::Preset,
};

/// No secret is longer; a wrong path must not fill the memory.
const LONGEST_FILE: u64 = 1 << 20;
/// What is shown where nothing is set and the table names no default.
const NOT_SET: &str = "not set";

/// A mistake has been noted: go on and find the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reported;

/// A secret as it was given.
pub(super) struct Given {
    /// The name it came by, `…_FILE` included.
    pub(super) variable: String,
    /// The value, trimmed and not empty.
    pub(super) text: SecretString,
    /// Whether new lines separate entries as commas do.
    pub(super) from_file: bool,
}

/// Reads values, keeps what is shown of them, and collects mistakes.
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

    /// For a command that reads no more than some: whatever else is set is somebody else's.
    pub(super) fn only(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        wanted: impl Fn(&Variable) -> bool,
    ) -> Self {
        Self { mistakes: Vec::new(), ..Self::sorted(environment, wanted) }
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
                Name::Purpose(row, purpose) => {
                    let is_set = wanted(row) && !value.is_empty();
                    if is_set {
                        reader.purposes.insert(purpose);
                    }
                    is_set
                }
                Name::Channel(row, channel) => {
                    if wanted(row) {
                        reader.channels.insert(channel);
                    }
                    wanted(row)
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

    /// Notes a mistake.
    pub(super) fn mistake(&mut self, variable: &str, problem: impl Into<String>) -> Reported {
        self.mistakes.push(Diagnostic { variable: variable.to_owned(), problem: problem.into() });
        Reported
    }

    pub(super) fn warn(&mut self, variable: &str, problem: impl Into<String>) {
        self.warnings.push(Diagnostic { variable: variable.to_owned(), problem: problem.into() });
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
    fn text(&mut self, name: &str) -> Result<Option<String>, Reported> {
        let text = self.values.get(name).cloned().map(OsString::into_string).transpose();
        let text = text.map_err(|_| self.mistake(name, "is not UTF-8"))?;
        Ok(text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()))
    }

    fn parse<T: Value>(&mut self, row: &Variable, name: &str, text: &str) -> Result<T, Reported> {
        let value = T::parse(&row.kind, text).map_err(|problem| self.mistake(name, problem))?;
        self.show(name, value.show(text));
        Ok(value)
    }

    /// A value, or what the preset says.
    pub(super) fn get<T: Value>(&mut self, variable: &Typed<T>) -> Result<T, Reported> {
        let row = variable.row;
        let text = self.text(row.name)?;
        self.parse(row, row.name, text.as_deref().unwrap_or(self.default(row)))
    }

    /// A value that was set; where none was, the default is only shown.
    pub(super) fn given<T: Value>(&mut self, variable: &Typed<T>) -> Result<Option<T>, Reported> {
        let row = variable.row;
        let Some(text) = self.text(row.name)? else {
            self.show_default(row);
            return Ok(None);
        };
        self.parse(row, row.name, &text).map(Some)
    }

    /// The value that was set for one purpose alone.
    pub(super) fn of_purpose<T: Value>(&mut self, variable: &Typed<T>, purpose: &str) -> Result<Option<T>, Reported> {
        let name = of_purpose(variable.row.name, purpose);
        let Some(text) = self.text(&name)? else { return Ok(None) };
        self.parse(variable.row, &name, &text).map(Some)
    }

    fn default(&self, row: &Variable) -> &'static str {
        match self.preset {
            Preset::Hardened => row.hardened,
            Preset::Balanced => row.balanced,
            Preset::Development => row.development,
        }
    }

    fn show_default(&mut self, row: &Variable) {
        let default = self.default(row);
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
    pub(super) fn secret(&mut self, variable: &Typed<SecretString>) -> Result<Option<Given>, Reported> {
        self.secret_of(variable.row.name)
    }

    /// The same of a variable for one channel.
    pub(super) fn secret_of(&mut self, name: &str) -> Result<Option<Given>, Reported> {
        let file = format!("{name}_FILE");
        let (variable, from_file, text) = match (self.values.remove(name), self.values.remove(&file)) {
            (None, None) => {
                self.show(name, NOT_SET);
                return Ok(None);
            }
            (Some(_), Some(_)) => return Err(self.mistake(name, format!("and {file} are both set; keep one"))),
            (Some(value), None) => (name.to_owned(), false, value.into_string().map_err(|_| "is not UTF-8".to_owned())),
            (None, Some(path)) => (file, true, read_file(&path)),
        };
        let text = text.map(Zeroizing::new).map_err(|problem| self.mistake(&variable, problem))?;
        let text = SecretString::from(text.trim());
        if text.expose_secret().is_empty() {
            let source = if from_file { "names a file that is empty" } else { "is set but empty" };
            return Err(self.mistake(&variable, format!("{source}; give the secret or remove the variable")));
        }
        Ok(Some(Given { variable, text, from_file }))
    }
}

/// What is shown of secrets: how many there are.
pub(super) fn set(count: usize, what: &str) -> String {
    format!("set ({count} {what}{})", if count == 1 { "" } else { "s" })
}

fn of_purpose(name: &str, purpose: &str) -> String {
    format!("{name}__{}", purpose.to_ascii_uppercase())
}

fn read_file(path: &OsStr) -> Result<String, String> {
    if path.is_empty() {
        return Err("is set but empty; give a path or remove the variable".into());
    }
    let unreadable = |error: std::io::Error| format!("names a file that cannot be read: {error}");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err("names a file of more than 1 MiB".into());
    }
    text_of(&bytes)
}

/// What editors of some systems put before UTF-8, and what UTF-16 begins with in either order of bytes.
const MARK: &[u8] = b"\xef\xbb\xbf";
const MARKS_OF_UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

fn text_of(bytes: &[u8]) -> Result<String, String> {
    if MARKS_OF_UTF_16.iter().any(|mark| bytes.starts_with(mark)) || bytes.contains(&0) {
        return Err("names a file in UTF-16 or with NUL bytes: save it as UTF-8".into());
    }
    let text = std::str::from_utf8(bytes.strip_prefix(MARK).unwrap_or(bytes));
    text.map(str::to_owned).map_err(|_| "names a file that is not UTF-8".into())
}
