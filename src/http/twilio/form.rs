//! Forms and paths, percent-decoded strictly.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::refusal::Refusal;

/// Most fields of a form.
const FIELDS_MAX: usize = 100;

/// The fields of a call, each with its name once. One that nobody takes means nothing, as with Twilio.
#[derive(Default)]
pub(super) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// 60200 where it is no form of at most 100 fields in UTF-8, or a name comes twice.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::parameter(""))?;
        let mut form = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let field = |text: &str| decoded(&text.replace('+', " "));
            let name = field(name).ok_or_else(|| Refusal::parameter(""))?;
            let value = field(value).map(Zeroizing::new);
            if form.0.len() == FIELDS_MAX || form.0.iter().any(|(other, _)| *other == name) {
                return Err(Refusal::parameter(&name));
            }
            let value = value.ok_or_else(|| Refusal::parameter(&name))?;
            form.0.push((name, value));
        }
        Ok(form)
    }

    /// A value; empty counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// 60200 naming it.
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::parameter(name))
    }

    /// Refuses what must not be overlooked.
    ///
    /// # Errors
    /// 60200 naming the first that is there.
    pub(super) fn without(&self, names: &[&str]) -> Result<(), Refusal> {
        let given = names.iter().find(|name| self.get(name).is_some());
        given.map_or(Ok(()), |name| Err(Refusal::parameter(name)))
    }
}

/// `text` with its `%xx` decoded; `None` where one is broken, or what comes out is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let is_whole = |at: usize| text.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let whole = text.match_indices('%').all(|(at, _)| is_whole(at));
    percent_decode_str(text).decode_utf8().ok().filter(|_| whole).map(Cow::into_owned)
}
