//! Twilio's door: `/v2/Services/…` for clients of Twilio Verify. A second table of routes over the same services, which decides
//! nothing: what a form says becomes the call that JSON would have been, and what comes of it gets Twilio's names and numbers.

mod answers;
mod calls;
mod form;
mod refusal;

use std::sync::Arc;

use hyper::{Method, http::request::Parts};

use self::{
    calls::Door,
    form::{Form, decoded},
};
use super::{
    Code, Inbound, Problem, RequestId,
    body::read_body,
    calls::{
        Answered,
        app::{App, Told},
    },
};
use crate::service::Caller;

/// What every path begins with that is Twilio's, while its door is open.
pub(super) const PREFIX: &str = "/v2/";

const FORM: &str = "application/x-www-form-urlencoded";

/// Answers one request, whatever it is.
pub(super) async fn answer(app: &App, head: &Parts, body: Inbound, id: &RequestId, told: &mut Told) -> Answered {
    let answered = attempt(app, head, body, id, told).await;
    answered.unwrap_or_else(|problem| {
        let outcome = problem.code().name();
        refusal::answered(problem, outcome, head.uri.path(), id)
    })
}

async fn attempt(app: &App, head: &Parts, body: Inbound, id: &RequestId, told: &mut Told) -> Result<Answered, Problem> {
    let path = head.uri.path();
    let below = path.strip_prefix(PREFIX).and_then(|path| path.strip_prefix("Services/")).ok_or(Code::NotFound)?;
    let (sid, rest) = below.split_once('/').map_or((below, None), |(sid, rest)| (sid, Some(rest)));
    let purpose = app.twilio.get(sid).ok_or(Code::NotFound)?;
    let of = rest.and_then(|rest| rest.strip_prefix("Verifications/")).filter(|of| !of.contains('/'));
    let is_get = [Method::GET, Method::HEAD].contains(&head.method);
    // Each is called in metrics what the same call through the other door is.
    let (label, methods) = match (rest, of) {
        (_, Some(_)) => (if is_get { "get" } else { "cancel" }, "GET, HEAD, POST"),
        (None, _) => ("get", "GET, HEAD"),
        (Some("Verifications"), _) => ("send", "POST"),
        (Some("VerificationCheck"), _) => ("check", "POST"),
        _ => return Err(Code::NotFound.into()),
    };
    told.operation = Some(label);
    if !methods.split(", ").any(|method| method == head.method.as_str()) {
        return Err(Problem::from(Code::MethodNotAllowed).allowing(methods));
    }
    let of = of.map(|of| decoded(of).ok_or(Code::NotFound)).transpose()?;
    let (tenant, account) = app.authenticator.authenticate_basic(&head.uri, &head.headers)?;
    told.tenant = Some(Arc::clone(&tenant));
    let form = match is_get {
        true => Form::default(),
        false => Form::read(&read_body(&head.headers, body, app.body, FORM).await?)?,
    };
    let caller = Caller { tenant: &tenant, request_id: id.as_str() };
    let door = Door { service: &app.service, caller, id, path, sid, purpose, account: account.as_deref() };
    match (label, of) {
        ("send", _) => door.create(form).await,
        ("check", _) => door.check(form).await,
        ("get", Some(of)) => door.fetch(&of).await,
        (_, Some(of)) => door.update(&of, form).await,
        _ => Ok(door.service()),
    }
}
