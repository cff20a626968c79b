//! An answer together with the word that metrics and the log have for it.

use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::Serialize;

use crate::{
    http::{Problem, Reply, RequestId, reply},
    policy::Gauge,
};

use super::rate_limit;

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// See the module.
#[derive(Debug)]
pub struct Answered {
    /// The response.
    pub reply: Reply,
    /// One of those of its operation in [`crate::metrics::REQUESTS`].
    pub outcome: &'static str,
}

impl Answered {
    /// A plain answer.
    pub fn json<T: Serialize>(status: StatusCode, body: &T, outcome: &'static str, id: &RequestId) -> Self {
        Self { reply: reply::json(status, body, id), outcome }
    }

    /// A refusal or an outage.
    pub fn problem(problem: Problem, id: &RequestId) -> Self {
        let outcome = problem.code().name();
        Self { reply: problem.into_reply(id), outcome }
    }

    /// Says so if this answer was given before.
    #[must_use]
    pub fn replayed(mut self, replayed: bool) -> Self {
        if replayed {
            self.reply.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        self
    }

    /// Adds how full the limits are.
    #[must_use]
    pub fn with_gauges(mut self, gauges: &[Gauge]) -> Self {
        rate_limit::add(self.reply.headers_mut(), gauges);
        self
    }
}
