//! A head that the gate refused, so that no handler sees it: its answer, its count and its line in the log.

use std::time::Duration;

use http_body_util::{BodyExt, Collected};

use super::{
    Problem,
    connections::Connections,
    head::Refusal,
    request_id::{RequestId, names_in, trace_id},
};
use crate::telemetry::RequestLine;

/// See the module.
#[derive(Debug)]
pub(super) struct RefusedHead {
    refusal: Refusal,
    took: Duration,
    id: RequestId,
    trace: Option<String>,
}

impl RefusedHead {
    /// `head` is what was read of it, in `took`.
    pub(super) fn new(refusal: Refusal, head: &[u8], took: Duration) -> Self {
        let names = names_in(head);
        let (id, trace) = (RequestId::read(&names, rand::random), trace_id(&names).map(str::to_owned));
        Self { refusal, took, id, trace }
    }

    /// Counts it and writes its line, as for any other request; which listener it came to is not known here.
    pub(super) fn note(&self, connections: &Connections) {
        connections.head_refused(self.refusal);
        let code = self.problem().code();
        let (outcome, status, request_id) = (code.name(), code.status().as_u16(), self.id.as_str());
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        let trace_id = self.trace.as_deref();
        let (listener, tenant, operation) = (None, None, "other");
        RequestLine { listener, operation, outcome, status, micros, request_id, tenant, actor: None, trace_id }.info();
    }

    /// The answer's bytes.
    pub(super) async fn answer(&self) -> Vec<u8> {
        let (parts, body) = self.problem().into_reply(&self.id).into_parts();
        let mut wire = format!("HTTP/1.1 {}\r\nconnection: close\r\n", parts.status).into_bytes();
        for (name, value) in &parts.headers {
            wire.extend_from_slice(name.as_str().as_bytes());
            wire.extend_from_slice(b": ");
            wire.extend_from_slice(value.as_bytes());
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"\r\n");
        let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
        wire.extend_from_slice(&body);
        wire
    }

    fn problem(&self) -> Problem {
        match self.refusal {
            Refusal::Malformed => Problem::malformed("The head of the request is not sound HTTP."),
            Refusal::TooLarge => Problem::headers_too_large(),
        }
    }
}
