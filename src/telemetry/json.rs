//! The log in JSON: one object a line, with the event's fields behind time and level.
//!
//! The library's own writer of this asks of each piece of a line whether it is text: half of what a line costs.

use std::{fmt, time::SystemTime};

use serde::{Serializer as _, ser::SerializeMap as _};
use tracing::{Event, Subscriber};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Bytes that nearly every line fits.
const USUAL_LINE: usize = 512;

/// Writes events as JSON. There are no spans.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let line = line(event).map_err(|_| fmt::Error)?;
        out.write_str(std::str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

fn line(event: &Event<'_>) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(USUAL_LINE);
    let mut json = serde_json::Serializer::new(&mut line);
    let mut fields = json.serialize_map(None)?;
    fields.serialize_entry("timestamp", &format_args!("{}", humantime::format_rfc3339_micros(SystemTime::now())))?;
    fields.serialize_entry("level", event.metadata().level().as_str())?;
    let mut visitor = SerdeMapVisitor::new(fields);
    event.record(&mut visitor);
    visitor.finish()?;
    line.push(b'\n');
    Ok(line)
}
