//! The admin listener: metrics and health.

use std::{sync::Arc, time::Instant};

use hyper::{Request, StatusCode, body::Incoming, header::HeaderValue};

use super::{
    Answered,
    app::{Told, finish},
    health::{self, Draining},
    route::{self, Operation},
};
use crate::{
    http::{Authenticator, Connections, Problem, Reply, RequestId, reply, request_id::trace_id},
    metrics::Metrics,
    store::Store,
};

/// The version of the text format that Prometheus reads.
const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// All that a request needs.
#[derive(Debug)]
pub struct Admin {
    /// For readiness.
    pub store: Arc<Store>,
    /// Who may call.
    pub authenticator: Authenticator,
    /// What is shown.
    pub metrics: Arc<Metrics>,
    /// Whether we are on our way out.
    pub draining: Arc<Draining>,
    /// Connections of both listeners, by label.
    pub connections: Vec<(&'static str, Arc<Connections>)>,
}

impl Admin {
    /// Answers one request.
    pub async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let id = RequestId::read(request.headers(), rand::random);
        let trace = trace_id(request.headers()).map(str::to_owned);
        let mut told = Told::default();
        let answered = self.answer(&request, &id, &mut told).unwrap_or_else(|problem| Answered::problem(problem, &id));
        finish(&self.metrics, "admin", &answered, &told, &id, trace.as_deref(), started);
        answered.reply
    }

    fn answer(&self, request: &Request<Incoming>, id: &RequestId, told: &mut Told) -> Result<Answered, Problem> {
        let route = route::admin(request.method(), request.uri().path()).map_err(|(operation, problem)| {
            told.operation = operation;
            problem
        })?;
        told.operation = Some(route.operation);
        if self.authenticator.is_open() {
            self.authenticator.authenticate(request.uri(), request.headers())?;
        }
        match route.operation {
            Operation::Livez => Ok(health::livez(id)),
            Operation::Readyz => Ok(health::readyz(&self.store, &self.draining, id)),
            _ => self.scrape(id),
        }
    }

    fn scrape(&self, id: &RequestId) -> Result<Answered, Problem> {
        for (listener, connections) in &self.connections {
            self.metrics.connections.of(listener).set(i64::try_from(connections.open()).unwrap_or(i64::MAX));
            for (code, count) in connections.take_refused_heads() {
                self.metrics.requests.of("other", code.name()).inc_by(count);
            }
        }
        let text = self.metrics.text().map_err(|_| Problem::internal())?;
        Ok(Answered { reply: reply::raw(StatusCode::OK, EXPOSITION, text.into(), id), outcome: "ok" })
    }
}
