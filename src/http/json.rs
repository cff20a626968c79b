//! JSON read strictly: what two parsers might read differently is refused.

use std::{borrow::Cow, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Deepest nesting that is read; the outermost object is level 1. No call needs more than two.
pub const DEEPEST: u8 = 8;

/// A JSON value. Text without escapes is borrowed from the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits, however it is written: `60`, `60.0` and `6e1` are one number to whoever sends JSON.
    Integer(i64),
    /// Any other number.
    Number,
    /// A string.
    Text(Cow<'a, str>),
    /// An array, whose members nobody needs.
    Array {
        /// Whether it has none.
        empty: bool,
    },
    /// An object, in the order in which it was sent; no name twice.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// U+FEFF in UTF-8 and in UTF-16 of either order, whose first two bytes begin UTF-32 as well: what Windows' tools put in
/// front of a text, and RFC 8259 §8.1 forbids.
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// Reads one value and nothing behind it.
///
/// # Errors
/// Why it is not acceptable, in words that repeat nothing of it.
pub fn read(body: &[u8]) -> Result<Value<'_>, &'static str> {
    if body.is_empty() {
        return Err("The body is empty.");
    }
    if BYTE_ORDER_MARKS.iter().any(|mark| body.starts_with(mark)) {
        return Err("The body begins with a byte order mark, which JSON must not have: send it as UTF-8 without one.");
    }
    let text = std::str::from_utf8(body).map_err(|_| "The body is not UTF-8.")?;
    let mut json = serde_json::Deserializer::from_str(text);
    let mut why = "The body is not JSON.";
    let value = Level { depth: 0, why: &mut why }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(_) => Err(why),
    }
}

/// Reads a value whose surroundings are `depth` levels deep; `why` is set before an error of ours is raised.
struct Level<'w> {
    depth: u8,
    why: &'w mut &'static str,
}

impl Level<'_> {
    fn deeper<E: de::Error>(&mut self) -> Result<Level<'_>, E> {
        if self.depth >= DEEPEST {
            return Err(self.refuse("The body is nested too deeply."));
        }
        Ok(Level { depth: self.depth + 1, why: self.why })
    }

    fn refuse<E: de::Error>(&mut self, why: &'static str) -> E {
        *self.why = why;
        E::custom(why)
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(value).map_or(Value::Number, Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(if value.fract() == 0.0 && value.abs() <= WHOLE { Value::Integer(value as i64) } else { Value::Number })
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut members: A) -> Result<Value<'de>, A::Error> {
        let below = self.deeper()?;
        let mut empty = true;
        while members.next_element_seed(Level { depth: below.depth, why: below.why })?.is_some() {
            empty = false;
        }
        Ok(Value::Array { empty })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value<'de>, A::Error> {
        let mut below = self.deeper()?;
        let mut read: Vec<(Cow<'de, str>, Value<'de>)> = Vec::with_capacity(8);
        while let Some(Name(name)) = members.next_key()? {
            // Compared after unescaping: "a" and "\u0061" are one name.
            if read.iter().any(|(other, _)| *other == name) {
                return Err(below.refuse("The body has the same field twice."));
            }
            if read.len() >= MOST {
                return Err(below.refuse("The body has too many fields."));
            }
            let value = members.next_value_seed(Level { depth: below.depth, why: below.why })?;
            read.push((name, value));
        }
        Ok(Value::Object(read))
    }
}

/// Up to here every whole number is a number of this kind, and none stands for its neighbours: 2⁵³.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Most fields of one object: keeps the search for duplicates short. The largest call has 9.
const MOST: usize = 64;

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> de::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        json.deserialize_str(Borrow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_text_is_borrowed() {
        let Ok(Value::Object(fields)) = read(br#" {"a":"x","b":"\u0041","c":[1,{"d":null}],"e":true,"f":-7,"g":1.5} "#)
        else {
            panic!("not read")
        };
        assert!(matches!(&fields[0].1, Value::Text(Cow::Borrowed("x"))));
        assert_eq!(fields[1].1, Value::Text("A".into()));
        assert_eq!(fields[2].1, Value::Array { empty: false });
        assert_eq!(fields[3].1, Value::Bool(true));
        assert_eq!(fields[4].1, Value::Integer(-7));
        assert_eq!(fields[5].1, Value::Number);
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (text, value) in [("60.0", 60), ("6e1", 60), ("-0.0", 0), ("9007199254740992.0", 1 << 53)] {
            assert_eq!(read(text.as_bytes()), Ok(Value::Integer(value)), "{text}");
        }
        for text in ["60.5", "1e16", "1e300", "18446744073709551615"] {
            assert_eq!(read(text.as_bytes()), Ok(Value::Number), "{text}");
        }
    }

    #[test]
    fn what_two_parsers_might_read_differently_is_refused() {
        for body in [
            &b""[..],
            b" ",
            b"{",
            b"nul",
            b"{} {}",
            b"{}x",
            b"{}\0",
            b"{,}",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{a:1}",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\xc0\xaf\"}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\\udc00x\"}",
            b"{\"\\ud800\":1}",
            b"{\"a\":\"\\x41\"}",
            b"{\"a\":\"\n\"}",
            b"{\"a\":01}",
            b"{\"a\":NaN}",
            b"{\"a\":1}//",
            b"{\"a\":[\"\\ud800\"]}",
        ] {
            assert!(read(body).is_err(), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn a_byte_order_mark_is_called_by_its_name() {
        for body in [&b"\xef\xbb\xbf{}"[..], b"\xef\xbb\xbf", b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}"] {
            assert!(read(body).unwrap_err().contains("byte order mark"), "{}", body.escape_ascii());
        }
        assert_eq!(read(b"\xef\xbb{}"), Err("The body is not UTF-8."));
    }

    #[test]
    fn a_name_twice_is_refused_wherever_it_is() {
        for body in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"b":1,"b":2}}"#, r#"{"x":[{"b":1,"b":2}]}"#]
        {
            assert_eq!(read(body.as_bytes()), Err("The body has the same field twice."), "{body}");
        }
        assert!(read(br#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn nesting_ends_at_eight() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(read(nested(8).as_bytes()).is_ok());
        assert_eq!(read(nested(9).as_bytes()), Err("The body is nested too deeply."));
        assert_eq!(read(format!("{{\"a\":{}}}", nested(8)).as_bytes()), Err("The body is nested too deeply."));
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
