//! The parameters in a request's target: taken one by one by name, and none left over.

use std::{borrow::Cow, ops::RangeInclusive};

use super::Problem;

/// The parameters of a call. Each is taken once; what is left at the end is unknown and refused.
#[derive(Debug)]
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads what stands behind the `?`, as forms are encoded: `%xx`, `+` for a space.
    ///
    /// # Errors
    /// 422 `invalid_field` naming a parameter that comes twice.
    pub fn parse(query: Option<&'a str>) -> Result<Self, Problem> {
        let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
        let twice =
            pairs.iter().enumerate().find(|(n, (name, _))| pairs.iter().take(*n).any(|(other, _)| other == name));
        match twice {
            Some((_, (name, _))) => {
                Err(Problem::invalid_field(name.clone().into_owned(), "This parameter comes twice."))
            }
            None => Ok(Self(pairs)),
        }
    }

    /// A value as it stands; empty counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1).filter(|value| !value.is_empty())
    }

    /// A whole number from `range`.
    ///
    /// # Errors
    /// 422 `invalid_field` if it is something else.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
        let Some(text) = self.take(name) else { return Ok(None) };
        // `str::parse` would also take a sign.
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse().ok().filter(|number| digits && range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let detail = format!("This must be a whole number from {} to {}.", range.start(), range.end());
                Err(Problem::invalid_field(name, detail))
            }
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// 422 `invalid_field` naming a parameter that was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            Some((name, _)) => Err(Problem::invalid_field(name.into_owned(), "This call has no such parameter.")),
            None => Ok(()),
        }
    }
}
