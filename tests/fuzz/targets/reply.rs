//! Answers of scripts: any value that Redis can send is read or refused.

use otp_sidecar::store::fuzzing::read_reply;
use redis::Value;

use super::{Try, choice::Choice};

/// Redis nests no deeper than its scripts do; the reader takes two levels.
const DEEPEST: u8 = 4;

pub fn start() -> Try {
    Box::new(|data| {
        let mut choice = Choice(data);
        let value = drawn(&mut choice, 0);
        let read = read_reply(&value);
        if !matches!(value, Value::Array(_) | Value::BulkString(_) | Value::Int(_)) {
            assert_eq!(read, [false; 6], "only lists, strings and numbers are answers");
        }
    })
}

fn drawn(choice: &mut Choice<'_>, depth: u8) -> Value {
    match choice.below(12) {
        0..=5 if depth == 0 => array(choice, depth),
        0..=3 => Value::Int(i64::from(choice.byte())),
        4 => Value::Int(number(choice)),
        5 | 6 => Value::BulkString(choice.piece().to_vec()),
        7 => Value::BulkString(vec![choice.byte(); 12]),
        8 => Value::Nil,
        9 => Value::Okay,
        10 => Value::SimpleString(String::from_utf8_lossy(choice.piece()).into_owned()),
        _ if depth < DEEPEST => array(choice, depth),
        _ => Value::Boolean(true),
    }
}

fn array(choice: &mut Choice<'_>, depth: u8) -> Value {
    let mut items = Vec::new();
    while !choice.is_empty() && items.len() < 24 {
        items.push(drawn(choice, depth + 1));
    }
    Value::Array(items)
}

fn number(choice: &mut Choice<'_>) -> i64 {
    let bytes: [u8; 8] = std::array::from_fn(|_| choice.byte());
    i64::from_be_bytes(bytes)
}
