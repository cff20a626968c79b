//! How an event looks outside.

use serde_json::{Map, Value};

use super::ocsf;
use crate::config::Format;

/// An event that is to go out.
#[derive(Debug)]
pub(super) struct Message {
    /// `bucket-epoch-seq`: the same whenever it is sent.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// When it happened, ms since 1970.
    pub time_ms: u64,
    /// Its trail.
    pub trail: String,
    /// Of syslog, 0 to 7.
    pub severity: u8,
    /// What is told.
    pub data: Value,
}

impl Message {
    /// Shapes an event as [`super::reading`] has read it.
    pub fn new(mut event: Map<String, Value>, format: Format) -> Self {
        // Nobody outside can open it; older ones have what else was sealed.
        event.remove("sealed");
        event.remove("s");
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, trail, outcome) = (text("type"), text("trail"), text("outcome"));
        let time_ms = event.get("time_ms").and_then(Value::as_u64).unwrap_or_default();
        let severity = ocsf::syslog_severity(&kind, &outcome);
        let id = ocsf::id(&event);
        let data = match format {
            Format::Plain => Value::Object(event),
            Format::Ocsf => ocsf::event(event),
        };
        Self { id, kind, time_ms, trail, severity, data }
    }

    /// What is told, as JSON in ASCII: no mark of its order of bytes is needed, and it is one line.
    pub fn ascii(&self) -> String {
        let (json, mut out) = (self.data.to_string(), String::new());
        for part in json.chars() {
            if part.is_ascii() && part != '\x7f' {
                out.push(part);
            } else {
                part.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
            }
        }
        out
    }
}
