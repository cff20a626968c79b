//! Twilio's door: `/v2/Services/…` for clients of Twilio Verify. A second table of routes over the same services, which decides
//! nothing: what a form says becomes the call that JSON would have been, and what comes of it gets Twilio's names and numbers.

mod answers;
mod calls;
mod refusal;

use std::sync::Arc;

use hyper::Method;

use self::calls::Door;
use super::{
    Code, Inbound, Parameters, Problem,
    body::read_body,
    calls::{
        Answered,
        app::App,
        exchange::Exchange,
        route::{self, Operation},
    },
    parameters::decoded,
};
use crate::service::Caller;

/// What every path begins with that is Twilio's, while its door is open.
pub(super) const PREFIX: &str = "/v2/";

const FORM: &str = "application/x-www-form-urlencoded";

/// Answers one request, whatever it is.
pub(super) async fn answer(app: &App, exchange: &mut Exchange, body: Inbound) -> Answered {
    let answered = attempt(app, exchange, body).await;
    answered.unwrap_or_else(|problem| {
        let outcome = problem.code().name();
        refusal::answered(problem, outcome, exchange.head.uri.path(), &exchange.id)
    })
}

async fn attempt(app: &App, exchange: &mut Exchange, body: Inbound) -> Result<Answered, Problem> {
    let (head, id) = (&exchange.head, &exchange.id);
    let path = head.uri.path();
    let below = path.strip_prefix("/v2/Services/").ok_or(Code::NotFound)?;
    let (sid, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
    let purpose = app.twilio.get(sid).ok_or(Code::NotFound)?;
    let route = route::twilio(rest)?;
    let is_get = [Method::GET, Method::HEAD].contains(&head.method);
    let is_update = route.row.operation == Operation::TwilioVerification && !is_get;
    exchange.operation = Some(if is_update { "cancel" } else { route.row.label });
    route.row.takes(&head.method)?;
    let of = decoded(route.id).ok_or(Code::NotFound)?;
    let (tenant, account) = app.authenticator.authenticate_basic(&head.uri, &head.headers)?;
    exchange.tenant = Some(Arc::clone(&tenant));
    let form = match is_get {
        true => Parameters::default(),
        false => Parameters::parse(&read_body(&head.headers, body, app.body, FORM).await?)?,
    };
    let caller = Caller { tenant: &tenant, request_id: id.as_str() };
    let door = Door { service: &app.service, caller, id, path, sid, purpose, account: account.as_deref() };
    match route.row.operation {
        Operation::TwilioCreate => door.create(form).await,
        Operation::TwilioCheck => door.check(form).await,
        Operation::TwilioVerification if is_update => door.update(&of, form).await,
        Operation::TwilioVerification => door.fetch(&of).await,
        _ => Ok(door.service()),
    }
}
