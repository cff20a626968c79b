//! The admin listener: metrics, health, and what operators do and see.

mod config;
mod erase;
mod events;
mod export;
pub mod input;
mod inspect;
mod lock;
mod locks;
mod report;
mod stats;
mod unlock;

use std::{path::PathBuf, sync::Arc, time::Instant};

use hyper::{Request, StatusCode, body::Bytes, header::HeaderValue, http::request::Parts};
use serde_json::Value;

use self::input::Tenants;
use super::{
    Answered,
    app::{Told, finish},
    health::{self, Draining},
    reference,
    route::{self, Operation},
};
use crate::{
    http::{
        Authenticator, BodyLimits, Connections, Inbound, Problem, Query, Reply, RequestId, admission::Admission,
        body::read_json, openapi, reply, request_id::trace_id, site,
    },
    metrics::Metrics,
    service::{Service, admin::Operator},
};

/// The version of the text format that Prometheus reads.
const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// All that a request needs.
#[derive(Debug)]
pub struct Admin {
    /// Does and shows.
    pub service: Arc<Service>,
    /// Who may call, and who may do more than look.
    pub authenticator: Authenticator,
    /// What a body may cost.
    pub body: BodyLimits,
    /// What is shown.
    pub metrics: Arc<Metrics>,
    /// Whether we are on our way out.
    pub draining: Arc<Draining>,
    /// How much is done at once.
    pub admission: Admission,
    /// Connections of both listeners, by label.
    pub connections: Vec<(&'static str, Arc<Connections>)>,
    /// Whose users there are.
    pub tenants: Tenants,
    /// What is in force, secrets redacted.
    pub config: Vec<(String, Value)>,
    /// Where this sidecar's trails are, if it has any.
    pub trails: Option<Arc<PathBuf>>,
}

impl Admin {
    /// Answers one request.
    pub async fn handle(self: Arc<Self>, request: Request<Inbound>) -> Reply {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let id = RequestId::read(&head.headers, rand::random);
        let trace = trace_id(&head.headers).map(str::to_owned);
        let mut told = Told::default();
        let answered = self.answer(&head, body, &id, &mut told).await;
        let answered = answered.unwrap_or_else(|problem| Answered::problem(problem, &id));
        finish(&self.metrics, "admin", &answered, &told, &id, trace.as_deref(), started);
        answered.reply
    }

    async fn answer(&self, head: &Parts, body: Inbound, id: &RequestId, told: &mut Told) -> Result<Answered, Problem> {
        if site::is_foreign(&head.uri, &head.headers) {
            return Err(Problem::forbidden_site());
        }
        let route = route::admin(&head.method, head.uri.path()).map_err(|(operation, problem)| {
            told.operation = operation;
            problem
        })?;
        told.operation = Some(route.operation);
        match route.operation {
            Operation::Livez => return Ok(health::livez(id)),
            Operation::Readyz => return Ok(health::readyz(self.service.store(), &self.draining, id)),
            Operation::Metrics => return self.scrape(id),
            _ => {}
        }
        // The reference needs no key; but where there are no keys at all, it needs a host as all else does.
        let operator = match self.authenticator.operator(&head.uri, &head.headers) {
            Err(_) if route.operation.is_open() && !self.authenticator.is_open() => None,
            known => Some(known?),
        };
        if route.operation == Operation::Openapi {
            return Ok(reference::openapi(&openapi::ADMIN, &head.headers, id));
        }
        let operator = operator.ok_or_else(Problem::unauthenticated)?;
        told.actor = Some(Arc::clone(&operator.name));
        if !operator.changes && !route.operation.only_looks() {
            return Err(Problem::forbidden());
        }
        let operator = Operator { actor: &operator.name, request_id: id.as_str() };
        let query = Query::parse(head.uri.query())?;
        let body = match route.operation.methods() {
            "POST" => {
                query.finish()?;
                read_json(&head.headers, body, self.body).await?
            }
            _ => {
                let _turn = self.admission.turn().await?;
                return Box::pin(self.look(route.operation, operator, query, id)).await;
            }
        };
        // Exports have a turn of their own, which lasts until they are read.
        let _turn = match route.operation {
            Operation::AdminExport => None,
            _ => Some(self.admission.turn().await?),
        };
        // In memory of its own, so that whoever's body does not come keeps little of ours.
        Box::pin(self.act(route.operation, operator, body, id)).await
    }

    /// Has something looked at that no body tells of.
    async fn look(
        &self,
        operation: Operation,
        operator: Operator<'_>,
        query: Query<'_>,
        id: &RequestId,
    ) -> Result<Answered, Problem> {
        match operation {
            Operation::AdminLocks => locks::locks(&self.service, operator, query, id).await,
            Operation::AdminStats => stats::stats(&self.service, query, id).await,
            Operation::AdminEvents => events::events(&self.service, operator, query, id).await,
            Operation::AdminReport => report::report(&self.service, operator, query, id).await,
            Operation::AdminConfig => config::config(&self.config, query, id),
            _ => Err(Problem::not_found()),
        }
    }

    /// Has a call done that came whole.
    async fn act(
        &self,
        operation: Operation,
        operator: Operator<'_>,
        body: Bytes,
        id: &RequestId,
    ) -> Result<Answered, Problem> {
        let tenants = &self.tenants;
        match operation {
            Operation::AdminUnlock => unlock::unlock(&self.service, operator, (&body, tenants), id).await,
            Operation::AdminLock => lock::lock(&self.service, operator, (&body, tenants), id).await,
            Operation::AdminInspect => inspect::inspect(&self.service, operator, (&body, tenants), id).await,
            Operation::AdminErase => erase::erase(&self.service, operator, (&body, tenants), id).await,
            Operation::AdminExport => {
                export::export(&self.service, operator, (&body, tenants, self.trails.clone()), id).await
            }
            _ => Err(Problem::not_found()),
        }
    }

    fn scrape(&self, id: &RequestId) -> Result<Answered, Problem> {
        for (listener, connections) in &self.connections {
            self.metrics.connections.of(listener).set(i64::try_from(connections.open()).unwrap_or(i64::MAX));
            self.metrics.tls_handshakes_failed.of(listener).inc_by(connections.take_failed_handshakes());
            for (code, count) in connections.take_refused_heads() {
                self.metrics.requests.of("other", code.name()).inc_by(count);
            }
        }
        let text = self.metrics.text().map_err(|_| Problem::internal())?;
        Ok(Answered { reply: reply::raw(StatusCode::OK, EXPOSITION, text.into(), id), outcome: "ok" })
    }
}
