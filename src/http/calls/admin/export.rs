//! `POST /admin/v1/subjects/export`

use std::{path::PathBuf, sync::Arc};

use hyper::{StatusCode, body::Bytes};
use tokio::sync::mpsc;

use super::{
    input::{self, Tenants},
    inspect::{Held, shown},
};
use crate::{
    http::{
        Fields, Problem, RequestId,
        calls::{Answered, refused},
        content::Part,
        reply,
    },
    service::{
        DEFAULT_PURPOSE, Service,
        admin::{Operator, export::Events, inspect::Inspect},
    },
};

/// Takes out all that is held of a person, and answers with it as it is read.
///
/// # Errors
/// A problem where the call cannot be understood, the store does not answer, or another export goes on.
pub async fn export(
    service: &Arc<Service>,
    operator: Operator<'_>,
    (body, tenants, trails): (&[u8], &Tenants, Option<Arc<PathBuf>>),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "tenant", "subject_ref", "reason"])?;
    let call = Inspect { whom: input::whom(&mut fields, tenants)?, purpose: DEFAULT_PURPOSE.to_owned(), ip: None };
    let reason = input::optional_reason(&mut fields)?;
    fields.finish()?;
    let exported = service.export(operator, &call, trails, reason.as_deref()).await;
    let exported = exported.map_err(|error| refused::outage(&error))?;
    let hard_stop = service.policy().lockout.hard_stop;
    let held = shown(exported.inspection, false, (hard_stop > 0).then_some(hard_stop)).held;
    // One piece is made while another is on its way.
    let (to, parts) = mpsc::channel(1);
    tokio::spawn(write(held, exported.events, to));
    Ok(Answered { reply: reply::streamed(StatusCode::OK, reply::APPLICATION_JSON, parts, id), outcome: "ok" })
}

/// One JSON object, with each event on a line of its own. Ends early where nobody reads it.
async fn write(held: Held, mut events: Events, to: mpsc::Sender<Part>) {
    let send = async |bytes: Vec<u8>| to.send(Part::Piece(Bytes::from(bytes))).await;
    let Ok(mut head) = serde_json::to_vec(&held) else { return };
    // All but its last brace.
    head.pop();
    head.extend_from_slice(b",\"events\":[");
    if send(head).await.is_err() {
        return;
    }
    let (mut separator, mut complete) = ("\n", true);
    loop {
        let batch = match events.next().await {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "an export is not complete");
                complete = false;
                break;
            }
        };
        let mut lines = Vec::new();
        for event in batch {
            lines.extend_from_slice(separator.as_bytes());
            if serde_json::to_writer(&mut lines, &event).is_err() {
                return;
            }
            separator = ",\n";
        }
        if !lines.is_empty() && send(lines).await.is_err() {
            return;
        }
    }
    let tail = format!("\n],\"complete\":{}}}\n", complete && events.complete);
    if send(tail.into_bytes()).await.is_ok() {
        // Who has gone has no use for the end either.
        let _ = to.send(Part::End).await;
    }
}
