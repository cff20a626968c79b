//! JSON read strictly: what two parsers might read differently is refused.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, SeqAccess, Visitor},
};

/// A member of an object. Text without escapes is borrowed from the body, here and in its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<'a> {
    /// Its name, unescaped.
    pub name: Cow<'a, str>,
    /// What it holds.
    pub value: Value<'a>,
}

/// What a field may hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits, however it is written: `60`, `60.0` and `6e1` are one number to whoever sends JSON.
    Integer(i64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array of at most 64 values.
    List(Vec<Value<'a>>),
    /// An object of at most 64 fields in the order in which they were sent, no name twice.
    Object(Vec<Field<'a>>),
    /// An object that has a name twice, compared after unescaping: `a` and `\u0061` are one.
    Twice,
    /// An array or object of more.
    TooLong,
    /// Any other number: nothing that a call takes.
    Other,
}

/// U+FEFF in UTF-8 and in UTF-16 of either order, whose first two bytes begin UTF-32 as well: what Windows' tools put in
/// front of a text, and RFC 8259 §8.1 forbids.
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
/// Up to here every whole number is a number of this kind, and none stands for its neighbours: 2⁵³.
const WHOLE: f64 = 9_007_199_254_740_992.0;
/// Most members of a list or an object: keeps the search for duplicates short. The largest call has 13.
const MOST: usize = 64;

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
    match serde_json::from_str(text).map_err(|_| "The body is not JSON.")? {
        Value::Twice => Err("The body has the same field twice."),
        Value::TooLong => Err("The body has too many fields."),
        value => Ok(value),
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Held)
    }
}

struct Held;

impl<'de> Visitor<'de> for Held {
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
        Ok(i64::try_from(value).map_or(Value::Other, Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(if value.fract() == 0.0 && value.abs() <= WHOLE { Value::Integer(value as i64) } else { Value::Other })
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let (mut list, mut fits) = (Vec::new(), true);
        while let Some(value) = members.next_element()? {
            fits &= list.len() < MOST;
            list.extend(Some(value).filter(|_| fits));
        }
        Ok(if fits { Value::List(list) } else { Value::TooLong })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let (mut fields, mut wrong): (Vec<Field<'de>>, _) = (Vec::with_capacity(8), None);
        while let Some(Name { name }) = members.next_key()? {
            let value = members.next_value()?;
            if fields.iter().any(|other| other.name == name) {
                wrong = Some(Value::Twice);
            } else if fields.len() >= MOST {
                wrong = wrong.or(Some(Value::TooLong));
            } else {
                fields.push(Field { name, value });
            }
        }
        Ok(wrong.unwrap_or(Value::Object(fields)))
    }
}

/// A part with its kind and its length before it, so that no two lists of parts give the same bytes.
fn put(content: &mut Vec<u8>, kind: u8, part: &[u8]) {
    content.push(kind);
    content.extend_from_slice(&(part.len() as u64).to_be_bytes());
    content.extend_from_slice(part);
}

fn put_value(content: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Text(text) => put(content, b't', text.as_bytes()),
        Value::Bool(value) => put(content, b'b', &[u8::from(*value)]),
        Value::Integer(value) => put(content, b'i', &value.to_be_bytes()),
        Value::List(values) => {
            put(content, b'l', &values.len().to_be_bytes());
            values.iter().for_each(|value| put_value(content, value));
        }
        Value::Object(fields) => {
            put(content, b'o', &fields.len().to_be_bytes());
            put_fields(content, fields.iter().collect());
        }
        // No call that can be repeated takes one: it is refused before anything is compared.
        Value::Null | Value::Twice | Value::TooLong | Value::Other => put(content, b'?', &[]),
    }
}

/// Writes what fields say, in the order of their names.
pub(super) fn put_fields(content: &mut Vec<u8>, mut fields: Vec<&Field<'_>>) {
    fields.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    for Field { name, value } in fields {
        put(content, b'n', name.as_bytes());
        put_value(content, value);
    }
}
