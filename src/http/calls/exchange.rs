//! A request of either listener, from its head to its answer, its metrics and its line in the log.

use std::{sync::Arc, time::Instant};

use hyper::{Request, StatusCode, http::request::Parts};

use super::{
    Answered,
    health::{self, Draining},
    route::{Access, Operation, Row},
};
use crate::{
    http::{Authenticator, Inbound, Problem, Reply, RequestId, auth::Operator, request_id::trace_id},
    metrics::Metrics,
    store::Store,
    telemetry::RequestLine,
};

/// A request that is being answered, and what the log says about it besides its answer.
#[derive(Debug)]
pub(in crate::http) struct Exchange {
    /// What was asked.
    pub(in crate::http) head: Parts,
    /// Its id.
    pub(in crate::http) id: RequestId,
    /// Its label; none where nothing has that path.
    pub(in crate::http) operation: Option<&'static str>,
    /// Whose call it is.
    pub(in crate::http) tenant: Option<Arc<str>>,
    /// The operator whose call it is.
    pub(in crate::http) actor: Option<Arc<str>>,
    started: Instant,
}

impl Exchange {
    /// Takes a request up.
    pub(in crate::http) fn begin(request: Request<Inbound>) -> (Self, Inbound) {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let id = RequestId::read(&head.headers, rand::random);
        (Self { head, id, operation: None, tenant: None, actor: None, started }, body)
    }

    /// Answers whoever probes; `None` where somebody calls.
    ///
    /// # Errors
    /// 405 for a method that it does not take.
    pub(super) fn probe(&self, row: &Row, store: &Store, draining: &Draining) -> Result<Option<Answered>, Problem> {
        row.takes(&self.head.method)?;
        Ok(match row.operation {
            Operation::Livez => Some(health::livez(&self.id)),
            Operation::Readyz => Some(health::readyz(store, draining, &self.id)),
            _ => None,
        })
    }

    /// Finds out who calls; `None` for anybody, where anybody may. What is open needs no key; but where there are no keys at
    /// all, it needs a host as all else does.
    ///
    /// # Errors
    /// As [`Authenticator::operator`].
    pub(super) fn caller(&self, row: &Row, who: &Authenticator) -> Result<Option<Operator>, Problem> {
        match who.operator(&self.head.uri, &self.head.headers) {
            Err(_) if row.access == Access::Open && !who.is_open() => Ok(None),
            known => known.map(Some),
        }
    }

    /// Counts the request and writes its line: what was asked, how it ended, how long it took; nothing of its content.
    pub(in crate::http) fn finish(self, metrics: &Metrics, listener: &'static str, answered: Answered) -> Reply {
        let Answered { reply, outcome } = answered;
        let operation = self.operation.unwrap_or("other");
        let took = self.started.elapsed();
        metrics.requests.of(operation, outcome).inc();
        if reply.status() == StatusCode::TOO_MANY_REQUESTS {
            metrics.refusals.of(operation, outcome).inc();
        }
        metrics.response_seconds.of(operation).observe(took.as_secs_f64());
        let (status, micros) = (reply.status().as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let (request_id, trace_id) = (self.id.as_str(), trace_id(&self.head.headers));
        let (tenant, actor) = (self.tenant.as_deref(), self.actor.as_deref());
        if tenant.is_none() && actor.is_none() && reply.status().is_success() {
            // Probes and scrapes come every few seconds and say nothing.
            tracing::debug!(listener, operation, outcome, status, micros, request_id, trace_id, "request");
        } else {
            let listener = Some(listener);
            RequestLine { listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id }.info();
        }
        reply
    }
}
