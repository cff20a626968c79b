//! Twilio's door: `/v2/Services/…` for clients of Twilio Verify. A second table of routes over the same services, which decides
//! nothing: what a form says becomes the call that JSON would have been, and what comes of it gets Twilio's names and numbers.

mod answers;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use hyper::Method;
use serde_json::Value;
use zeroize::Zeroizing;

pub(super) use self::answers::refused;
use super::{
    Code, Inbound, Parameters, Problem,
    body::read_body,
    calls::{
        Answered,
        app::App,
        exchange::Exchange,
        refused::refusal,
        route::{self, Operation},
        send,
    },
    parameters::decoded,
    site,
};
use crate::{
    delivery::templates::{SMS, is_app_name},
    policy::{Outcome, Subject, code::TypedCode},
    service::{Caller, Service, ServiceError, check::CheckCall, client::Client, find::Known},
};

/// What every path begins with that is Twilio's, while its door is open.
pub(super) const PREFIX: &str = "/v2/";

/// A call that came whole, and for whom.
struct Door<'a> {
    service: &'a Service,
    caller: Caller<'a>,
    exchange: &'a Exchange,
    /// The service's sid, and its purpose.
    sid: &'a str,
    purpose: &'a str,
    /// The user's name of Basic, which is only told back.
    account: Option<&'a str>,
}

/// Answers one request.
///
/// # Errors
/// What [`refused`] tells in Twilio's words.
pub(super) async fn answer(app: &App, exchange: &mut Exchange, body: Inbound) -> Result<Answered, Problem> {
    let head = &exchange.head;
    // A form is what the page of any site may send.
    site::ours(head)?;
    let below = head.uri.path().strip_prefix("/v2/Services/").ok_or(Code::NotFound)?;
    let (sid, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
    let purpose = app.twilio.get(sid).ok_or(Code::NotFound)?;
    let route = route::find(&[route::TWILIO], rest)?;
    let is_update = route.row.operation == Operation::TwilioVerification && head.method == Method::POST;
    exchange.operation = Some(if is_update { "cancel" } else { route.row.label });
    route.row.takes(&head.method)?;
    let of = decoded(route.id).ok_or(Code::NotFound)?;
    let (tenant, account) = app.authenticator.authenticate_basic(&head.uri, &head.headers)?;
    exchange.tenant = Some(Arc::clone(&tenant));
    let form =
        Parameters::parse(&read_body(&head.headers, body, app.body, "application/x-www-form-urlencoded").await?)?;
    // A code that approves a payment must not be taken for one that lets somebody in.
    if let Some(name) = ["Amount", "Payee", "SnaClientToken"].into_iter().find(|name| form.get(name).is_some()) {
        return Err(wrong(name));
    }
    let caller = Caller { tenant: &tenant, request_id: exchange.id.as_str() };
    let door = Door { service: &app.service, caller, exchange, sid, purpose, account: account.as_deref() };
    match route.row.operation {
        Operation::TwilioCreate => door.create(form).await,
        Operation::TwilioCheck => door.check(form).await,
        Operation::TwilioVerification if is_update => door.update(&of, form).await,
        Operation::TwilioVerification => Ok(door.tell(&door.find(&of).await?)),
        _ => Ok(door.service()),
    }
}

impl Door<'_> {
    async fn create(&self, form: Parameters) -> Result<Answered, Problem> {
        let channel = form.get("Channel").unwrap_or_default().to_ascii_lowercase();
        let channel = match &*channel {
            "auto" => SMS,
            one @ (SMS | "call" | "email" | "whatsapp") => one,
            _ => return Err(wrong("Channel")),
        };
        let to = form.get("To").map(str::trim);
        let locale = form.get("Locale").map(|locale| locale.replace('_', "-"));
        // The user's address is the one that is named as such, else the first, by their keys, of those to be limited by.
        let limits = form.get("RateLimits").filter(|_| form.get("DeviceIp").is_none()).unwrap_or("{}");
        let limits: BTreeMap<String, Value> = serde_json::from_str(limits).map_err(|_| wrong("RateLimits"))?;
        let limited = limits.values().filter_map(Value::as_str).find(|text| text.trim().parse::<IpAddr>().is_ok());
        let fields = [
            ("subject", "To", to),
            ("to", "To", to),
            ("purpose", "", Some(self.purpose)),
            // A channel of Twilio's that is not set up here is refused by our name for the field.
            ("channel", "channel", Some(channel)),
            ("locale", "Locale", locale.as_deref()),
            ("code", "CustomCode", form.get("CustomCode")),
            ("app_hash", "AppHash", form.get("AppHash").filter(|_| channel == SMS)),
            ("ip", "DeviceIp", form.get("DeviceIp").or(limited)),
        ];
        let body: BTreeMap<_, _> = fields.iter().map(|(ours, _, value)| (*ours, value)).collect();
        let body = Zeroizing::new(serde_json::to_vec(&body).map_err(|_| Code::Internal)?);
        let mut call = send::read(self.service, &body, None).map_err(|problem| {
            match fields.iter().find(|(ours, ..)| problem.field() == Some(*ours)) {
                Some((_, theirs, _)) => problem.about(*theirs),
                None => problem,
            }
        })?;
        let app = form.get("CustomFriendlyName");
        app.is_none_or(is_app_name).then_some(()).ok_or_else(|| wrong("CustomFriendlyName"))?;
        call.destination.iter_mut().for_each(|destination| destination.app = app.map(str::to_owned));
        let issued = self.service.send(self.caller, call).await?.outcome.map_err(|why| refusal(&why))?;
        let known = self.service.describe(self.caller, &issued.id, Outcome::Issued)?;
        let (subject, channel) = (to.unwrap_or_default().to_owned(), Some(channel.to_owned()));
        Ok(self.tell(&Known { subject, channel, ..known }))
    }

    async fn check(&self, form: Parameters) -> Result<Answered, Problem> {
        let code = form.get("Code").and_then(|code| TypedCode::read(code).ok()).ok_or_else(|| wrong("Code"))?;
        let (to, sid) = (form.get("To").map(str::trim), form.get("VerificationSid"));
        to.or(sid).ok_or_else(|| wrong("To"))?;
        let named = match self.find(sid.filter(|sid| sid.starts_with("VE")).unwrap_or_default()).await {
            Err(ServiceError::UnknownVerification) => None,
            found => Some(found?),
        };
        let call = CheckCall {
            // One that is not found is counted as any id is that is not ours.
            id: sid.map(|_| named.as_ref().map_or_else(String::new, |known| known.id.clone())),
            subject: to.map(Subject::new).transpose().map_err(|_| wrong("To"))?,
            purpose: Some(self.purpose.to_owned()),
            code,
            client: Client::default(),
            idempotency: None,
        };
        let state = self.service.check(self.caller, call).await?.outcome.map_err(|why| refusal(&why))?.outcome;
        if !(Outcome::Approved..=Outcome::WrongCodeDisables).contains(&state) {
            return Ok(self.ended(state));
        }
        // It is decided: what cannot be told of it now is left out.
        let known = if let (None, Some(to)) = (&named, to) { self.find(to).await.ok() } else { named };
        let subject = to.unwrap_or_default().to_owned();
        let unseen = Known { id: String::new(), state, sid: None, subject, channel: None, issued_at: None };
        Ok(self.tell(&Known { state, ..known.unwrap_or(unseen) }))
    }

    async fn update(&self, of: &str, form: Parameters) -> Result<Answered, Problem> {
        let state = match form.get("Status") {
            Some("canceled") => Outcome::Canceled,
            Some("approved") => Outcome::Used,
            _ => return Err(wrong("Status")),
        };
        let known = self.find(of).await?;
        let noted = self.service.end(self.caller, &known.id, state).await?.noted;
        Ok(if noted.first { self.tell(&Known { state, ..known }) } else { self.ended(noted.state) })
    }

    /// What a path or a parameter names: a sid, else an address.
    async fn find(&self, of: &str) -> Result<Known, ServiceError> {
        self.service.find(self.caller, self.purpose, of).await
    }
}

/// The refusal of a parameter.
fn wrong(name: &'static str) -> Problem {
    Problem::invalid_field(name, "")
}
