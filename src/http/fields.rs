//! The fields of a call: taken one by one by name and type, and none left over.

use std::{borrow::Cow, fmt};

use super::{
    Problem,
    json::{self, Value},
};

/// The fields of a body that is a JSON object. Each is taken once; what is left at the end is unknown and refused.
pub struct Fields<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// Neither names nor values: one of them may be a code.
impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("left", &self.0.len()).finish()
    }
}

impl<'a> Fields<'a> {
    /// Reads the body of a call.
    ///
    /// # Errors
    /// 400 `malformed` unless it is one JSON object in UTF-8, without a name twice and at most 8 levels deep.
    pub fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        match json::read(body).map_err(Problem::malformed)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Problem::malformed("The body is not a JSON object.")),
        }
    }

    /// No fields, as in a call without a body.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The value of a field of any type; `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        match self.0.swap_remove(place).1 {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// Text of 1 to `max` bytes.
    ///
    /// # Errors
    /// 422 `invalid_field` if it is something else; the same for the takes below.
    pub fn optional_text(&mut self, name: &'static str, max: usize) -> Result<Option<Cow<'a, str>>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Text(text)) => measured(name, text, max).map(Some),
            Some(_) => Err(Problem::invalid_field(name, "This field must be text.")),
        }
    }

    /// Text of 1 to `max` bytes that must be there.
    ///
    /// # Errors
    /// As above, and if it is absent.
    pub fn required_text(&mut self, name: &'static str, max: usize) -> Result<Cow<'a, str>, Problem> {
        self.optional_text(name, max)?.ok_or_else(|| missing(name))
    }

    /// Text of 1 to `max` bytes once surrounding white space (as Unicode knows it) is removed, and that must be there.
    ///
    /// # Errors
    /// As above.
    pub fn required_trimmed(&mut self, name: &'static str, max: usize) -> Result<Cow<'a, str>, Problem> {
        match self.take(name) {
            None => Err(missing(name)),
            Some(Value::Text(Cow::Borrowed(text))) => measured(name, Cow::Borrowed(text.trim()), max),
            Some(Value::Text(Cow::Owned(text))) => measured(name, Cow::Owned(text.trim().to_owned()), max),
            Some(_) => Err(Problem::invalid_field(name, "This field must be text.")),
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

    /// A whole number from `range`.
    ///
    /// # Errors
    /// As above.
    pub fn optional_integer(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Integer(value)) if range.contains(&value) => Ok(Some(value)),
            Some(_) => {
                let detail = format!("This field must be a whole number from {} to {}.", range.start(), range.end());
                Err(Problem::invalid_field(name, detail))
            }
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// 422 `invalid_field` naming a field that was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        self.0.first().map_or(Ok(()), |(name, _)| Err(Problem::unknown_field(name)))
    }
}

fn missing(name: &'static str) -> Problem {
    Problem::invalid_field(name, "This field is required.")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::code::Code;

    fn fields(body: &str) -> Fields<'_> {
        Fields::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn only_an_object_has_fields() {
        for body in ["", "[]", "null", "1", "\"a\"", "{\"a\":1,\"a\":2}"] {
            assert_eq!(Fields::parse(body.as_bytes()).unwrap_err().code(), Code::Malformed, "{body}");
        }
        assert!(fields("{}").finish().is_ok());
    }

    #[test]
    fn fields_are_taken_by_type() {
        let mut f = fields(r#"{"s":" ann\u00a0","t":"x","b":false,"n":3,"o":null}"#);
        assert_eq!(f.required_trimmed("s", 3).unwrap(), "ann");
        assert_eq!(f.required_text("t", 1).unwrap(), "x");
        assert_eq!(f.optional_bool("b"), Ok(Some(false)));
        assert_eq!(f.optional_integer("n", 1..=3), Ok(Some(3)));
        assert_eq!(f.optional_text("o", 1), Ok(None));
        assert_eq!(f.optional_text("never sent", 1), Ok(None));
        assert!(f.finish().is_ok());
    }

    #[test]
    fn what_a_field_must_not_hold_is_refused_by_its_name_and_never_repeated() {
        for body in [r#"{"f":1}"#, r#"{"f":"hush!"}"#, r#"{"f":""}"#, r#"{"f":["hush"]}"#, "{}", r#"{"f":null}"#] {
            let problem = fields(body).required_text("f", 4).unwrap_err();
            assert_eq!((problem.code(), problem.field()), (Code::InvalidField, Some("f")), "{body}");
            assert!(!format!("{problem:?}").contains("hush"));
        }
        assert!(fields(r#"{"f":"  "}"#).required_trimmed("f", 4).is_err());
        assert!(fields(r#"{"f":"true"}"#).optional_bool("f").is_err());
        assert!(fields(r#"{"f":4}"#).optional_integer("f", 1..=3).is_err());
        assert!(fields(r#"{"f":1.5}"#).optional_integer("f", 1..=3).is_err());
    }

    #[test]
    fn a_field_that_nobody_took_is_named_but_not_at_any_length() {
        assert_eq!(fields(r#"{"sbject":"x"}"#).finish().unwrap_err().field(), Some("sbject"));
        let long = format!("{{\"{}\":1}}", "é".repeat(100));
        assert_eq!(fields(&long).finish().unwrap_err().field(), Some("é".repeat(64).as_str()));
    }
}
