//! Sinks: who else is told of events, and how.

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret as _;

use super::{
    audit::AuditConfig,
    reader::Reader,
    table as env,
    targets::{Events, SyslogTarget},
    tls::read_pair,
    words::{Format, Names, Sink},
};
use crate::{
    net::{Client, Endpoint, Signer, WEB},
    tls::client,
};

/// Longest time for one event, from the connection on.
const TIMEOUT: Duration = Duration::from_secs(15);

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
        Some(SyslogTarget::Stream { to: Endpoint { secure: true, .. }, tls, .. }) => {
            *tls = r.right("OTP_SYSLOG_CA", client(authority.as_deref(), pair));
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
    let [url, secret] = [&env::OTP_WEBHOOK_URL, &env::OTP_WEBHOOK_SECRET].map(|variable| r.secret(variable));
    let (events, authority) = (r.get(&env::OTP_WEBHOOK_EVENTS), r.path(&env::OTP_WEBHOOK_CA));
    let endpoint = url.as_ref().and_then(|url| {
        let read = Endpoint::read(url.text.expose_secret(), WEB);
        r.right(&url.variable, read.ok_or("must be https:// or http:// with a host, without user and fragment"))
    });
    if authority.is_some() && !endpoint.as_ref().is_some_and(|endpoint| endpoint.secure) {
        r.warn("OTP_WEBHOOK_CA", "is not used, since OTP_WEBHOOK_URL does not begin with https://");
    }
    let [url, secret] = r.both(["OTP_WEBHOOK_URL", "OTP_WEBHOOK_SECRET"], [url, secret])?;
    let signer = r.right(&secret.variable, Signer::parse(secret.text.expose_secret()));
    let (signer, endpoint) = (signer?, endpoint?);
    r.show("OTP_WEBHOOK_URL", format!("set ({})", if endpoint.secure { "https" } else { "http" }));
    r.show("OTP_WEBHOOK_SECRET", "set");
    if !endpoint.secure && !endpoint.is_here() {
        r.warn(&url.variable, "sends events, and names where it may, in the clear: whoever is on the way reads them");
    }
    let tls = endpoint.secure.then(|| client(authority.as_deref(), None)).transpose();
    let tls = r.right("OTP_WEBHOOK_CA", tls)?;
    Some(WebhookTarget { client: Client::new(endpoint, tls, TIMEOUT).keeping(), signer, events })
}
