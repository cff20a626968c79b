//! `POST /v1/guard/request`, `…/failure` and `…/success`

use hyper::StatusCode;
use serde::Serialize;

use super::{Answered, input, refused, time::rfc3339};
use crate::{
    http::{Fields, Problem, RequestId},
    policy::Refusal,
    service::{
        Caller, DEFAULT_PURPOSE, Decided, Service,
        client::Client,
        guard::{Allowed, GuardCall, Stands},
    },
};

#[derive(Serialize)]
struct AllowedBody {
    allowed: bool,
    sends_left: Option<u32>,
    resend_in: u64,
}

#[derive(Serialize)]
struct StandsBody {
    locked: bool,
    attempts_left: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

/// Decides about a request of an app with codes of its own, and records it.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer; the same for the calls below.
pub async fn request(service: &Service, caller: Caller<'_>, body: &[u8], id: &RequestId) -> Result<Answered, Problem> {
    let call = read(body, true)?;
    input::needed_ip(call.client.ip, service.policy(), service.policy().ip_sends.is_some())?;
    let decided = service.guard_request(caller, &call).await.map_err(|e| refused::outage(&e))?;
    Ok(answer(decided, "recorded", id, |allowed: &Allowed| AllowedBody {
        allowed: true,
        sends_left: allowed.sends_left,
        resend_in: allowed.resend_in.div_ceil(1000),
    }))
}

/// Records a failure of the app's own check.
///
/// # Errors
/// As above.
pub async fn failure(service: &Service, caller: Caller<'_>, body: &[u8], id: &RequestId) -> Result<Answered, Problem> {
    let call = read(body, true)?;
    input::needed_ip(call.client.ip, service.policy(), service.policy().ip_failures.is_some())?;
    let decided = service.guard_failure(caller, &call).await.map_err(|e| refused::outage(&e))?;
    Ok(answer(decided, "recorded", id, stands))
}

/// Clears the failures that were recorded for this purpose.
///
/// # Errors
/// As above.
pub async fn success(service: &Service, caller: Caller<'_>, body: &[u8], id: &RequestId) -> Result<Answered, Problem> {
    let call = read(body, false)?;
    let decided = service.guard_success(caller, &call).await.map_err(|e| refused::outage(&e))?;
    Ok(answer(decided, "recorded", id, stands))
}

fn read(body: &[u8], with_ip: bool) -> Result<GuardCall, Problem> {
    let known: &[&str] = if with_ip { &["subject", "purpose", "ip"] } else { &["subject", "purpose"] };
    let mut fields = Fields::parse(body, known)?;
    let subject = input::subject(&mut fields)?;
    let purpose = input::optional_purpose(&mut fields)?.unwrap_or_else(|| DEFAULT_PURPOSE.to_owned());
    let ip = if with_ip { input::optional_ip(&mut fields)? } else { None };
    fields.finish()?;
    Ok(GuardCall { subject, purpose, client: Client { ip, ..Client::default() } })
}

fn answer<T, B: Serialize>(
    decided: Decided<Result<T, Refusal>>,
    outcome: &'static str,
    id: &RequestId,
    shown: impl Fn(&T) -> B,
) -> Answered {
    let answered = match &decided.decision {
        Ok(decision) => Answered::json(StatusCode::OK, &shown(decision), outcome, id),
        Err(refusal) => Answered::problem(refused::refusal(refusal), id),
    };
    answered.with_gauges(&decided.gauges)
}

fn stands(stands: &Stands) -> StandsBody {
    StandsBody {
        locked: stands.lock.is_some(),
        attempts_left: stands.attempts_left,
        locked_until: stands.lock.map(|(until, _)| rfc3339(until)),
        retry_after: stands.lock.map(|(until, now)| until.saturating_sub(now).div_ceil(1000)),
    }
}
