//! What each of the app's calls is: how its body is read, what decides about it, and which answer that makes.

use hyper::{StatusCode, header::HeaderMap};

use super::{Answered, check, delivery, guard, idempotency, input, route::Operation, send};
use crate::{
    http::{Code, Fields, Problem, RequestId, reply},
    policy::Outcome,
    service::{Caller, Service},
};

/// A call that came whole.
#[derive(Debug)]
pub struct Call<'a> {
    /// Which it is.
    pub operation: Operation,
    /// The id in its path, empty where that has none.
    pub verification: &'a str,
    /// Its headers, of which one is the `Idempotency-Key`.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

impl Call<'_> {
    /// Has it done.
    ///
    /// # Errors
    /// A problem where it cannot be understood or nothing was decided.
    pub async fn answer(&self, service: &Service, caller: Caller<'_>, id: &RequestId) -> Result<Answered, Problem> {
        let Self { verification, headers, body, .. } = *self;
        let policy = service.policy();
        match self.operation {
            Operation::Send => {
                let call = send::read(service, body, idempotency::read(headers)?)?;
                input::needed_ip(call.client.ip, policy, policy.ip_sends.is_some())?;
                let decision = service.send(caller, call).await?;
                Ok(Answered::decided(StatusCode::CREATED, &decision, |_| "issued", id))
            }
            Operation::Check => {
                let call = check::read(service, body, idempotency::read(headers)?)?;
                let decision = service.check(caller, call).await?;
                Ok(Answered::decided(StatusCode::OK, &decision, |verdict| verdict.outcome.label(), id))
            }
            Operation::Get => {
                let verification = service.get(caller, verification).await?;
                Ok(Answered::json(StatusCode::OK, &verification, verification.outcome.label(), id))
            }
            Operation::Cancel => {
                Fields::parse_optional(body, &[])?.finish()?;
                let canceled = service.end(caller, verification, Outcome::Canceled).await?;
                Ok(Answered::json(StatusCode::OK, &canceled, canceled.noted.state.label(), id))
            }
            Operation::Delivery => {
                let delivered = delivery::read(body)?;
                service.delivery(caller, verification, delivered).await?;
                let outcome = if delivered { "delivered" } else { "failed" };
                Ok(Answered { reply: reply::no_content(id), outcome })
            }
            Operation::Report => {
                let outcome = if delivery::read_not_me(body)? {
                    service.report(caller, verification).await?;
                    "reported"
                } else {
                    service.confirm(caller, verification).await?;
                    "confirmed"
                };
                Ok(Answered { reply: reply::no_content(id), outcome })
            }
            Operation::GuardRequest => {
                let call = guard::read(body, true)?;
                input::needed_ip(call.client.ip, policy, policy.ip_sends.is_some())?;
                let decision = service.guard_request(caller, &call).await?;
                Ok(Answered::decided(StatusCode::OK, &decision, |_| "recorded", id))
            }
            Operation::GuardFailure => {
                let call = guard::read(body, true)?;
                input::needed_ip(call.client.ip, policy, policy.ip_failures.is_some())?;
                let decision = service.guard_failure(caller, &call).await?;
                Ok(Answered::decided(StatusCode::OK, &decision, |_| "recorded", id))
            }
            Operation::GuardSuccess => {
                let decision = service.guard_success(caller, &guard::read(body, false)?).await?;
                Ok(Answered::decided(StatusCode::OK, &decision, |_| "recorded", id))
            }
            Operation::Status => {
                let call = guard::read(body, false)?;
                Ok(Answered::ok(&service.status(caller, &call.subject, &call.purpose).await?, id))
            }
            _ => Err(Code::NotFound.into()),
        }
    }
}
