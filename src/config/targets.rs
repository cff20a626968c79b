//! Where a sink sends to, and which events.

use std::{path::PathBuf, sync::Arc};

use rustls::ClientConfig;

use super::{
    address::LONGEST_SOCKET_PATH,
    value::{Kind, Value, not},
};
use crate::{
    event::Kind as EventKind,
    net::{Endpoint, SYSLOG},
};

/// Where messages go.
#[derive(Debug, Clone)]
pub enum SyslogTarget {
    /// Datagrams to a socket of this machine, such as `/dev/log`.
    Unix(PathBuf),
    /// A server's stream.
    Stream {
        /// The server.
        to: Endpoint,
        /// Whether each message stands behind its length; else a line feed stands behind it.
        counts_octets: bool,
        /// What a handshake needs.
        tls: Option<Arc<ClientConfig>>,
    },
}

impl Value for SyslogTarget {
    fn parse(_: &Kind, url: &str) -> Result<Self, String> {
        const FORM: &str = "must be `unix:/dev/log`, `syslog+tcp://host:601` or `syslog+tls://host:6514`, the latter two \
                            with `?framing=lf` if need be";
        if let Some(path) = url.strip_prefix("unix:").filter(|path| path.starts_with('/') && !path.contains('?')) {
            return match path.len() {
                ..=LONGEST_SOCKET_PATH => Ok(Self::Unix(path.into())),
                _ => Err(format!("names a socket whose path has more than {LONGEST_SOCKET_PATH} bytes")),
            };
        }
        let to = Endpoint::read(url, SYSLOG).ok_or(FORM)?;
        let counts_octets = to.path == "/";
        if !counts_octets && to.path != "/?framing=lf" {
            return Err(FORM.into());
        }
        Ok(Self::Stream { to, counts_octets, tls: None })
    }
}

/// Which events are sent (`OTP_WEBHOOK_EVENTS`): types and families of them, or `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events(Vec<String>);

impl Events {
    /// Whether events of this type are sent.
    pub fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|word| word == "all" || is_of(kind, word))
    }
}

impl Value for Events {
    fn parse(_: &Kind, list: &str) -> Result<Self, String> {
        let known = |word: &str| word == "all" || EventKind::ALL.iter().any(|kind| is_of(kind.label(), word));
        let words = list.split(',').map(str::trim);
        match words.clone().find(|word| !known(word)) {
            Some(word) => Err(not("`all`, or types of events or families of them with commas between", word)),
            None => Ok(Self(words.map(str::to_owned).collect())),
        }
    }
}

fn is_of(kind: &str, word: &str) -> bool {
    kind.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
