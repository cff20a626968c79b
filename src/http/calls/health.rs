//! `GET /livez` and `GET /readyz`

use std::sync::atomic::{AtomicBool, Ordering};

use hyper::{
    StatusCode,
    header::{HeaderValue, RETRY_AFTER},
};
use serde::Serialize;

use super::Answered;
use crate::{http::RequestId, store::Store};

/// Whether we are on our way out.
#[derive(Debug, Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// From now on nothing new should be sent here.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether that has been said.
    pub fn begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Serialize)]
struct Body {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// 200 as long as we run.
pub fn livez(id: &RequestId) -> Answered {
    Answered::json(StatusCode::OK, &Body { status: "ok", reason: None }, "ok", id)
}

/// 200 when calls can be decided; 503 with a reason when they cannot.
pub fn readyz(store: &Store, draining: &Draining, id: &RequestId) -> Answered {
    let reason = match (draining.begun(), store.ready()) {
        (true, _) => "draining",
        (false, false) => "store",
        (false, true) => return Answered::json(StatusCode::OK, &Body { status: "ready", reason: None }, "ok", id),
    };
    let body = Body { status: "not_ready", reason: Some(reason) };
    let mut answered = Answered::json(StatusCode::SERVICE_UNAVAILABLE, &body, "store_unavailable", id);
    answered.reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    answered
}
