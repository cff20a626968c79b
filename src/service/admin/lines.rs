//! Lines of events as operators see them: with the personal fields opened that the trail has sealed.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{Service, ServiceError};
use crate::{
    audit::personal,
    event::{Kind, NOBODY},
    secret::{AuditKey, Person, Reference, who::Known},
    store::lines::{Line, Mark},
};

/// A line of an event, read.
#[derive(Debug)]
pub(super) struct Told {
    pub mark: Mark,
    /// The event's fields, without the sealed ones.
    pub fields: Map<String, Value>,
    sealed: Option<String>,
    pub subject: Reference,
}

impl Told {
    /// Reads a line; `None` for what is none.
    pub(super) fn read(line: &Line) -> Option<Self> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(&line.text) else { return None };
        Some(Self::of(line.mark, fields))
    }

    fn of(mark: Mark, mut fields: Map<String, Value>) -> Self {
        let sealed = match fields.remove("sealed") {
            Some(Value::String(sealed)) => Some(sealed),
            _ => None,
        };
        let subject = fields.get("subject_ref").and_then(Value::as_str).and_then(Reference::read).unwrap_or(NOBODY);
        Self { mark, fields, sealed, subject }
    }

    /// A field that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// A field that is a number; 0 where it is absent.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.fields.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// What names an event, however often it was written.
    pub(super) fn identity(&self) -> (u64, u64, u64) {
        (self.number("bucket"), self.number("epoch"), self.number("seq"))
    }

    fn open(&self, key: &AuditKey, person: Option<&Person>) -> Option<Known> {
        let (bucket, epoch, seq) = self.identity();
        let identity = (u8::try_from(bucket).ok()?, epoch, seq);
        let erases = self.text("type") == Some(Kind::AdminErase.label());
        personal::open(key, person, identity, self.number("time_ms"), erases, self.sealed.as_deref()?)
    }
}

impl Service {
    /// Opens what is sealed in events of the trail, in their order, as it is opened for operators.
    ///
    /// # Errors
    /// [`ServiceError`], where the store cannot be asked.
    pub async fn open_events(&self, events: Vec<Map<String, Value>>) -> Result<Vec<Map<String, Value>>, ServiceError> {
        let mark = Mark { at: 0, stream: (0, 0), n: 0, line: 0 };
        let mut lines = events.into_iter().map(|event| Told::of(mark, event)).collect();
        self.open_lines(&mut lines).await?;
        Ok(lines.into_iter().map(|line| line.fields).collect())
    }

    /// Opens what is sealed in these lines, as far as it was not erased: each then has a field `who`, and in it the name of
    /// who was locked even where the call did not give it.
    pub(super) async fn open_lines(&self, lines: &mut Vec<Told>) -> Result<(), ServiceError> {
        let persons = self.persons(lines.iter().map(|line| line.subject)).await?;
        let (sealed, key) = (std::mem::take(lines), Arc::clone(&self.audit));
        let open = move || {
            let known = |line: &Told| line.open(&key, persons.get(&line.subject));
            let opened: Vec<Known> = sealed.iter().map(|line| known(line).unwrap_or_default()).collect();
            (sealed, opened)
        };
        let (mut told, opened) = aside(open).await?;
        let nameless =
            told.iter().zip(&opened).filter(|(line, known)| known.subject.is_none() && line.subject != NOBODY);
        let names = self.names(nameless.map(|(line, _)| line.subject)).await?;
        let name = move || {
            for (line, mut known) in told.iter_mut().zip(opened) {
                if known.subject.is_none() {
                    known.subject = names.get(&line.subject).map(|name| name.subject.clone());
                }
                if let Ok(Value::Object(who)) = serde_json::to_value(&known)
                    && !who.is_empty()
                {
                    line.fields.insert("who".into(), Value::Object(who));
                }
            }
            told
        };
        *lines = aside(name).await?;
        Ok(())
    }
}

/// Those that are wanted, sorted by where they stand, each event once: a line that was written again after a crash says the
/// same.
pub(super) async fn in_order(
    lines: Vec<Line>,
    wanted: impl Fn(&Told) -> bool + Send + 'static,
) -> Result<Vec<Told>, ServiceError> {
    let read = move || {
        let mut told: Vec<Told> = lines.iter().filter_map(Told::read).filter(wanted).collect();
        told.sort_by_key(|told| (told.identity(), told.mark));
        told.dedup_by_key(|told| told.identity());
        told.sort_by_key(|told| told.mark);
        told
    };
    aside(read).await
}

/// Does some work elsewhere: thousands of lines would keep everybody else's calls waiting here.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ServiceError::Internal)
}

/// A mark as callers carry it about.
pub fn cursor(mark: &Mark) -> String {
    let (bucket, stream) = mark.stream;
    let bytes =
        [&mark.at.to_be_bytes()[..], &[bucket, stream], &mark.n.to_be_bytes(), &mark.line.to_be_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what a cursor says; `None` for anything else.
pub fn mark(cursor: &str) -> Option<Mark> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (at, rest) = bytes.split_first_chunk::<8>()?;
    let (&[bucket, stream], rest) = rest.split_first_chunk::<2>()?;
    let (n, line) = rest.split_first_chunk::<8>()?;
    let (at, n, line) = (u64::from_be_bytes(*at), u64::from_be_bytes(*n), u16::from_be_bytes(line.try_into().ok()?));
    Some(Mark { at, stream: (bucket, stream), n, line })
}
