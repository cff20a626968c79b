//! Sinks: who else is told of events, and how.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rustls::ClientConfig;
use secrecy::ExposeSecret as _;

use super::{
    audit::AuditConfig,
    channels::trusting,
    reader::{Reader, Reported},
    table as env,
    tls::read_pair,
    value::{Value, not},
    variable::Kind,
    words::Sink,
};
use crate::{
    event::Kind as EventKind,
    net::{Client, Endpoint, Signer},
};

/// Longest time for one event, from the connection on.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A family of types that has no member yet.
const SUSPICIOUS: &str = "suspicious";

/// How events look outside (`OTP_EXPORT_FORMAT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As in the trail.
    Plain,
    /// As the Open Cybersecurity Schema Framework has them, 1.5.0.
    Ocsf,
}

/// Who is told whom an event is about (`OTP_EXPORT_NAMES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Nobody.
    None,
    /// The app, at its webhook: it gave the names, and cannot resolve a reference.
    Webhook,
    /// Every sink.
    All,
}

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
        if let Some(path) = url.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Self::Unix(path.into()));
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
pub(super) fn read(r: &mut Reader, audit: Option<&AuditConfig>) -> Result<SinkSettings, Reported> {
    let (format, names) = (r.get(&env::OTP_EXPORT_FORMAT), r.get(&env::OTP_EXPORT_NAMES));
    let (syslog, webhook) = (syslog(r), webhook(r));
    let settings = SinkSettings { format: format?, names: names?, syslog: syslog?, webhook: webhook?.map(Arc::new) };
    let (by_syslog, by_webhook) = (settings.syslog.is_some(), settings.webhook.is_some());
    for (variable, is_set) in [("OTP_SYSLOG_URL", by_syslog), ("OTP_WEBHOOK_URL", by_webhook)] {
        if is_set && audit.is_some_and(|audit| audit.sink == Sink::Stdout) {
            let problem = "reads the trail, which OTP_AUDIT_SINK=stdout does not keep: set it to dir or dir,stdout";
            return Err(r.mistake(variable, problem));
        }
    }
    Ok(settings)
}

fn syslog(r: &mut Reader) -> Result<Option<SyslogTarget>, Reported> {
    let (target, authority) = (r.given(&env::OTP_SYSLOG_URL), r.path(&env::OTP_SYSLOG_CA));
    let pair = read_pair(r, [&env::OTP_SYSLOG_CERT, &env::OTP_SYSLOG_KEY])?;
    let mut target = target?;
    match &mut target {
        Some(SyslogTarget::Stream { secure: true, tls, .. }) => {
            *tls = Some(trusting(authority, pair).map_err(|why| r.mistake("OTP_SYSLOG_CA", why))?);
        }
        _ if authority.is_some() || pair.is_some() => {
            let name = if authority.is_some() { "OTP_SYSLOG_CA" } else { "OTP_SYSLOG_CERT" };
            r.warn(name, "is not used, since OTP_SYSLOG_URL does not begin with syslog+tls");
        }
        _ => {}
    }
    Ok(target)
}

fn webhook(r: &mut Reader) -> Result<Option<WebhookTarget>, Reported> {
    let (url, secret) = (r.secret(&env::OTP_WEBHOOK_URL), r.secret(&env::OTP_WEBHOOK_SECRET));
    let (events, authority) = (r.get(&env::OTP_WEBHOOK_EVENTS), r.path(&env::OTP_WEBHOOK_CA));
    let (url, secret) = match (url?, secret?) {
        (Some(url), Some(secret)) => (url, secret),
        (None, None) => return Ok(None),
        (Some(url), None) => {
            return Err(r.mistake("OTP_WEBHOOK_SECRET", format!("must be set when {} is: `whsec_…`", url.variable)));
        }
        (None, Some(secret)) => {
            return Err(r.mistake("OTP_WEBHOOK_URL", format!("must be set when {} is", secret.variable)));
        }
    };
    let signer = Signer::parse(secret.text.expose_secret()).map_err(|why| r.mistake(&secret.variable, why));
    let endpoint = Endpoint::read(url.text.expose_secret())
        .ok_or_else(|| r.mistake(&url.variable, "must be https:// or http:// with a host, without user and fragment"));
    let (signer, endpoint) = (signer?, endpoint?);
    r.show("OTP_WEBHOOK_URL", format!("set ({})", if endpoint.secure { "https" } else { "http" }));
    r.show("OTP_WEBHOOK_SECRET", "set");
    if !endpoint.secure && !endpoint.is_here() {
        r.warn(&url.variable, "sends events, and names where it may, in the clear: whoever is on the way reads them");
    }
    let tls = endpoint.secure.then(|| trusting(authority, None)).transpose();
    let tls = tls.map_err(|why| r.mistake("OTP_WEBHOOK_CA", why))?;
    Ok(Some(WebhookTarget { client: Client::new(endpoint, tls, TIMEOUT), signer, events: events? }))
}
