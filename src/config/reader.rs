//! The environment sorted by what its names mean, and the mistakes found so far.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io::Read as _,
};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    Preset,
    mistake::{Mistake, Warning, printable},
    names::{self, Name},
    table,
    value::{self, Parse},
    variable::{Group, Variable},
};

/// No secret is longer; a wrong path must not fill the memory.
const LONGEST_FILE: u64 = 1 << 20;

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

/// Collects values and mistakes.
pub(super) struct Reader {
    plain: BTreeMap<&'static str, OsString>,
    files: BTreeMap<&'static str, OsString>,
    by_purpose: BTreeMap<(String, &'static str), OsString>,
    xdg_state_home: Option<OsString>,
    home: Option<OsString>,
    pub(super) preset: Preset,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Warning>,
}

impl Reader {
    pub(super) fn new(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut reader = Self::empty();
        for (name, value) in environment {
            reader.take(&name, value);
        }
        reader
    }

    /// For the operator's commands: whatever else is set is somebody else's.
    pub(super) fn of_client(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut reader = Self::empty();
        for (name, value) in environment {
            match names::classify(&name.to_string_lossy()) {
                Name::Variable(row) if row.group == Group::Client => drop(reader.plain.insert(row.name, value)),
                Name::File(row) if row.group == Group::Client => drop(reader.files.insert(row.name, value)),
                _ => {}
            }
        }
        reader
    }

    fn empty() -> Self {
        Self {
            plain: BTreeMap::new(),
            files: BTreeMap::new(),
            by_purpose: BTreeMap::new(),
            xdg_state_home: None,
            home: None,
            preset: Preset::Hardened,
            mistakes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn take(&mut self, name: &OsStr, value: OsString) {
        match name.to_string_lossy().as_ref() {
            "XDG_STATE_HOME" => self.xdg_state_home = Some(value),
            "HOME" => self.home = Some(value),
            name => match names::classify(name) {
                Name::Variable(row) if row.is_served() => drop(self.plain.insert(row.name, value)),
                Name::File(row) if row.is_served() => drop(self.files.insert(row.name, value)),
                Name::Purpose(row, purpose) => drop(self.by_purpose.insert((purpose, row.name), value)),
                Name::Wrong(problem) => self.mistake(&printable(name), problem),
                Name::Variable(_) | Name::File(_) | Name::Foreign => {}
            },
        }
    }

    pub(super) fn mistake(&mut self, variable: &str, problem: impl Into<String>) {
        self.mistakes.push(Mistake { variable: variable.to_owned(), problem: problem.into() });
    }

    pub(super) fn warn(&mut self, variable: &str, problem: impl Into<String>) {
        self.warnings.push(Warning { variable: variable.to_owned(), problem: problem.into() });
    }

    fn noted<T>(&mut self, variable: &str, parsed: Result<T, String>) -> Result<T, Reported> {
        parsed.map_err(|problem| {
            self.mistake(variable, problem);
            Reported
        })
    }

    fn row(&mut self, name: &str) -> Result<&'static Variable, Reported> {
        let row = table::find(name).ok_or_else(|| "is not in the table of variables".to_owned());
        self.noted(name, row)
    }

    /// The trimmed value, `None` when unset or empty.
    fn text(&mut self, name: &str, value: Option<OsString>) -> Result<Option<String>, Reported> {
        let text = value.map(OsString::into_string).transpose().map_err(|_| "is not UTF-8".to_owned());
        let text = self.noted(name, text)?;
        Ok(text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()))
    }

    /// A value that has no default, or whose default needs no parsing.
    pub(super) fn optional<T>(&mut self, name: &'static str, parse: Parse<T>) -> Result<Option<T>, Reported> {
        let row = self.row(name)?;
        let value = self.plain.get(name).cloned();
        let Some(text) = self.text(name, value)? else { return Ok(None) };
        self.noted(name, parse(&row.kind, &text)).map(Some)
    }

    /// A value, or what the preset says.
    pub(super) fn read<T>(&mut self, name: &'static str, parse: Parse<T>) -> Result<T, Reported> {
        if let Some(given) = self.optional(name, parse)? {
            return Ok(given);
        }
        let row = self.row(name)?;
        let default = row.default(self.preset);
        self.noted(name, parse(&row.kind, default))
    }

    /// Every purpose that some variable was set for.
    pub(super) fn purposes(&self) -> BTreeSet<String> {
        let set = self.by_purpose.iter().filter(|(_, value)| !value.is_empty());
        set.map(|((purpose, _), _)| purpose.clone()).collect()
    }

    /// The value for one purpose alone.
    pub(super) fn read_for<T>(
        &mut self,
        purpose: &str,
        name: &'static str,
        parse: Parse<T>,
    ) -> Result<Option<T>, Reported> {
        let row = self.row(name)?;
        let full = format!("{name}__{}", purpose.to_ascii_uppercase());
        let value = self.by_purpose.get(&(purpose.to_owned(), name)).cloned();
        let Some(text) = self.text(&full, value)? else { return Ok(None) };
        self.noted(&full, parse(&row.kind, &text)).map(Some)
    }

    /// Whether a secret was given, well or badly. Only before [`Reader::secret`] has taken it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.plain.contains_key(name) || self.files.contains_key(name)
    }

    /// A path as it is; it need not be UTF-8.
    pub(super) fn path(&self, name: &str) -> Option<OsString> {
        self.plain.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// What the base directory specification's variables say: `XDG_STATE_HOME` and `HOME`.
    pub(super) fn homes(&self) -> (Option<&OsStr>, Option<&OsStr>) {
        (self.xdg_state_home.as_deref(), self.home.as_deref())
    }

    /// Sets the preset, which decides about all defaults, and so comes first.
    pub(super) fn read_preset(&mut self) {
        match self.read("OTP_PRESET", value::choice) {
            Ok("balanced") => self.preset = Preset::Balanced,
            Ok("development") => self.preset = Preset::Development,
            _ => {}
        }
    }

    /// A secret from its variable or its file. Set but empty is a mistake: an unexpanded reference must not leave a
    /// door open. Mistakes never repeat value or path, since a secret may stand where its path should.
    pub(super) fn secret(&mut self, name: &'static str) -> Result<Option<Given>, Reported> {
        let file = format!("{name}_FILE");
        let (variable, from_file, text) = match (self.plain.remove(name), self.files.remove(name)) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                self.mistake(name, format!("and {file} are both set; keep one"));
                return Err(Reported);
            }
            (Some(value), None) => (name.to_owned(), false, value.into_string().map_err(|_| "is not UTF-8".to_owned())),
            (None, Some(path)) => (file, true, read_file(&path)),
        };
        let text = self.noted(&variable, text.map(Zeroizing::new))?;
        let text = SecretString::from(text.trim());
        if text.expose_secret().is_empty() {
            let source = if from_file { "names a file that is empty" } else { "is set but empty" };
            self.mistake(&variable, format!("{source}; give the secret or remove the variable"));
            return Err(Reported);
        }
        Ok(Some(Given { variable, text, from_file }))
    }
}

fn read_file(path: &OsStr) -> Result<String, String> {
    if path.is_empty() {
        return Err("is set but empty; give a path or remove the variable".into());
    }
    let unreadable = |error: std::io::Error| format!("names a file that cannot be read: {}", error.kind());
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
