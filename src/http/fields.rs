//! The fields of a call: taken one by one by name and type, and none left over.

use std::{borrow::Cow, fmt};

use zeroize::Zeroizing;

use super::{
    Problem,
    json::{self, Field, Value},
};

/// The fields of a body that is a JSON object. Each is taken once; what is left at the end is unknown and refused.
pub struct Fields<'a> {
    left: Vec<Field<'a>>,
    known: &'static [&'static str],
}

/// Neither names nor values: one of them may be a code.
impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("left", &self.left.len()).finish()
    }
}

impl<'a> Fields<'a> {
    /// Reads the body of a call whose fields are `known`.
    ///
    /// # Errors
    /// 400 `malformed` unless it is one JSON object in UTF-8 without a name twice.
    pub fn parse(body: &'a [u8], known: &'static [&'static str]) -> Result<Self, Problem> {
        Self::of(json::read(body).map_err(Problem::malformed)?, known)
    }

    /// Reads the body of a call that needs none: there may be nothing, or what clients send for nothing (`null`, `[]`).
    ///
    /// # Errors
    /// As above, for anything else.
    pub fn parse_optional(body: &'a [u8], known: &'static [&'static str]) -> Result<Self, Problem> {
        if body.iter().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            return Ok(Self::inside(Vec::new(), known));
        }
        match json::read(body).map_err(Problem::malformed)? {
            Value::Null => Ok(Self::inside(Vec::new(), known)),
            Value::List(list) if list.is_empty() => Ok(Self::inside(Vec::new(), known)),
            value => Self::of(value, known),
        }
    }

    fn of(body: Value<'a>, known: &'static [&'static str]) -> Result<Self, Problem> {
        match body {
            Value::Object(left) => Ok(Self::inside(left, known)),
            _ => Err(Problem::malformed("The body is not a JSON object.")),
        }
    }

    /// What the fields say, as bytes: the same for bodies that differ in the order of their fields, in white space or
    /// escapes between and in them, or in whether a field that is `null` or as in `defaults` is there. Values are as sent.
    pub fn content(&self, defaults: &[(&str, Value<'_>)]) -> Zeroizing<Vec<u8>> {
        let said = |field: &&Field<'_>| {
            let Field { name, value } = field;
            *value != Value::Null && !defaults.iter().any(|(of, default)| of == name && default == value)
        };
        let mut content = Zeroizing::new(Vec::with_capacity(512));
        json::put_fields(&mut content, self.left.iter().filter(said).collect());
        content
    }

    /// The fields of an object inside a field.
    pub fn inside(left: Vec<Field<'a>>, known: &'static [&'static str]) -> Self {
        Self { left, known }
    }

    /// The value of a field of any type; `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let place = self.left.iter().position(|field| field.name == name)?;
        match self.left.swap_remove(place).value {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// Text.
    ///
    /// # Errors
    /// 422 `invalid_field` if it is something else; the same for the takes below.
    pub fn optional_text(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, Problem> {
        self.read(name, "This field must be text.", Some)
    }

    /// Text of 1 to `max` bytes.
    ///
    /// # Errors
    /// As above.
    pub fn measured_text(&mut self, name: &'static str, max: usize) -> Result<Option<Cow<'a, str>>, Problem> {
        self.optional_text(name)?.map(|text| measured(name, text, max)).transpose()
    }

    /// Text of 1 to `max` bytes once surrounding white space (as Unicode knows it) is removed.
    ///
    /// # Errors
    /// As above.
    pub fn trimmed_text(&mut self, name: &'static str, max: usize) -> Result<Option<Cow<'a, str>>, Problem> {
        let trimmed = self.optional_text(name)?.map(|text| text.trim().to_owned().into());
        trimmed.map(|text| measured(name, text, max)).transpose()
    }

    /// What `read` makes of text; `detail` says what that takes.
    ///
    /// # Errors
    /// As above.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        detail: &'static str,
        read: impl FnOnce(Cow<'a, str>) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let read = match self.take(name) {
            None => return Ok(None),
            Some(Value::Text(text)) => read(text),
            Some(_) => None,
        };
        read.map(Some).ok_or_else(|| Problem::invalid_field(name, detail))
    }

    /// One of two words: whether it is the first.
    ///
    /// # Errors
    /// As above.
    pub fn either(&mut self, name: &'static str, [one, other]: [&str; 2]) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Text(text)) if [one, other].contains(&&*text) => Ok(Some(text == one)),
            Some(_) => Err(Problem::invalid_field(name, format!("This field must be \"{one}\" or \"{other}\"."))),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// As above.
    pub fn optional_bool(&mut self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(Problem::invalid_field(name, "This field must be true or false.")),
        }
    }

    /// The refusal of a body in which a field that must be there is not: it names the one that is not known, if there is
    /// one, which is what the caller misspelt.
    pub fn missing(&self, name: &'static str) -> Problem {
        self.missing_because(name, "This field is required.")
    }

    /// The same in other words.
    pub fn missing_because(&self, name: &'static str, detail: impl Into<Cow<'static, str>>) -> Problem {
        match self.left.iter().find(|field| !self.known.contains(&&*field.name)) {
            Some(unknown) => unknown_field(unknown),
            None => Problem::invalid_field(name, detail),
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// 422 `invalid_field` naming a field that was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        self.left.first().map_or(Ok(()), |unknown| Err(unknown_field(unknown)))
    }
}

fn unknown_field(field: &Field<'_>) -> Problem {
    Problem::invalid_field(field.name.clone().into_owned(), "This call has no such field.")
}

fn measured<'a>(name: &'static str, text: Cow<'a, str>, max: usize) -> Result<Cow<'a, str>, Problem> {
    if text.is_empty() {
        Err(Problem::invalid_field(name, "This field must not be empty."))
    } else if text.len() > max {
        Err(Problem::invalid_field(name, format!("This field may have at most {max} bytes.")))
    } else {
        Ok(text)
    }
}
