//! The fields of a call: taken one by one by name and type, and none left over.

use std::{borrow::Cow, fmt};

use zeroize::Zeroizing;

use super::{
    Problem,
    json::{self, Body, Field, Value},
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
        match json::read(body).map_err(Problem::malformed)? {
            Body::Object(left) => Ok(Self { left, known }),
            _ => Err(Problem::malformed("The body is not a JSON object.")),
        }
    }

    /// Reads the body of a call that needs none: there may be nothing, or what clients send for nothing (`null`, `[]`).
    ///
    /// # Errors
    /// As above, for anything else.
    pub fn parse_optional(body: &'a [u8], known: &'static [&'static str]) -> Result<Self, Problem> {
        let none = Self { left: Vec::new(), known };
        if body.iter().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            return Ok(none);
        }
        match json::read(body).map_err(Problem::malformed)? {
            Body::Object(left) => Ok(Self { left, ..none }),
            Body::Nothing => Ok(none),
            Body::Other => Err(Problem::malformed("The body is not a JSON object.")),
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
        self.optional_text(name, max)?.ok_or_else(|| self.missing(name))
    }

    /// Text of 1 to `max` bytes once surrounding white space (as Unicode knows it) is removed, and that must be there.
    ///
    /// # Errors
    /// As above.
    pub fn required_trimmed(&mut self, name: &'static str, max: usize) -> Result<Cow<'a, str>, Problem> {
        match self.take(name) {
            None => Err(self.missing(name)),
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

    /// The refusal of a body in which a field that must be there is not: it names the one that is not known, if there is
    /// one, which is what the caller misspelt.
    pub fn missing(&self, name: &'static str) -> Problem {
        self.missing_because(name, "This field is required.")
    }

    /// The same in other words.
    pub fn missing_because(&self, name: &'static str, detail: &'static str) -> Problem {
        match self.left.iter().find(|field| !self.known.contains(&&*field.name)) {
            Some(unknown) => Problem::unknown_field(&unknown.name),
            None => Problem::invalid_field(name, detail),
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// 422 `invalid_field` naming a field that was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        self.left.first().map_or(Ok(()), |unknown| Err(Problem::unknown_field(&unknown.name)))
    }
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
        Fields::parse(body.as_bytes(), &["f", "s"]).unwrap()
    }

    #[test]
    fn only_an_object_has_fields() {
        for body in ["", "[]", "null", "1", "\"a\"", "{\"a\":1,\"a\":2}"] {
            assert_eq!(Fields::parse(body.as_bytes(), &[]).unwrap_err().code(), Code::Malformed, "{body}");
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
    fn what_needs_no_body_takes_what_stands_for_none() {
        let parsed = |body: &str| Fields::parse_optional(body.as_bytes(), &["f"]).and_then(Fields::finish);
        for none in ["", " \r\n\t", "null", " null ", "{}", "[]", "[ ]"] {
            assert_eq!(parsed(none), Ok(()), "{none:?}");
        }
        for wrong in ["[null]", "[{}]", "0", "false", "\"\"", "{", "nul", "null null", "\u{feff}"] {
            assert_eq!(parsed(wrong).unwrap_err().code(), Code::Malformed, "{wrong:?}");
        }
        assert_eq!(parsed(r#"{"x":null}"#).unwrap_err().field(), Some("x"));
    }

    #[test]
    fn an_unknown_field_is_named_before_a_missing_one() {
        let missing = |body: &str| fields(body).required_text("f", 4).unwrap_err().field().map(str::to_owned);
        assert_eq!(missing(r#"{"s":1,"F":1}"#).as_deref(), Some("F"));
        assert_eq!(missing(r#"{"f":null,"x":null}"#).as_deref(), Some("x"));
        assert_eq!(missing(r#"{"s":1}"#).as_deref(), Some("f"));
        assert_eq!(fields(r#"{"x":1}"#).required_trimmed("f", 4).unwrap_err().field(), Some("x"));
    }

    #[test]
    fn content_is_what_the_fields_say() {
        let content = |body: &str| {
            let defaults = [("s", Value::Text("x".into())), ("b", Value::Bool(true))];
            fields(body).content(&defaults)
        };
        let one = content(r#"{"f":"a","n":60}"#);
        for same in [
            r#"{"n":60,"f":"a"}"#,
            "{ \"f\" :\n\"a\", \"n\":60.0 }",
            r#"{"\u0066":"\u0061","n":6e1}"#,
            r#"{"f":"a","n":60,"s":"x","b":true,"o":null}"#,
        ] {
            assert_eq!(content(same), one, "{same}");
        }
        for other in [
            "{}",
            r#"{"f":"a"}"#,
            r#"{"f":" a","n":60}"#,
            r#"{"f":"A","n":60}"#,
            r#"{"f":"a","n":"60"}"#,
            r#"{"f":"a","n":61}"#,
            r#"{"f":"a","n":60,"s":"y"}"#,
            r#"{"f":"a","n":60,"s":""}"#,
            r#"{"f":"a","n":60,"b":false}"#,
            r#"{"n":"a","f":60}"#,
        ] {
            assert_ne!(content(other), one, "{other}");
        }
    }

    #[test]
    fn a_field_that_nobody_took_is_named_but_not_at_any_length() {
        assert_eq!(fields(r#"{"sbject":"x"}"#).finish().unwrap_err().field(), Some("sbject"));
        let long = format!("{{\"{}\":1}}", "é".repeat(100));
        assert_eq!(fields(&long).finish().unwrap_err().field(), Some("é".repeat(64).as_str()));
    }
}
