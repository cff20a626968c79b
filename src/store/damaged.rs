//! Values in Redis that no version of this software writes: their users get 503, and the log names each once.

use std::{
    collections::HashSet,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use redis::{RedisError, Value};

use super::{Store, connection::Connection, functions::TYPED, key::touched};
use crate::{event::Bucket, metrics::Metrics};

/// What Redis says of a key of another type.
const WRONG_TYPE: &str = "WRONGTYPE";
/// So many are named; more are no accident, and were told of by then.
const MOST: usize = 1000;

/// The keys that were named.
#[derive(Debug)]
pub(super) struct Damaged {
    named: Mutex<HashSet<Vec<u8>>>,
    metrics: Arc<Metrics>,
}

impl Damaged {
    /// None is named yet.
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { named: Mutex::default(), metrics }
    }

    /// Names the key in the log that a function could not read, if that is why it failed.
    ///
    /// `lua/lib/register.lua` says the key's kind behind `OTPRECORD` (it cannot be read) or `OTPVERSION` (a newer version wrote
    /// it); a wrong type of a key that belongs to the bucket as a whole is Redis's own `WRONGTYPE`.
    pub(super) fn note(&self, bucket: Bucket, keys: &[Vec<u8>], error: &RedisError) {
        let kind = match error.detail().and_then(|detail| detail.split(' ').next()) {
            Some("record") => "s:",
            Some("network") => "i:",
            Some("history") => "h:",
            of_bucket => of_bucket.unwrap_or_default(),
        };
        let code = error.code().unwrap_or_default();
        let key = match code {
            "OTPRECORD" | "OTPVERSION" => {
                let of_kind = |key: &Vec<u8>| key.get(HEAD..).is_some_and(|rest| rest.starts_with(kind.as_bytes()));
                touched(bucket, keys).into_iter().find(of_kind)
            }
            WRONG_TYPE => None,
            // What Lua itself stumbles over stands, as a rule, in the record.
            "ERR" if error.detail().is_some_and(|detail| detail.contains("user_function")) => keys.first().cloned(),
            _ => return,
        };
        self.name_key(bucket, key, code);
    }

    fn name_key(&self, bucket: Bucket, key: Option<Vec<u8>>, code: &str) {
        let name = key.unwrap_or_else(|| format!("a key of bucket {}", bucket.number()).into_bytes());
        self.name(bucket, &name, code);
    }

    /// Names a key in the log, once.
    pub(super) fn name(&self, bucket: Bucket, name: &[u8], code: &str) {
        self.metrics.unreadable.inc();
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= MOST || !named.insert(name.to_owned()) {
            return;
        }
        let (bucket, key) = (bucket.number(), shown(name));
        tracing::error!(bucket, key, code, "a value in Redis cannot be read; calls that need it are answered 503");
    }
}

impl Store {
    /// Names the key that a function could not read, if that is why it failed; one of a wrong type is looked for.
    pub(super) async fn note_unreadable(
        &self,
        connection: &Connection,
        bucket: Bucket,
        keys: &[Vec<u8>],
        error: &RedisError,
    ) {
        if error.code() != Some(WRONG_TYPE) || keys.is_empty() {
            return self.damaged.note(bucket, keys, error);
        }
        let mut keys = touched(bucket, keys);
        let asked = self.run(&mut connection.redis(), &self.fcall(&TYPED, bucket, &keys), false).await;
        let place = match asked {
            Ok(Value::Int(place)) => usize::try_from(place.saturating_sub(1)).ok().filter(|place| *place < keys.len()),
            _ => None,
        };
        self.damaged.name_key(bucket, place.map(|place| keys.swap_remove(place)), WRONG_TYPE);
    }

    /// Names a value in the log, once, that a caller could not read, and counts it.
    pub fn name_unreadable(&self, bucket: Bucket, key: &[u8]) {
        self.damaged.name(bucket, key, "OTPRECORD");
    }
}

/// A key as an operator can look for it: the reference at its end in hex.
fn shown(key: &[u8]) -> String {
    let text = key.iter().take_while(|byte| byte.is_ascii_graphic() || **byte == b' ').count();
    let head = if text == key.len() { text } else { text.min(HEAD + KIND) };
    let (head, rest) = key.split_at(head);
    let mut shown = String::from_utf8_lossy(head).into_owned();
    for byte in rest {
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}

/// `otp:{tag}:`, and `s:` behind it.
const HEAD: usize = 10;
const KIND: usize = 2;
