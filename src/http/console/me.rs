//! `GET /admin/v1/me`: who calls, and what they may do.

use hyper::StatusCode;
use serde::Serialize;

use crate::http::{
    RequestId,
    auth::Operator,
    calls::{Answered, admin::input::Tenants},
};

#[derive(Serialize)]
struct Me<'a> {
    actor: &'a str,
    /// Whether they may do more than look.
    changes: bool,
    /// Whose users there are.
    tenants: &'a [String],
    /// Whether names are kept: else users are references only.
    names: bool,
    version: &'static str,
}

/// Tells it. It is about nobody else, so that no event is written for it.
pub fn me(operator: &Operator, tenants: &Tenants, names: bool, id: &RequestId) -> Answered {
    let version = env!("CARGO_PKG_VERSION");
    let me = Me { actor: &operator.name, changes: operator.changes, tenants: tenants.all(), names, version };
    Answered::json(StatusCode::OK, &me, "ok", id)
}
