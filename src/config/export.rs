//! Sinks: who else is told of events, and how.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rustls::ClientConfig;
use secrecy::ExposeSecret as _;

use super::{
    address::LONGEST_SOCKET_PATH,
    audit::AuditConfig,
    channels::trusting,
    reader::Reader,
    table as env,
    tls::read_pair,
    value::{Value, not},
    variable::Kind,
    words::{Format, Names, Sink},
};
use crate::{
    event::Kind as EventKind,
    net::{Client, Endpoint, Signer},
};

/// Longest time for one event, from the connection on.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A family of types that has no member yet.
const SUSPICIOUS: &str = "suspicious";

/// What goes out, and where to.
#[derive(Debug, Clone)]
pub struct SinkSettings {
    /// How it looks.
    pub format: Format,
    /// Who learns names.
    pub names: Names,
    /// `OTP_SYSLOG_URL`.
    pub syslog: Option<SyslogTarget>,
    /// `OTP_WEBHOOK_URL`.
    pub webhook: Option<Arc<WebhookTarget>>,
}

/// How messages are parted in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Each behind its length.
    Octets,
    /// Each with a line feed behind it, for receivers that do not count.
    LineFeed,
}

/// Where messages go.
#[derive(Debug, Clone)]
pub enum SyslogTarget {
    /// Datagrams to a socket of this machine, such as `/dev/log`.
    Unix(PathBuf),
    /// A server's stream, in TLS where there is something to speak it with.
    Stream {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Whether it speaks TLS.
        secure: bool,
        /// How messages are parted.
        framing: Framing,
        /// What a handshake needs.
        tls: Option<Arc<ClientConfig>>,
    },
}

impl SyslogTarget {
    /// Reads `unix:<path>`, `syslog+tcp://host[:601]` or `syslog+tls://host[:6514]`, the latter two with `?framing=lf` for
    /// receivers that do not count octets.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be `unix:/dev/log`, `syslog+tcp://host:601` or `syslog+tls://host:6514`, with \
                            `?framing=lf` if need be";
        const PATH: &str = "must name a socket by an absolute path of at most 107 bytes after `unix:`, without `?`, as \
                             framing is for streams";
        if let Some(path) = url.strip_prefix("unix:") {
            let fits = path.starts_with('/') && path.len() <= LONGEST_SOCKET_PATH && !path.contains('?');
            return if fits { Ok(Self::Unix(path.into())) } else { Err(PATH) };
        }
        let (secure, usual, rest) = match url.split_once("://").ok_or(FORM)? {
            ("syslog+tcp", rest) => (false, 601, rest),
            ("syslog+tls", rest) => (true, 6514, rest),
            _ => return Err(FORM),
        };
        let (rest, framing) = match rest.split_once('?') {
            None => (rest, Framing::Octets),
            Some((rest, "framing=lf")) => (rest, Framing::LineFeed),
            Some(_) => return Err(FORM),
        };
        let Endpoint { host, port, authority, path, .. } = Endpoint::read(&format!("https://{rest}")).ok_or(FORM)?;
        let named = authority.rsplit_once(':').filter(|_| !authority.ends_with(']')).map(|(_, port)| port);
        if path != "/" || named.is_some_and(|text| *text != port.to_string() || port == 0) {
            return Err(FORM);
        }
        let port = if named.is_some() { port } else { usual };
        Ok(Self::Stream { host, port, secure, framing, tls: None })
    }
}

/// Which events are sent (`OTP_WEBHOOK_EVENTS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events(Vec<String>);

impl Events {
    /// Reads `all`, or types with commas between; a family, such as `admin`, stands for all of it.
    ///
    /// # Errors
    /// The first word that is neither.
    pub fn parse(list: &str) -> Result<Self, &str> {
        let known = |word: &str| {
            let of = |kind: &EventKind| is_of(kind.label(), word);
            word == "all" || word == SUSPICIOUS || EventKind::ALL.iter().any(of)
        };
        let words = list.split(',').map(str::trim);
        words.map(|word| if known(word) { Ok(word.to_owned()) } else { Err(word) }).collect::<Result<_, _>>().map(Self)
    }

    /// Whether events of this type are sent.
    pub fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|word| word == "all" || is_of(kind, word))
    }
}

fn is_of(kind: &str, word: &str) -> bool {
    kind.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Where events go, and which.
#[derive(Debug)]
pub struct WebhookTarget {
    /// The receiver.
    pub client: Client,
    /// Signs.
    pub signer: Signer,
    /// Which.
    pub events: Events,
}

impl Value for SyslogTarget {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(Into::into)
    }
}

impl Value for Events {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|word| not("`all`, or types of events or families of them with commas between", word))
    }
}

/// What goes out, and where to; the trail must be in a directory for that.
pub(super) fn read(r: &mut Reader, audit: &AuditConfig) -> SinkSettings {
    let settings = SinkSettings {
        format: r.get(&env::OTP_EXPORT_FORMAT),
        names: r.get(&env::OTP_EXPORT_NAMES),
        syslog: syslog(r),
        webhook: webhook(r).map(Arc::new),
    };
    let (by_syslog, by_webhook) = (settings.syslog.is_some(), settings.webhook.is_some());
    for (variable, is_set) in [("OTP_SYSLOG_URL", by_syslog), ("OTP_WEBHOOK_URL", by_webhook)] {
        if is_set && audit.sink == Sink::Stdout {
            let problem = "reads the trail, which OTP_AUDIT_SINK=stdout does not keep: set it to dir or dir,stdout";
            r.mistake(variable, problem);
        }
    }
    settings
}

fn syslog(r: &mut Reader) -> Option<SyslogTarget> {
    let (mut target, authority) = (r.given(&env::OTP_SYSLOG_URL), r.path(&env::OTP_SYSLOG_CA));
    let pair = read_pair(r, [&env::OTP_SYSLOG_CERT, &env::OTP_SYSLOG_KEY]);
    match &mut target {
        Some(SyslogTarget::Stream { secure: true, tls, .. }) => {
            *tls = r.right("OTP_SYSLOG_CA", trusting(authority.as_deref(), pair));
        }
        _ if authority.is_some() || pair.is_some() => {
            let name = if authority.is_some() { "OTP_SYSLOG_CA" } else { "OTP_SYSLOG_CERT" };
            r.warn(name, "is not used, since OTP_SYSLOG_URL does not begin with syslog+tls");
        }
        _ => {}
    }
    target
}

fn webhook(r: &mut Reader) -> Option<WebhookTarget> {
    let (has_url, has_secret) = (r.is_set("OTP_WEBHOOK_URL"), r.is_set("OTP_WEBHOOK_SECRET"));
    let (url, secret) = (r.secret(&env::OTP_WEBHOOK_URL), r.secret(&env::OTP_WEBHOOK_SECRET));
    let (events, authority) = (r.get(&env::OTP_WEBHOOK_EVENTS), r.path(&env::OTP_WEBHOOK_CA));
    match (&url, &secret) {
        (Some(url), None) if !has_secret => {
            r.mistake("OTP_WEBHOOK_SECRET", format!("must be set when {} is: `whsec_…`", url.variable));
        }
        (None, Some(secret)) if !has_url => {
            r.mistake("OTP_WEBHOOK_URL", format!("must be set when {} is", secret.variable));
        }
        _ => {}
    }
    let endpoint = url.as_ref().and_then(|url| {
        let read = Endpoint::read(url.text.expose_secret());
        r.right(&url.variable, read.ok_or("must be https:// or http:// with a host, without user and fragment"))
    });
    if authority.is_some() && !endpoint.as_ref().is_some_and(|endpoint| endpoint.secure) {
        r.warn("OTP_WEBHOOK_CA", "is not used, since OTP_WEBHOOK_URL does not begin with https://");
    }
    let (url, secret) = (url?, secret?);
    let signer = r.right(&secret.variable, Signer::parse(secret.text.expose_secret()));
    let (signer, endpoint) = (signer?, endpoint?);
    r.show("OTP_WEBHOOK_URL", format!("set ({})", if endpoint.secure { "https" } else { "http" }));
    r.show("OTP_WEBHOOK_SECRET", "set");
    if !endpoint.secure && !endpoint.is_here() {
        r.warn(&url.variable, "sends events, and names where it may, in the clear: whoever is on the way reads them");
    }
    let tls = endpoint.secure.then(|| trusting(authority.as_deref(), None)).transpose();
    let tls = r.right("OTP_WEBHOOK_CA", tls)?;
    Some(WebhookTarget { client: Client::new(endpoint, tls, TIMEOUT), signer, events })
}
