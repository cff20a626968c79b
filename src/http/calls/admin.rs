//! The admin listener: metrics, health, and what operators do and see.

mod export;
pub mod input;

use std::{path::PathBuf, sync::Arc};

use hyper::{Request, StatusCode, header::HeaderValue};
use serde_json::{Map, Value};

use self::input::Tenants;
use super::{
    Answered,
    exchange::Exchange,
    health::Draining,
    input::{optional_ip, purpose},
    reference,
    refused::for_operators,
    route::{self, Access, Operation, POST, Route},
};
use crate::{
    http::{
        Authenticator, BodyLimits, Code, Connections, Fields, Inbound, Parameters, Problem, Reply, RequestId,
        admission::Admission,
        body::{JSON, read_body},
        console, openapi, reply, site,
    },
    metrics::Metrics,
    renewable::Renewable,
    service::{
        DEFAULT_PURPOSE, Service,
        admin::{
            Operator,
            events::{self, Wanted},
            inspect::Inspect,
            locks,
        },
    },
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
    pub tenants: Arc<Renewable<Tenants>>,
    /// What is in force, secrets redacted.
    pub config: Arc<Renewable<Vec<(String, Value)>>>,
    /// Where this sidecar's trails are, if it has any.
    pub trails: Option<Arc<PathBuf>>,
}

impl Admin {
    /// Answers one request.
    pub async fn handle(self: Arc<Self>, request: Request<Inbound>) -> Reply {
        let (mut exchange, body) = Exchange::begin(request);
        let answered = self.answer(&mut exchange, body).await;
        let acts = matches!(exchange.operation, Some("admin_lock" | "admin_unlock" | "admin_erase"));
        let told = |problem| Answered::problem(for_operators(problem, acts), &exchange.id);
        let mut answered = answered.unwrap_or_else(told);
        answered.reply.headers_mut().extend([console::RESOURCE_POLICY]);
        exchange.finish(&self.metrics, "admin", answered)
    }

    async fn answer(&self, exchange: &mut Exchange, body: Inbound) -> Result<Answered, Problem> {
        let route = route::find(&[route::ADMIN, route::SHARED], exchange.head.uri.path());
        // Whoever is told of an alert comes to its runbook by a link in a message, on a page of another site, and to the
        // console by one of a dashboard.
        let linked =
            matches!(&route, Ok(route) if matches!(route.row.operation, Operation::Runbook | Operation::Console));
        if !linked {
            site::ours(&exchange.head)?;
        }
        let Route { row, id: shown } = route?;
        exchange.operation = Some(row.label);
        if let Some(answered) = exchange.probe(row, self.service.store(), &self.draining)? {
            return Ok(answered);
        }
        let (headers, id) = (&exchange.head.headers, &exchange.id);
        if row.operation == Operation::Metrics {
            return self.scrape(id);
        }
        let caller = exchange.caller(row, &self.authenticator)?;
        match row.operation {
            Operation::Openapi => return Ok(reference::document(&openapi::ADMIN, headers, id)),
            Operation::Runbook => return reference::runbook(shown, id),
            Operation::Console | Operation::ConsolePart => return console::file(shown, headers, id),
            _ => {}
        }
        let caller = caller.ok_or(Code::Unauthenticated)?;
        exchange.actor = Some(Arc::clone(&caller.name));
        if !caller.changes && row.access == Access::Admin {
            return Err(Code::Forbidden.into());
        }
        let query = Parameters::parse(exchange.head.uri.query().unwrap_or_default().as_bytes())?;
        let operator = Operator { actor: &caller.name, request_id: id.as_str() };
        if row.operation == Operation::AdminMe {
            query.finish()?;
            return Ok(console::me(&caller, &self.tenants.get(), self.service.keeps_names(), id));
        }
        if row.methods != POST {
            let _turn = self.admission.turn().await?;
            return Box::pin(self.look(row.operation, operator, query, id)).await;
        }
        query.finish()?;
        let body = read_body(headers, body, self.body, JSON).await?;
        // Exports have a turn of their own, which lasts until they are read.
        let _turn = match row.operation {
            Operation::AdminExport => None,
            _ => Some(self.admission.turn().await?),
        };
        // In memory of its own, so that whoever's body does not come keeps little of ours.
        Box::pin(self.act(row.operation, operator, &body, id)).await
    }

    /// Answers a call that no body tells of.
    async fn look(
        &self,
        operation: Operation,
        operator: Operator<'_>,
        mut query: Parameters,
        id: &RequestId,
    ) -> Result<Answered, Problem> {
        match operation {
            Operation::AdminLocks => {
                let most = input::limit(&mut query)?;
                let from = input::cursor(&mut query, "cursor", locks::cursor)?;
                query.finish()?;
                Ok(Answered::ok(&*self.service.locks(operator, from, most).await?, id))
            }
            Operation::AdminStats => {
                query.finish()?;
                Ok(Answered::ok(&*self.service.stats().await?, id))
            }
            Operation::AdminEvents => {
                let most = input::limit(&mut query)?;
                let after = input::cursor(&mut query, "after", events::mark)?;
                let kinds = input::kinds(&mut query)?;
                query.finish()?;
                Ok(Answered::ok(&*self.service.events(operator, &Wanted { after, kinds, most }).await?, id))
            }
            Operation::AdminReport => {
                let since = input::since(&mut query)?;
                query.finish()?;
                let review = self.service.review(operator, since).await?;
                Ok(Answered::ok(&review.ok_or_else(input::no_period)?, id))
            }
            Operation::AdminConfig => {
                query.finish()?;
                Ok(Answered::ok(&self.config.get().iter().cloned().collect::<Map<_, _>>(), id))
            }
            _ => Err(Code::NotFound.into()),
        }
    }

    /// Has a call done that came whole.
    async fn act(
        &self,
        operation: Operation,
        operator: Operator<'_>,
        body: &[u8],
        id: &RequestId,
    ) -> Result<Answered, Problem> {
        let (service, tenants) = (&self.service, self.tenants.get());
        let tenants = &*tenants;
        let known: &[&str] = match operation {
            Operation::AdminUnlock => &["subject", "tenant", "subject_ref", "ip", "all", "sends", "reason"],
            Operation::AdminLock => &["subject", "tenant", "subject_ref", "minutes", "reason"],
            Operation::AdminInspect => &["subject", "tenant", "subject_ref", "purpose", "ip"],
            _ => &["subject", "tenant", "subject_ref", "reason"],
        };
        let mut fields = Fields::parse(body, known)?;
        match operation {
            Operation::AdminUnlock => {
                let what = input::unlock(&mut fields, tenants)?;
                let sends = fields.optional_bool("sends")?.unwrap_or(false);
                let reason = input::reason(&mut fields)?;
                fields.finish()?;
                Ok(Answered::ok(&service.unlock(operator, &what, sends, &reason).await?, id))
            }
            Operation::AdminLock => {
                let whom = input::somebody(&mut fields, tenants)?;
                let length = input::length(&mut fields)?;
                let reason = input::reason(&mut fields)?;
                fields.finish()?;
                Ok(Answered::ok(&service.lock(operator, &whom, length, &reason).await?, id))
            }
            Operation::AdminInspect => {
                let call = Inspect {
                    whom: input::whom(&mut fields, tenants)?,
                    purpose: purpose(&mut fields)?,
                    ip: optional_ip(&mut fields)?,
                    tenants: tenants.all().to_vec(),
                };
                fields.finish()?;
                Ok(Answered::ok(&service.inspect(operator, &call).await?, id))
            }
            Operation::AdminErase => {
                let whom = input::whom(&mut fields, tenants)?;
                let reason = input::reason(&mut fields)?;
                fields.finish()?;
                Ok(Answered::ok(&service.erase(operator, &whom, tenants.all(), &reason).await?, id))
            }
            Operation::AdminExport => {
                let whom = input::whom(&mut fields, tenants)?;
                let call =
                    Inspect { whom, purpose: DEFAULT_PURPOSE.to_owned(), ip: None, tenants: tenants.all().to_vec() };
                let reason = input::optional_reason(&mut fields)?;
                fields.finish()?;
                let exported = service.export(operator, &call, self.trails.clone(), reason.as_deref()).await?;
                Ok(export::streamed(exported, id))
            }
            _ => Err(Code::NotFound.into()),
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
        let text = self.metrics.text().map_err(|_| Code::Internal)?;
        Ok(Answered { reply: reply::raw(StatusCode::OK, EXPOSITION, text.into(), id), outcome: "ok" })
    }
}
