//! The calls: forms become what the other door's JSON becomes.

use std::net::IpAddr;

use hyper::StatusCode;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{answers::Told, form::Form, refusal::Refusal};
use crate::{
    audit::tally::unhex,
    delivery::templates::{SMS, is_app_name},
    http::{
        RequestId,
        calls::{Answered, refused::refusal, send},
    },
    policy::{
        Outcome, Subject,
        code::{InvalidCode, TypedCode},
    },
    service::{
        Caller, Service, ServiceError,
        check::CheckCall,
        client::Client,
        find::{By, Known},
    },
};

/// What fields of a send are called in a form.
const NAMES: &[(&str, &str)] = &[
    ("subject", "To"),
    ("to", "To"),
    ("channel", "Channel"),
    ("locale", "Locale"),
    ("app_hash", "AppHash"),
    ("code", "CustomCode"),
    ("ip", "DeviceIp"),
];

/// A call that came whole, and for whom.
pub(super) struct Door<'a> {
    pub(super) service: &'a Service,
    pub(super) caller: Caller<'a>,
    pub(super) id: &'a RequestId,
    /// The service's sid, and its purpose.
    pub(super) sid: &'a str,
    pub(super) purpose: &'a str,
    /// The user's name of Basic, which is only told back.
    pub(super) account: Option<&'a str>,
}

impl Door<'_> {
    pub(super) async fn create(&self, form: Form) -> Result<Answered, Refusal> {
        // A code that approves a payment must not be taken for one that lets somebody in.
        form.without(&["Amount", "Payee"])?;
        let (to, channel) = (form.need("To")?, self.channel(form.need("Channel")?)?);
        let body = json!({
            "subject": to,
            "to": to,
            "purpose": self.purpose,
            "channel": channel,
            "locale": form.get("Locale"),
            "code": form.get("CustomCode"),
            "app_hash": form.get("AppHash").filter(|_| channel == SMS),
            "ip": client_ip(&form)?,
        });
        let body = Zeroizing::new(body.to_string());
        let mut call = send::read(self.service, body.as_bytes(), None).map_err(|why| Refusal::named(why, NAMES))?;
        if let (Some(name), Some(destination)) = (form.get("CustomFriendlyName"), &mut call.destination) {
            let name = Some(name).filter(|name| is_app_name(name));
            destination.app = Some(name.ok_or_else(|| Refusal::parameter("CustomFriendlyName"))?.to_owned());
        }
        let issued = self.service.send(self.caller, call).await?.outcome.map_err(|why| refusal(&why))?;
        let issue = self.service.short_name(self.caller, &issued.id)?;
        let told = Told { issue: Some(issue), to, channel: Some(channel), status: "pending" };
        Ok(Answered::json(StatusCode::CREATED, &self.verification(&told), "issued", self.id))
    }

    pub(super) async fn check(&self, form: Form) -> Result<Answered, Refusal> {
        form.without(&["Amount", "Payee", "SnaClientToken"])?;
        let code = TypedCode::read(form.need("Code")?).map_err(|InvalidCode| Refusal::parameter("Code"))?;
        let (to, sid) = (form.get("To"), form.get("VerificationSid"));
        if to.or(sid).is_none() {
            return Err(Refusal::parameter("To"));
        }
        let named = match sid.and_then(name_in) {
            Some(name) => match self.find(By::Name(&name)).await {
                Err(ServiceError::UnknownVerification) => None,
                found => Some(found?),
            },
            None => None,
        };
        let call = CheckCall {
            // One that is not found is counted as any id is that is not ours.
            id: named.as_ref().map(|known| known.id.as_str()).or(sid).map(str::to_owned),
            subject: to.map(Subject::new).transpose().map_err(|_| Refusal::parameter("To"))?,
            purpose: Some(self.purpose.to_owned()),
            code,
            client: Client::default(),
            idempotency: None,
        };
        let decision = self.service.check(self.caller, call).await.map_err(|error| match error {
            ServiceError::InvalidCode => Refusal::named(error.into(), &[("code", "Code")]),
            other => other.into(),
        })?;
        let outcome = decision.outcome.map_err(|why| refusal(&why))?.outcome;
        let status = match outcome {
            Outcome::Approved => "approved",
            Outcome::WrongCode => "pending",
            Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => "max_attempts_reached",
            ended => return Err(Refusal::not_found(ended.label())),
        };
        // It is decided: what cannot be told of it now is left out.
        let known = match (named, to) {
            (None, Some(to)) => self.find(By::Subject(to)).await.ok(),
            (named, _) => named,
        };
        let told = Told {
            issue: known.as_ref().map(|known| (known.name, known.issued_at)),
            to: to.or(known.as_ref().map(|known| &*known.subject)).unwrap_or_default(),
            channel: known.as_ref().and_then(|known| known.channel.as_deref()),
            status,
        };
        let body = self.checked(&told, outcome == Outcome::Approved);
        Ok(Answered::json(StatusCode::OK, &body, outcome.label(), self.id))
    }

    pub(super) async fn fetch(&self, of: &str) -> Result<Answered, Refusal> {
        let known = self.find_in_path(of).await?;
        self.told(&known, known.state)
    }

    pub(super) async fn update(&self, of: &str, form: Form) -> Result<Answered, Refusal> {
        form.without(&["Amount", "Payee"])?;
        let how = match form.need("Status")? {
            "canceled" => Outcome::Canceled,
            "approved" => Outcome::Used,
            _ => return Err(Refusal::parameter("Status")),
        };
        let known = self.find_in_path(of).await?;
        let ended = self.service.end(self.caller, &known.id, how).await?.outcome;
        if ended == how { self.told(&known, how) } else { Err(Refusal::not_found(ended.label())) }
    }

    fn told(&self, known: &Known, state: Outcome) -> Result<Answered, Refusal> {
        let status = match state {
            Outcome::Pending => "pending",
            Outcome::Used => "approved",
            Outcome::Canceled => "canceled",
            Outcome::Expired => "expired",
            Outcome::Burnt => "max_attempts_reached",
            _ => return Err(Refusal::not_found(state.label())),
        };
        let issue = Some((known.name, known.issued_at));
        let told = Told { issue, to: &known.subject, channel: known.channel.as_deref(), status };
        Ok(Answered::json(StatusCode::OK, &self.verification(&told), state.label(), self.id))
    }

    async fn find(&self, by: By<'_>) -> Result<Known, ServiceError> {
        self.service.find(self.caller, self.purpose, by).await
    }

    /// What a path names: a sid, else an address.
    async fn find_in_path(&self, of: &str) -> Result<Known, ServiceError> {
        let name = name_in(of);
        self.find(name.as_ref().map_or(By::Subject(of), By::Name)).await
    }

    /// Our channel for one of Twilio's.
    fn channel(&self, name: &str) -> Result<&'static str, Refusal> {
        let known = match name {
            "sms" | "auto" => SMS,
            "call" => "call",
            "email" => "email",
            "whatsapp" => "whatsapp",
            _ => return Err(Refusal::parameter("Channel")),
        };
        let configured = self.service.delivery_settings().is_some_and(|settings| settings.channels.contains_key(known));
        if configured { Ok(known) } else { Err(Refusal::channel_disabled()) }
    }
}

/// The short name in a verification's sid.
fn name_in(sid: &str) -> Option<[u8; 16]> {
    sid.strip_prefix("VE").and_then(unhex)
}

/// The end user's address: the one that is named as such, else one among those by which the app wants to be limited.
fn client_ip(form: &Form) -> Result<Option<String>, Refusal> {
    if let Some(ip) = form.get("DeviceIp") {
        return Ok(Some(ip.to_owned()));
    }
    let Some(limits) = form.get("RateLimits") else { return Ok(None) };
    let limits: Map<String, Value> = serde_json::from_str(limits).map_err(|_| Refusal::parameter("RateLimits"))?;
    let address =
        |value: &Value| value.as_str().filter(|text| text.trim().parse::<IpAddr>().is_ok()).map(str::to_owned);
    Ok(limits.values().find_map(address))
}
