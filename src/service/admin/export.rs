//! Export: all that is held of one person, and nothing of anybody else.

use std::{
    iter::Peekable,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Operator, Service, ServiceError,
    inspect::{Inspect, Inspection},
    lines::{Told, aside},
};
use crate::{
    audit::search::{self, Found, Place},
    event::{Bucket, Kind, NOBODY},
    secret::{Reference, Who},
    store::lines::{Line, Mark},
};

/// Events of one person that are taken out; whoever has more is no person.
const MOST: usize = 100_000;

/// Events that are read and opened at a time: some 100 KB.
const BATCH: usize = 100;

/// How long an export waits for events to be written out: a hundred times what that takes, and no longer than one who
/// asks waits.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// All that is held of a person.
#[derive(Debug)]
pub struct Export {
    /// What the store holds, without events.
    pub inspection: Inspection,
    /// All there are, of this sidecar's trails and of the last day from all of them.
    pub events: Events,
}

/// The events of an export, to be taken batch by batch. While this is kept, nothing else is exported.
#[derive(Debug)]
pub struct Events {
    service: Arc<Service>,
    subject: Reference,
    left: Peekable<std::vec::IntoIter<Source>>,
    /// Whether these are all: `false` where there are more than are taken out at once, some are not written out yet, there
    /// is no trail, or one cannot be read.
    pub complete: bool,
    _turn: OwnedSemaphorePermit,
}

/// Where an event is to be had from.
#[derive(Debug)]
enum Source {
    Trail(Place),
    /// From the store, as it is shown already.
    Recent(Map<String, Value>),
}

impl Service {
    /// Begins to take out what is held of a person. `trails` is the directory of this sidecar's trails, `None` where it has
    /// none. Takes as long as it takes to look through them.
    ///
    /// # Errors
    /// [`ServiceError`]; [`ServiceError::Exporting`] while another export goes on.
    pub async fn export(
        self: &Arc<Self>,
        operator: Operator<'_>,
        call: &Inspect,
        trails: Option<Arc<PathBuf>>,
        reason: Option<&str>,
    ) -> Result<Export, ServiceError> {
        let turn = Arc::clone(&self.exporting).try_acquire_owned().map_err(|_| ServiceError::Exporting)?;
        let reference = self.reference(&call.whom);
        // Not whom by name: who was erased would be known again.
        let who = Who { reason, ..Who::default() };
        // A reason would make somebody of whom nobody ever saw.
        let about = if self.was_seen(&reference).await? { reference } else { NOBODY };
        let context = self.act(operator, &about, call.whom.tenant(), None, who);
        self.store.record_read_access(&about, Kind::AdminExport, &context).await?;
        let written = self.written_out(Bucket::of(&reference)).await?;
        let mut inspection = self.inspection(call, MOST).await?;
        // The turn goes along: whoever asks in vain, and goes away, leaves the search behind.
        let search = move || {
            let nothing = || Found { more: true, ..Found::default() };
            let found = trails.map(|root| search::find(&root, &reference, MOST)).transpose();
            let found = found.inspect_err(unreadable).ok().flatten();
            (found.unwrap_or_else(nothing), turn)
        };
        let (found, turn) = aside(search).await?;
        let mut left: Vec<Source> = found.places.into_iter().map(Source::Trail).collect();
        left.extend(inspection.events.take().into_iter().flatten().map(Source::Recent));
        // What was before an erasure is nobody's any more.
        let erased = self.persons([reference]).await?.get(&reference).map_or(0, |person| person.erased);
        let told = |source: &Source| source.time_ms() > erased || (source.erases() && source.time_ms() == erased);
        // What is about nobody in particular is no person's data.
        left.retain(|source| reference != NOBODY && told(source));
        left.sort_by_key(Source::identity);
        left.dedup_by_key(|source| source.identity());
        left.sort_by_key(Source::time_ms);
        let (service, left, complete) = (Arc::clone(self), left.into_iter().peekable(), written && !found.more);
        Ok(Export { inspection, events: Events { service, subject: reference, left, complete, _turn: turn } })
    }
}

impl Service {
    /// Waits until what a bucket holds for the trail is there; answers whether it is.
    async fn written_out(&self, bucket: Bucket) -> Result<bool, ServiceError> {
        let began = Instant::now();
        let Some((_, newest)) = self.store.waiting(bucket).await? else { return Ok(true) };
        while self.store.waiting(bucket).await?.is_some_and(|(oldest, _)| oldest <= newest) {
            if began.elapsed() >= WRITTEN_WITHIN {
                return Ok(false);
            }
            tokio::time::sleep(LOOKED_EVERY).await;
        }
        Ok(true)
    }
}

fn unreadable(error: &std::io::Error) {
    tracing::error!(%error, "a trail cannot be read");
}

impl Events {
    /// The next batch in the order of time, as events are shown; `None` at the end.
    ///
    /// # Errors
    /// [`ServiceError`]: names cannot be looked up.
    pub async fn next(&mut self) -> Result<Option<Vec<Map<String, Value>>>, ServiceError> {
        if let Some(Source::Recent(event)) = self.left.next_if(|source| matches!(source, Source::Recent(_))) {
            return Ok(Some(vec![event]));
        }
        let mut places = Vec::new();
        while places.len() < BATCH
            && let Some(Source::Trail(place)) = self.left.next_if(|source| matches!(source, Source::Trail(_)))
        {
            places.push(place);
        }
        if places.is_empty() {
            return Ok(None);
        }
        let subject = self.subject;
        let read = move || {
            let mut failed = None;
            let events = places.iter().filter_map(|place| {
                search::read(&subject, place).unwrap_or_else(|error| {
                    failed = Some(error);
                    None
                })
            });
            let mark = Mark { at: 0, stream: (0, 0), n: 0, line: 0 };
            let line = |event| Line { mark, text: Value::Object(event).to_string().into_bytes() };
            let told: Vec<Told> = events.filter_map(|event| Told::read(&line(event))).collect();
            (told, failed)
        };
        let (mut told, failed) = aside(read).await?;
        if let Some(error) = failed {
            unreadable(&error);
            self.complete = false;
        }
        self.service.open_lines(&mut told).await?;
        Ok(Some(told.into_iter().map(|told| told.fields).collect()))
    }
}

impl Source {
    /// What names an event of one subject: all of them have one bucket.
    fn identity(&self) -> (u64, u64) {
        match self {
            Self::Trail(place) => (place.epoch, place.seq),
            Self::Recent(event) => (number(event, "epoch"), number(event, "seq")),
        }
    }

    fn erases(&self) -> bool {
        match self {
            Self::Trail(place) => place.erases,
            Self::Recent(event) => event.get("type").is_some_and(|kind| kind == Kind::AdminErase.label()),
        }
    }

    fn time_ms(&self) -> u64 {
        match self {
            Self::Trail(place) => place.time_ms,
            Self::Recent(event) => number(event, "time_ms"),
        }
    }
}

fn number(event: &Map<String, Value>, name: &str) -> u64 {
    event.get(name).and_then(Value::as_u64).unwrap_or(0)
}
