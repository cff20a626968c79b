//! Twilio's door: `/v2/Services/…` for clients of Twilio Verify. A second table of routes over the same services, which decides
//! nothing: what a form says becomes the call that JSON would have been, and what comes of it gets Twilio's names and numbers.

mod answers;
mod calls;
mod form;
mod refusal;

use std::{collections::BTreeMap, sync::Arc};

use hyper::{Method, http::request::Parts};

use self::{
    calls::Door,
    form::{Form, decoded},
    refusal::Refusal,
};
use super::{
    Code, Inbound, Problem, RequestId, body,
    calls::{
        Answered,
        app::{App, Told},
    },
};
use crate::service::Caller;

/// What every path begins with that is Twilio's, while its door is open.
pub(super) const PREFIX: &str = "/v2/";

const FORM: &str = "application/x-www-form-urlencoded";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Create,
    Check,
    Fetch,
    Update,
    Service,
}

/// A call, and what stands in its path.
struct Route<'a> {
    call: Call,
    /// The label of the same call through the other door.
    label: &'static str,
    service: &'a str,
    purpose: &'a str,
    /// A verification's sid or address, where the path has one.
    of: String,
}

/// Answers one request, whatever it is.
pub(super) async fn answer(app: &App, head: &Parts, body: Inbound, id: &RequestId, told: &mut Told) -> Answered {
    let answered = attempt(app, head, body, id, told).await;
    answered.unwrap_or_else(|refusal| refusal.into_answered(head.uri.path(), id))
}

async fn attempt(app: &App, head: &Parts, body: Inbound, id: &RequestId, told: &mut Told) -> Result<Answered, Refusal> {
    let Route { call, label, service, purpose, of } = route(&app.twilio, head)?;
    told.operation = Some(label);
    let (tenant, account) = app.authenticator.authenticate_basic(&head.uri, &head.headers)?;
    told.tenant = Some(Arc::clone(&tenant));
    let form = match call {
        Call::Fetch | Call::Service => Form::default(),
        _ => Form::read(&body::read(&head.headers, body, app.body, FORM).await?)?,
    };
    let caller = Caller { tenant: &tenant, request_id: id.as_str() };
    let door = Door { service: &app.service, caller, id, sid: service, purpose, account: account.as_deref() };
    match call {
        Call::Create => door.create(form).await,
        Call::Check => door.check(form).await,
        Call::Fetch => door.fetch(&of).await,
        Call::Update => door.update(&of, form).await,
        Call::Service => Ok(door.service()),
    }
}

fn route<'a>(services: &'a BTreeMap<String, String>, head: &'a Parts) -> Result<Route<'a>, Problem> {
    let path = head.uri.path().strip_prefix(PREFIX).and_then(|path| path.strip_prefix("Services/"));
    let parts: Vec<&str> = path.ok_or(Code::NotFound)?.split('/').collect();
    let (service, rest) = parts.split_first().ok_or(Code::NotFound)?;
    let (service, purpose) = services.get_key_value(*service).ok_or(Code::NotFound)?;
    let is_get = head.method == Method::GET || head.method == Method::HEAD;
    let (call, label, methods, of) = match rest {
        [] => (Call::Service, "get", "GET, HEAD", ""),
        ["Verifications"] => (Call::Create, "send", "POST", ""),
        ["VerificationCheck"] => (Call::Check, "check", "POST", ""),
        ["Verifications", of] if is_get => (Call::Fetch, "get", "GET, HEAD", *of),
        ["Verifications", of] => (Call::Update, "cancel", "GET, HEAD, POST", *of),
        _ => return Err(Code::NotFound.into()),
    };
    if !methods.split(", ").any(|method| method == head.method.as_str()) {
        return Err(Problem::from(Code::MethodNotAllowed).allowing(methods));
    }
    let of = decoded(of).ok_or(Code::NotFound)?;
    Ok(Route { call, label, service, purpose, of })
}
