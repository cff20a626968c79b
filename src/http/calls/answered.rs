//! An answer together with the word that metrics and the log have for it.

use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::Serialize;

use super::{rate_limit, refused};
use crate::{
    http::{Problem, Reply, RequestId, reply},
    service::Decision,
};

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A response and how its request ended.
#[derive(Debug)]
pub struct Answered {
    /// The response.
    pub reply: Reply,
    /// One of those of its operation in [`crate::metrics::REQUESTS`].
    pub outcome: &'static str,
}

impl Answered {
    /// Answers in JSON.
    pub fn json<T: Serialize>(status: StatusCode, body: &T, outcome: &'static str, id: &RequestId) -> Self {
        Self { reply: reply::json(status, body, id), outcome }
    }

    /// Answers 200, about which there is nothing more to count.
    pub fn ok<T: Serialize>(body: &T, id: &RequestId) -> Self {
        Self::json(StatusCode::OK, body, "ok", id)
    }

    /// Refuses, or tells an outage.
    pub fn problem(problem: Problem, id: &RequestId) -> Self {
        let outcome = problem.code().name();
        Self { reply: problem.into_reply(id), outcome }
    }

    /// Tells what was decided, how full the limits are, and whether it was told before.
    pub fn decided<T: Serialize>(
        status: StatusCode,
        decision: &Decision<T>,
        outcome: impl Fn(&T) -> &'static str,
        id: &RequestId,
    ) -> Self {
        let mut answered = match &decision.outcome {
            Ok(answer) => Self::json(status, answer, outcome(answer), id),
            Err(refusal) => Self::problem(refused::refusal(refusal), id),
        };
        let headers = answered.reply.headers_mut();
        rate_limit::add(headers, &decision.limits);
        if decision.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        answered
    }
}
