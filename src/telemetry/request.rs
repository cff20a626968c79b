//! The line of a request.

/// What is told of a request: how it ended, nothing of its content.
#[derive(Debug, Clone, Copy)]
pub struct RequestLine<'a> {
    /// The listener; unknown where the head was refused.
    pub listener: Option<&'static str>,
    /// What was asked.
    pub operation: &'static str,
    /// How it ended.
    pub outcome: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// From the head to the answer, microseconds.
    pub micros: u64,
    /// The request's id.
    pub request_id: &'a str,
    /// On whose behalf.
    pub tenant: Option<&'a str>,
    /// The operator whose call it is.
    pub actor: Option<&'a str>,
    /// The trace it belongs to.
    pub trace_id: Option<&'a str>,
}

impl RequestLine<'_> {
    /// Writes it, at level INFO.
    pub fn info(self) {
        let Self { listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id } = self;
        tracing::info!(listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id, "request");
    }
}
