//! Twilio's door: its own clients, unmodified, and what they and their users could send beside that.

mod bad_input;
mod calls;
mod limits;
mod races;
mod sdk;
mod start;

use std::collections::HashMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use hyper::{Method, body::Bytes};
use serde_json::Value;

use crate::{
    sms::{provider::Provider, rig},
    support::{Address, Answer, Client, Rig, Sidecar, keys},
};

const LOGIN: &str = "VA00000000000000000000000000000001";
const SIGNUP: &str = "VA000000000000000000000000000000aa";
const SERVICES: (&str, &str) =
    ("OTP_TWILIO_SERVICES", "VA00000000000000000000000000000001:login, VA000000000000000000000000000000aa:signup");
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// A sidecar whose door is open, without pause and quotas, and the provider of its SMS.
#[track_caller]
fn open(more: &[(&str, &str)]) -> (Rig, Provider) {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200"), ("CALL", "200"), ("EMAIL", "200")], &[&[SERVICES], more].concat());
    (rig, provider)
}

/// Somebody who speaks to it as Twilio's clients do.
#[derive(Clone)]
struct Door(Client);

impl Door {
    fn of(sidecar: &Sidecar) -> Self {
        Self::at(sidecar.app(), keys::KEY)
    }

    fn at(address: &Address, key: &str) -> Self {
        let basic = BASE64_STANDARD.encode(format!("{ACCOUNT}:{key}"));
        let client = Client::new(address.clone()).with_header("authorization", &format!("Basic {basic}"));
        Self(client.with_header("content-type", "application/x-www-form-urlencoded"))
    }

    /// Below the service `LOGIN`, with a form as it stands.
    async fn post(&self, path: &str, form: &str) -> Answer {
        self.0.post_text(&format!("/v2/Services/{LOGIN}/{path}"), form.to_owned()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.0.get(&format!("/v2/Services/{LOGIN}/{path}")).await
    }

    async fn create(&self, to: &str, more: &[(&str, &str)]) -> Answer {
        let channel = [("Channel", "sms")];
        let named: HashMap<&str, &str> = channel.iter().chain(more).copied().chain([("To", to)]).collect();
        self.post("Verifications", &form(&named)).await
    }

    /// By `To`, or by `VerificationSid`.
    async fn check(&self, by: &str, code: &str) -> Answer {
        let name = if by.starts_with("VE") { "VerificationSid" } else { "To" };
        self.post("VerificationCheck", &form(&HashMap::from([(name, by), ("Code", code)]))).await
    }

    async fn try_post(&self, path: &str, form: String) -> std::io::Result<Answer> {
        self.0.try_call(Method::POST, &format!("/v2/Services/{LOGIN}/{path}"), Bytes::from(form)).await
    }
}

fn form(fields: &HashMap<&str, &str>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// It is a refusal as Twilio writes them.
#[track_caller]
fn refused(answer: Answer, status: u16, code: u64) -> Answer {
    let answer = answer.is(status);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    let Value::Object(body) = &answer.body else { panic!("no object: {answer:?}") };
    assert_eq!(body.keys().collect::<Vec<_>>(), ["code", "message", "more_info", "status"]);
    assert_eq!((answer.number("code"), answer.number("status")), (code, status.into()), "{answer:?}");
    assert_eq!(answer.str("more_info"), format!("https://www.twilio.com/docs/errors/{code}"));
    assert!(!answer.str("message").is_empty());
    answer
}

#[track_caller]
fn says(answer: Answer, status: &str) -> Answer {
    let answer = answer.is(200);
    assert_eq!(answer.str("status"), status, "{answer:?}");
    answer
}

fn sid(answer: &Answer) -> String {
    answer.str("sid").to_owned()
}
