//! The app listener: every request from its head to its answer, its metrics and its line in the log.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use hyper::{
    Request, Version,
    body::Bytes,
    header::{CONNECTION, HeaderValue},
    http::request::Parts,
};

use super::{
    Answered,
    call::Call,
    health::{self, Draining},
    reference,
    route::{self, Access, Operation, Route},
};
use crate::{
    http::{
        Authenticator, BodyLimits, Code, Inbound, Problem, Reply, RequestId,
        body::{JSON, read_body},
        openapi,
        request_id::trace_id,
        twilio,
    },
    metrics::Metrics,
    service::{Caller, Service},
    telemetry::RequestLine,
};

/// All that a request needs.
#[derive(Debug)]
pub struct App {
    /// Decides.
    pub service: Arc<Service>,
    /// Who may call.
    pub authenticator: Authenticator,
    /// What a body may cost.
    pub body: BodyLimits,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Whether we are on our way out.
    pub draining: Arc<Draining>,
    /// Purposes by the sids of Twilio's services; none where that door is shut.
    pub twilio: BTreeMap<String, String>,
}

/// What the log says about a request besides its answer.
#[derive(Default)]
pub(in crate::http) struct Told {
    /// Its label; none where nothing has that path.
    pub operation: Option<&'static str>,
    pub tenant: Option<Arc<str>>,
    /// The operator whose call it is.
    pub actor: Option<Arc<str>>,
}

impl App {
    /// Answers one request.
    pub async fn handle(self: Arc<Self>, request: Request<Inbound>) -> Reply {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let id = RequestId::read(&head.headers, rand::random);
        let trace = trace_id(&head.headers).map(str::to_owned);
        let mut told = Told::default();
        let old = head.version < Version::HTTP_2;
        let mut answered = if !self.twilio.is_empty() && head.uri.path().starts_with(twilio::PREFIX) {
            Box::pin(twilio::answer(&self, &head, body, &id, &mut told)).await
        } else {
            self.answer(&head, body, &id, &mut told).await.unwrap_or_else(|problem| Answered::problem(problem, &id))
        };
        if old && self.draining.begun() {
            // The peer comes back over a new connection, so none is cut off in the middle when the listener closes.
            answered.reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        finish(&self.metrics, "app", &answered, &told, &id, trace.as_deref(), started);
        answered.reply
    }

    async fn answer(&self, head: &Parts, body: Inbound, id: &RequestId, told: &mut Told) -> Result<Answered, Problem> {
        let Route { row, id: verification } = route::app(head.uri.path())?;
        told.operation = Some(row.label);
        row.takes(&head.method)?;
        match row.operation {
            Operation::Livez => return Ok(health::livez(id)),
            Operation::Readyz => return Ok(health::readyz(self.service.store(), &self.draining, id)),
            _ => {}
        }
        // The reference needs no key; but where there are no keys at all, it needs a host as all else does.
        let tenant = match self.authenticator.authenticate(&head.uri, &head.headers) {
            Err(_) if row.access == Access::Open && !self.authenticator.is_open() => None,
            known => Some(known?),
        };
        if row.operation == Operation::Openapi {
            return Ok(reference::openapi(&openapi::APP, &head.headers, id));
        }
        let tenant = tenant.ok_or(Code::Unauthenticated)?;
        told.tenant = Some(Arc::clone(&tenant));
        let caller = Caller { tenant: &tenant, request_id: id.as_str() };
        let body = match row.operation {
            Operation::Get => Bytes::new(),
            _ => read_body(&head.headers, body, self.body, JSON).await?,
        };
        // In memory of its own, so that whoever's body does not come keeps little of ours.
        let call = Call { operation: row.operation, verification, headers: &head.headers, body: &body };
        Box::pin(call.answer(&self.service, caller, id)).await
    }
}

/// Counts a request and writes its line: what was asked, how it ended, how long it took; nothing of its content.
pub(super) fn finish(
    metrics: &Metrics,
    listener: &'static str,
    answered: &Answered,
    told: &Told,
    id: &RequestId,
    trace: Option<&str>,
    started: Instant,
) {
    let operation = told.operation.unwrap_or("other");
    let took = started.elapsed();
    metrics.requests.of(operation, answered.outcome).inc();
    if answered.reply.status() == hyper::StatusCode::TOO_MANY_REQUESTS {
        metrics.refusals.of(operation, answered.outcome).inc();
    }
    metrics.response_seconds.of(operation).observe(took.as_secs_f64());
    let (status, micros) = (answered.reply.status().as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    let (outcome, request_id) = (answered.outcome, id.as_str());
    let (tenant, actor) = (told.tenant.as_deref(), told.actor.as_deref());
    if tenant.is_none() && actor.is_none() && answered.reply.status().is_success() {
        // Probes and scrapes come every few seconds and say nothing.
        tracing::debug!(listener, operation, outcome, status, micros, request_id, trace_id = trace, "request");
    } else {
        let listener = Some(listener);
        RequestLine { listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id: trace }.info();
    }
}
