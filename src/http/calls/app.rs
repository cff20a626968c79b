//! What answers the app, and its own interface.

use std::{collections::BTreeMap, sync::Arc};

use hyper::body::Bytes;

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
        Authenticator, BodyLimits, Code, Inbound, Problem,
        body::{JSON, read_body},
        openapi,
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
    /// Answers one request to our own interface.
    ///
    /// # Errors
    /// Why it is refused.
    pub(in crate::http) async fn answer(&self, exchange: &mut Exchange, body: Inbound) -> Result<Answered, Problem> {
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
