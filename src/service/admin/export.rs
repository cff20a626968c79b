//! Export: all that is held of one person, and nothing of anybody else.

use std::{path::PathBuf, sync::Arc};

use serde_json::{Map, Value};

use super::{Operator, Service, ServiceError, inspect::Inspect, inspect::Inspection, lines::Told};
use crate::{
    audit::{event::Kind, search},
    store::lines::{Line, Mark},
};

/// Events of one person that are taken out; whoever has more is no person.
const MOST: usize = 100_000;

/// All that is held of a person.
#[derive(Debug)]
pub struct Export {
    /// What the store holds; its events are all there are, of this sidecar's trails and of the last day from all of them.
    pub inspection: Inspection,
    /// Whether there are more events than are taken out at once, or trails that could not be read.
    pub more: bool,
}

impl Service {
    /// Takes out what is held of a person. `trails` is the directory of this sidecar's trails, `None` where it has none.
    /// Takes as long as it takes to read them.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn export(
        &self,
        operator: Operator<'_>,
        call: &Inspect,
        (trails, reason): (Option<Arc<PathBuf>>, Option<&str>),
    ) -> Result<Export, ServiceError> {
        let reference = self.reference(&call.whom);
        // Not whom by name: who was erased would be known again.
        let told = (None, None, reason);
        let context = self.act(operator, (&reference, call.whom.tenant()), None, told);
        self.store.record_look(&reference, Kind::AdminExport, &context).await?;
        let mut inspection = self.inspection(call).await?;
        let search = move || match trails {
            Some(root) => search::of_subject(&root, &reference, MOST),
            None => Ok(search::Found::default()),
        };
        let found = match tokio::task::spawn_blocking(search).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::error!(%error, "a trail cannot be read");
                search::Found { more: true, ..search::Found::default() }
            }
            Err(_) => return Err(ServiceError::Internal),
        };
        let mut events = self.open_found(found.events).await?;
        events.extend(std::mem::take(&mut inspection.events));
        events.sort_by_key(identity);
        events.dedup_by_key(|event| identity(event));
        events.sort_by_key(|event| number(event, "time_ms"));
        inspection.events = events;
        Ok(Export { inspection, more: found.more })
    }

    async fn open_found(&self, events: Vec<Map<String, Value>>) -> Result<Vec<Map<String, Value>>, ServiceError> {
        let mark = Mark { at: 0, stream: (0, 0), n: 0, line: 0 };
        let line = |event| Line { mark, text: Value::Object(event).to_string().into_bytes() };
        let mut told: Vec<Told> = events.into_iter().filter_map(|event| Told::read(&line(event))).collect();
        self.open_lines(&mut told).await?;
        Ok(told.into_iter().map(|told| told.fields).collect())
    }
}

fn number(event: &Map<String, Value>, name: &str) -> u64 {
    event.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn identity(event: &Map<String, Value>) -> (u64, u64, u64) {
    (number(event, "bucket"), number(event, "epoch"), number(event, "seq"))
}
