//! The line of a request. There is one for each, so it is written without the detour over an event where the log is JSON.

use std::{cell::RefCell, sync::OnceLock, time::SystemTime};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::sink::Sink;

/// Where JSON lines go; unset where the log is for people, or was never started.
pub(super) static JSON: OnceLock<Sink> = OnceLock::new();

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
        let Some(sink) = JSON.get() else { return self.event() };
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        thread_local! {
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            // Neither text nor numbers fail to be written to memory.
            if serde_json::to_writer(&mut *buffer, &Timed(self, SystemTime::now())).is_ok() {
                buffer.push(b'\n');
                sink.line(buffer);
            }
        });
    }

    fn event(self) {
        let Self { listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id } = self;
        tracing::info!(listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id, "request");
    }
}

/// A line and its time, with the names and in the order that `tracing-subscriber` gives all others.
struct Timed<'a>(RequestLine<'a>, SystemTime);

impl Serialize for Timed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(line, time) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &format_args!("{}", humantime::format_rfc3339_micros(*time)))?;
        map.serialize_entry("level", "INFO")?;
        map.serialize_entry("message", "request")?;
        if let Some(listener) = line.listener {
            map.serialize_entry("listener", listener)?;
        }
        map.serialize_entry("operation", line.operation)?;
        map.serialize_entry("outcome", line.outcome)?;
        map.serialize_entry("status", &line.status)?;
        map.serialize_entry("micros", &line.micros)?;
        map.serialize_entry("request_id", line.request_id)?;
        if let Some(tenant) = line.tenant {
            map.serialize_entry("tenant", tenant)?;
        }
        if let Some(actor) = line.actor {
            map.serialize_entry("actor", actor)?;
        }
        if let Some(trace_id) = line.trace_id {
            map.serialize_entry("trace_id", trace_id)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use tracing_subscriber::fmt::time::FormatTime;

    use super::*;

    const LINE: RequestLine<'static> = RequestLine {
        listener: Some("app"),
        operation: "send",
        outcome: "issued",
        status: 201,
        micros: 87,
        request_id: "a\"},{\"level\":\"ERROR\\",
        tenant: Some("shop"),
        actor: None,
        trace_id: None,
    };

    /// Always the same time.
    struct Fixed;

    impl FormatTime for Fixed {
        fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
            write!(w, "2026-01-02T03:04:05.678901Z")
        }
    }

    #[test]
    fn it_is_the_line_that_an_event_would_be() {
        let buffer = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_timer(Fixed);
        let out = std::sync::Arc::clone(&buffer);
        let log = log.with_writer(move || Tee(std::sync::Arc::clone(&out))).finish();
        let log = tracing::Dispatch::new(log);
        let time = UNIX_EPOCH + Duration::from_micros(1_767_323_045_678_901);
        for line in
            [LINE, RequestLine { listener: None, tenant: None, actor: Some("ops"), trace_id: Some("4bf92f35"), ..LINE }]
        {
            buffer.lock().unwrap().clear();
            tracing::dispatcher::with_default(&log, || line.event());
            let by_hand = serde_json::to_string(&Timed(line, time)).unwrap() + "\n";
            assert_eq!(by_hand, String::from_utf8(buffer.lock().unwrap().clone()).unwrap());
        }
    }

    struct Tee(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Tee {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
