//! The calls: forms become what the other door's JSON becomes.

use std::{collections::BTreeMap, net::IpAddr};

use hyper::StatusCode;
use serde_json::Value;
use zeroize::Zeroizing;

use super::refusal;
use crate::{
    delivery::templates::{SMS, is_app_name},
    http::{
        Code, Parameters, Problem, RequestId,
        calls::{Answered, refused::refusal, send},
    },
    policy::{Outcome, Subject, code::TypedCode},
    secret::Reference,
    service::{
        Caller, Service, ServiceError,
        check::CheckCall,
        client::Client,
        find::{By, Described, Known},
    },
};

/// A call that came whole, and for whom.
pub(super) struct Door<'a> {
    pub(super) service: &'a Service,
    pub(super) caller: Caller<'a>,
    pub(super) id: &'a RequestId,
    pub(super) path: &'a str,
    /// The service's sid, and its purpose.
    pub(super) sid: &'a str,
    pub(super) purpose: &'a str,
    /// The user's name of Basic, which is only told back.
    pub(super) account: Option<&'a str>,
}

impl Door<'_> {
    pub(super) async fn create(&self, form: Parameters) -> Result<Answered, Problem> {
        without(&form, &["Amount", "Payee"])?;
        let to = form.need("To")?.trim();
        let channel = match &*form.need("Channel")?.to_ascii_lowercase() {
            "auto" | "sms" => SMS,
            "call" => "call",
            "email" => "email",
            "whatsapp" => "whatsapp",
            _ => return Err(wrong("Channel")),
        };
        if !self.service.delivery_settings().is_some_and(|settings| settings.channels.contains_key(channel)) {
            return Ok(refusal::channel_disabled(self.id));
        }
        let text = |text: &str| Some(text.to_owned());
        let fields = [
            ("subject", "To", text(to)),
            ("to", "To", text(to)),
            ("purpose", "", text(self.purpose)),
            ("channel", "Channel", text(channel)),
            ("locale", "Locale", form.get("Locale").map(|locale| locale.replace('_', "-"))),
            ("code", "CustomCode", form.get("CustomCode").and_then(text)),
            ("app_hash", "AppHash", form.get("AppHash").filter(|_| channel == SMS).and_then(text)),
            ("ip", "DeviceIp", client_ip(&form)?),
        ];
        let body: BTreeMap<_, _> = fields.iter().map(|(ours, _, value)| (*ours, value)).collect();
        let body = Zeroizing::new(serde_json::to_vec(&body).map_err(|_| Code::Internal)?);
        let mut call = send::read(self.service, &body, None).map_err(|problem| {
            let name = fields.iter().find(|(ours, ..)| problem.field() == Some(*ours)).map(|(_, theirs, _)| *theirs);
            name.map_or(problem.clone(), |name| problem.about(name))
        })?;
        if let (Some(name), Some(destination)) = (form.get("CustomFriendlyName"), &mut call.destination) {
            destination.app = Some(name.to_owned());
            is_app_name(name).then_some(()).ok_or_else(|| wrong("CustomFriendlyName"))?;
        }
        let issued = self.service.send(self.caller, call).await?.outcome.map_err(|why| refusal(&why))?;
        let (subject, channel) = (to.to_owned(), Some(channel.to_owned()));
        let described = Described { subject, channel, ..self.service.describe(self.caller, &issued.id)? };
        Ok(Answered::json(StatusCode::CREATED, &self.body(&described, "pending", false), "issued", self.id))
    }

    pub(super) async fn check(&self, form: Parameters) -> Result<Answered, Problem> {
        without(&form, &["Amount", "Payee", "SnaClientToken"])?;
        let code = TypedCode::read(form.need("Code")?).map_err(|_| wrong("Code"))?;
        let (to, sid) = (form.get("To").map(str::trim), form.get("VerificationSid"));
        let named = match sid.map(name_in) {
            None if to.is_none() => return Err(wrong("To")),
            Some(Some(name)) => match self.service.find(self.caller, self.purpose, By::Name(&name)).await {
                Err(ServiceError::UnknownVerification) => None,
                found => Some(found?),
            },
            _ => None,
        };
        let call = CheckCall {
            // One that is not found is counted as any id is that is not ours.
            id: named.as_ref().map(|known| known.id.as_str()).or(sid.map(|_| "VE")).map(str::to_owned),
            subject: to.map(Subject::new).transpose().map_err(|_| wrong("To"))?,
            purpose: Some(self.purpose.to_owned()),
            code,
            client: Client::default(),
            idempotency: None,
        };
        let decision = self.service.check(self.caller, call).await.map_err(|error| match error {
            ServiceError::InvalidCode => wrong("Code"),
            other => other.into(),
        })?;
        let outcome = decision.outcome.map_err(|why| refusal(&why))?.outcome;
        let status = match outcome {
            Outcome::Approved => "approved",
            Outcome::WrongCode => "pending",
            Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => "max_attempts_reached",
            ended => return Ok(self.ended(ended)),
        };
        // It is decided: what cannot be told of it now is left out.
        let known = match (named, to) {
            (None, Some(to)) => self.service.find(self.caller, self.purpose, By::Subject(to)).await.ok(),
            (named, _) => named,
        };
        let unknown = || Described { subject: to.unwrap_or_default().to_owned(), ..Described::default() };
        let described = known.map_or_else(unknown, |known| known.described);
        let body = self.body(&described, status, outcome == Outcome::Approved);
        Ok(Answered::json(StatusCode::OK, &body, outcome.label(), self.id))
    }

    pub(super) async fn fetch(&self, of: &str) -> Result<Answered, Problem> {
        let known = self.find(of).await?;
        Ok(self.stands(&known, known.state))
    }

    pub(super) async fn update(&self, of: &str, form: Parameters) -> Result<Answered, Problem> {
        without(&form, &["Amount", "Payee"])?;
        let how = match form.need("Status")? {
            "canceled" => Outcome::Canceled,
            "approved" => Outcome::Used,
            _ => return Err(wrong("Status")),
        };
        let known = self.find(of).await?;
        let outcome = self.service.end(self.caller, &known.id, how).await?.outcome;
        Ok(if outcome == how { self.stands(&known, how) } else { self.ended(outcome) })
    }

    fn stands(&self, known: &Known, state: Outcome) -> Answered {
        let status = match state {
            Outcome::Pending => "pending",
            Outcome::Used => "approved",
            Outcome::Canceled => "canceled",
            Outcome::Expired => "expired",
            Outcome::Burnt => "max_attempts_reached",
            other => return self.ended(other),
        };
        Answered::json(StatusCode::OK, &self.body(&known.described, status, false), state.label(), self.id)
    }

    /// There is none that is pending.
    fn ended(&self, outcome: Outcome) -> Answered {
        refusal::answered(Code::NotFound.into(), outcome.label(), self.path, self.id)
    }

    /// What a path names: a sid, else an address.
    async fn find(&self, of: &str) -> Result<Known, ServiceError> {
        let name = name_in(of);
        self.service.find(self.caller, self.purpose, name.as_ref().map_or(By::Subject(of), By::Name)).await
    }
}

/// The short name in a verification's sid.
fn name_in(sid: &str) -> Option<[u8; 16]> {
    sid.strip_prefix("VE").and_then(Reference::read).map(|name| name.0)
}

/// The end user's address: the one that is named as such, else the first, by their keys, among those by which the app wants to
/// be limited.
fn client_ip(form: &Parameters) -> Result<Option<String>, Problem> {
    let (Some(limits), None) = (form.get("RateLimits"), form.get("DeviceIp")) else {
        return Ok(form.get("DeviceIp").map(str::to_owned));
    };
    let limits: BTreeMap<String, Value> = serde_json::from_str(limits).map_err(|_| wrong("RateLimits"))?;
    let is_address = |text: &&str| text.trim().parse::<IpAddr>().is_ok();
    Ok(limits.values().filter_map(Value::as_str).find(is_address).map(str::to_owned))
}

/// Refuses what must not be overlooked: a code that approves a payment must not be taken for one that lets somebody in.
fn without(form: &Parameters, names: &[&'static str]) -> Result<(), Problem> {
    names.iter().find(|name| form.get(name).is_some()).map_or(Ok(()), |name| Err(wrong(name)))
}

/// The refusal of a parameter.
fn wrong(name: &'static str) -> Problem {
    Problem::invalid_field(name, "")
}
