//! Events: the newest of them, over all sidecars.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

pub use super::lines::mark;
use super::{
    Operator, Service, ServiceError,
    lines::{cursor, in_order},
};
use crate::{
    event::{Bucket, Kind},
    secret::Reference,
    store::{
        key::{OfBucket, RECENT, REMEMBERED},
        lines::{Line, Mark, STREAMS},
    },
};

/// The newest lines of a stream that are looked through for those of one type or subject.
const LOOKED_THROUGH: usize = 2 * RECENT as usize;
/// Whoever follows is told of whole stretches of time, ms.
const FOLLOWED_BY: u64 = 1000;
/// How far back the newest are looked for at first, ms: in a flood they are there, and a command or two reads them.
const LATELY: [u64; 2] = [500, 3000];
/// More lines than any stream has, though each is cut now and then only.
const ALL: usize = 2 * REMEMBERED as usize;

/// The answer: some events, as the trail has them, with personal fields opened.
#[derive(Debug, Serialize)]
pub struct EventsPage {
    /// In the order in which they were written out.
    events: Vec<Map<String, Value>>,
    /// Behind which to go on.
    next_cursor: String,
}

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Only those behind this mark, the next ones; without it the newest.
    pub after: Option<Mark>,
    /// Only of these types; all if there is none.
    pub kinds: Vec<Kind>,
    /// At most so many.
    pub most: usize,
}

impl Service {
    /// Events that are kept for whoever looks, as they were within the last second.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn events(&self, operator: Operator<'_>, wanted: &Wanted) -> Result<Arc<EventsPage>, ServiceError> {
        self.look(operator, Kind::AdminEvents).await?;
        self.reads.events.get(wanted.clone(), self.read_events(wanted)).await
    }

    async fn read_events(&self, wanted: &Wanted) -> Result<EventsPage, ServiceError> {
        // What lies before this moment never grows.
        let mut until = self.store.now().await?;
        if let Some(mark) = wanted.after {
            // All who follow come to the same mark, and so are told from one read.
            until = (until / FOLLOWED_BY * FOLLOWED_BY).max(mark.at.saturating_add(1));
        }
        let kinds = streams_of(&wanted.kinds);
        let streams: Vec<_> = Bucket::all().flat_map(|bucket| kinds.iter().map(move |kind| (bucket, *kind))).collect();
        let sorted = |lines: Vec<Line>| {
            let kinds = wanted.kinds.clone();
            in_order(lines, move |told| {
                let kind = told.text("type").and_then(Kind::from_label);
                kinds.is_empty() || kind.is_some_and(|kind| kinds.contains(&kind))
            })
        };
        let mut told = Vec::new();
        if let Some(mark) = wanted.after {
            // One more than asked for, so that no stream has any left between those that are read and the next.
            let most = if wanted.kinds.is_empty() { wanted.most + 1 } else { ALL };
            told = sorted(self.store.lines_behind(&streams, mark, until, most).await?).await?;
        } else {
            for lately in LATELY {
                if told.len() < wanted.most {
                    let mark = Mark::end_of(until.saturating_sub(lately));
                    told = sorted(self.store.lines_behind(&streams, mark, until, ALL).await?).await?;
                }
            }
            if told.len() < wanted.most {
                let lines = match wanted.kinds[..] {
                    [] => self.store.newest_of_all(&streams, until, wanted.most).await?,
                    _ => self.store.newest_lines(&streams, until, LOOKED_THROUGH.max(wanted.most)).await?,
                };
                told = sorted(lines).await?;
            }
        }
        let over = told.len().saturating_sub(wanted.most);
        let mut next = Mark::end_of(until.saturating_sub(1));
        if wanted.after.is_some() && over > 0 {
            told.truncate(wanted.most);
            next = told.last().map_or(next, |last| last.mark);
        } else {
            told.drain(..over);
        }
        self.open_lines(&mut told).await?;
        Ok(EventsPage { events: told.into_iter().map(|told| told.fields).collect(), next_cursor: cursor(&next) })
    }

    /// The newest events of one subject, and at most so many, out of its own bucket; but for looks at it, which would soon be
    /// all that is seen.
    pub(super) async fn events_of(
        &self,
        subject: &Reference,
        most: usize,
    ) -> Result<Vec<Map<String, Value>>, ServiceError> {
        let until = self.store.now().await?;
        let streams: Vec<_> = STREAMS.iter().map(|stream| (Bucket::of(subject), *stream)).collect();
        let lines = self.store.newest_lines(&streams, until, LOOKED_THROUGH).await?;
        let (subject, looks) = (*subject, Some(Kind::AdminInspect.label()));
        let mut told = in_order(lines, move |told| told.subject == subject && told.text("type") != looks).await?;
        let over = told.len().saturating_sub(most);
        told.drain(..over);
        self.open_lines(&mut told).await?;
        Ok(told.into_iter().map(|told| told.fields).collect())
    }
}

/// The streams in which events of these kinds are.
fn streams_of(kinds: &[Kind]) -> Vec<OfBucket> {
    let of = |kind: &Kind| match kind {
        Kind::Lockout | Kind::Disable => OfBucket::Lockouts,
        kind if kind.is_act() => OfBucket::Acts,
        _ => OfBucket::Recent,
    };
    let wanted: Vec<OfBucket> = kinds.iter().map(of).collect();
    STREAMS.into_iter().filter(|stream| kinds.is_empty() || wanted.contains(stream)).collect()
}
