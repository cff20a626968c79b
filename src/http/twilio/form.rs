//! Forms and paths, percent-decoded strictly.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::http::Problem;

/// Most fields of a form.
const FIELDS_MAX: usize = 100;

/// The fields of a call, each with its name once. One that nobody asks for means nothing, as with Twilio.
#[derive(Default)]
pub(super) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 `malformed` where it is no form of at most 100 fields in UTF-8, or a name comes twice.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut form = Self::default();
        let field = |text: &str| decoded(&text.replace('+', " ")).ok_or_else(|| Problem::malformed("No form."));
        let text = std::str::from_utf8(body).map_err(|_| Problem::malformed("No text."))?;
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (field(name)?, field(value)?);
            if form.0.len() == FIELDS_MAX || form.0.iter().any(|(other, _)| *other == name) {
                let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
                return Err(Problem::malformed("A name comes twice, or too many.").about(name));
            }
            form.0.push((name, value.into()));
        }
        Ok(form)
    }

    /// A value; empty counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| wrong(name))
    }

    /// Refuses what must not be overlooked.
    pub(super) fn without(&self, names: &[&'static str]) -> Result<(), Problem> {
        names.iter().find(|name| self.get(name).is_some()).map_or(Ok(()), |name| Err(wrong(name)))
    }
}

/// The refusal of a parameter.
pub(super) fn wrong(name: &'static str) -> Problem {
    Problem::invalid_field(name, "")
}

/// `text` with its `%xx` decoded; `None` where one is broken, or what comes out is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let is_whole = |at: usize| text.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let whole = text.match_indices('%').all(|(at, _)| is_whole(at));
    percent_decode_str(text).decode_utf8().ok().filter(|_| whole).map(Cow::into_owned)
}
