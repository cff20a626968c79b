//! Parameters as forms are encoded, in a request's target or its body: taken one by one by name.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::Problem;

/// Most parameters of a call.
const MOST: usize = 100;

/// The parameters of a call, each with its name once.
#[derive(Default)]
pub struct Parameters(Vec<(String, Zeroizing<String>)>);

/// Neither names nor values: one of them may be a code.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parameters").field("left", &self.0.len()).finish()
    }
}

impl Parameters {
    /// Reads pairs of names and values: `%xx`, `+` for a space.
    ///
    /// # Errors
    /// 422 `invalid_field` naming the parameter that is not encoded so, in UTF-8, that comes twice, or is the 101st; 400
    /// `malformed` for what is no text.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let mut all = Self::default();
        let text = std::str::from_utf8(text).map_err(|_| Problem::malformed("The parameters are not UTF-8."))?;
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let field = |text: &str| decoded(&text.replace('+', " "));
            let (Some(name), Some(value)) = (field(name), field(value)) else {
                return Err(Problem::invalid_field(name.to_owned(), "This must be encoded as forms are, in UTF-8."));
            };
            if all.0.len() == MOST {
                return Err(Problem::invalid_field(name, "This is one parameter too many."));
            }
            if all.0.iter().any(|(other, _)| *other == name) {
                return Err(Problem::invalid_field(name, "This parameter comes twice."));
            }
            all.0.push((name, value.into()));
        }
        Ok(all)
    }

    /// A value; empty counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value, after which it is there no more.
    pub fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1).filter(|value| !value.is_empty())
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// As above, naming a parameter that was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            Some((name, _)) => Err(Problem::invalid_field(name, "This call has no such parameter.")),
            None => Ok(()),
        }
    }
}

/// `text` with its `%xx` decoded; `None` where one is broken, or what comes out is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let is_whole = |at: usize| text.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let whole = text.match_indices('%').all(|(at, _)| is_whole(at));
    percent_decode_str(text).decode_utf8().ok().filter(|_| whole).map(Cow::into_owned)
}
