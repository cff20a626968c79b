//! `POST /admin/v1/subjects/export`

use hyper::{StatusCode, body::Bytes};
use tokio::sync::mpsc;

use crate::{
    http::{RequestId, calls::Answered, content::Part, reply},
    service::admin::{
        export::{Events, Export},
        inspect::Inspection,
    },
};

/// Answers with what is taken out as it is read.
pub fn streamed(exported: Export, id: &RequestId) -> Answered {
    // One piece is made while another is on its way.
    let (to, parts) = mpsc::channel(1);
    tokio::spawn(write(exported.inspection, exported.events, to));
    Answered { reply: reply::streamed(StatusCode::OK, reply::APPLICATION_JSON, parts, id), outcome: "ok" }
}

/// One JSON object, with each event on a line of its own. Ends early where nobody reads it.
async fn write(held: Inspection, mut events: Events, to: mpsc::Sender<Part>) {
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
