//! The app listener: every request from its head to its answer, its metrics and its line in the log.

use std::{collections::BTreeMap, sync::Arc};

use hyper::{
    Request, Version,
    body::Bytes,
    header::{CONNECTION, HeaderValue},
};

use super::{
    Answered,
    call::Call,
    exchange::Exchange,
    health::Draining,
    reference,
    route::{self, Operation, Route},
};
use crate::{
    http::{
        Authenticator, BodyLimits, Code, Inbound, Problem, Reply,
        body::{JSON, read_body},
        openapi, twilio,
    },
    metrics::Metrics,
    service::{Caller, Service},
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

impl App {
    /// Answers one request.
    pub async fn handle(self: Arc<Self>, request: Request<Inbound>) -> Reply {
        let (mut exchange, body) = Exchange::begin(request);
        let mut answered = if !self.twilio.is_empty() && exchange.head.uri.path().starts_with(twilio::PREFIX) {
            let answered = Box::pin(twilio::answer(&self, &mut exchange, body)).await;
            answered.unwrap_or_else(|problem| twilio::refused(problem, &exchange))
        } else {
            let answered = self.answer(&mut exchange, body).await;
            answered.unwrap_or_else(|problem| Answered::problem(problem, &exchange.id))
        };
        if exchange.head.version < Version::HTTP_2 && self.draining.begun() {
            // The peer comes back over a new connection, so none is cut off in the middle when the listener closes.
            answered.reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        exchange.finish(&self.metrics, "app", answered)
    }

    async fn answer(&self, exchange: &mut Exchange, body: Inbound) -> Result<Answered, Problem> {
        let Route { row, id: verification } = route::find(&[route::APP, route::SHARED], exchange.head.uri.path())?;
        exchange.operation = Some(row.label);
        if let Some(answered) = exchange.probe(row, self.service.store(), &self.draining)? {
            return Ok(answered);
        }
        let caller = exchange.caller(row, &self.authenticator)?;
        if row.operation == Operation::Openapi {
            return Ok(reference::document(&openapi::APP, &exchange.head.headers, &exchange.id));
        }
        let tenant = caller.ok_or(Code::Unauthenticated)?.name;
        exchange.tenant = Some(Arc::clone(&tenant));
        let (head, id) = (&exchange.head, &exchange.id);
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
