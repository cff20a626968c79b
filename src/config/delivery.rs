//! Delivery: which channels there are, who sends, and in which words.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use lettre::message::Mailbox;
use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use super::{
    reader::{Reader, Reported},
    table as env,
    value::{Value, not},
    variable::Kind,
};
use crate::{
    delivery::{
        DeliverySettings,
        smtp::{Relay, Security},
        templates::{Templates, is_locale},
    },
    tls,
};

/// Longest name of an app, in characters: a subject line has room for it and the code.
const APP_NAME_MAX: usize = 60;

/// A locale as templates are named for.
pub(super) struct Locale(String);

/// What the app calls itself in messages.
pub(super) struct AppName(String);

impl Value for Locale {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        is_locale(text).then(|| Self(text.to_owned())).ok_or_else(|| not("a locale such as `en` or `de-AT`", text))
    }
}

impl Value for AppName {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let fits = text.chars().count() <= APP_NAME_MAX && !text.contains(char::is_control);
        fits.then(|| Self(text.to_owned())).ok_or_else(|| not("at most 60 characters of one line", text))
    }
}

impl Value for Mailbox {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let known = text.parse::<Self>().ok().filter(|from| from.email.is_ascii_host());
        known.ok_or_else(|| not("a mail address, such as `Shop <no-reply@shop.example>`", text))
    }

    fn show(&self, text: &str) -> Json {
        text.into()
    }
}

/// Whether an address can be said to every relay.
trait AsciiHost {
    fn is_ascii_host(&self) -> bool;
}

impl AsciiHost for lettre::Address {
    fn is_ascii_host(&self) -> bool {
        crate::delivery::address::MailAddress::parse(self.as_ref())
            .is_some_and(|address| address.domain == self.domain())
    }
}

/// The channels and what they need; `None` where there are none.
pub(super) fn read(r: &mut Reader) -> Result<Option<DeliverySettings>, Reported> {
    let channels = relays(r);
    let (from, app_name) = (r.given(&env::OTP_DELIVERY_FROM), r.given(&env::OTP_APP_NAME));
    let locale = r.get(&env::OTP_LOCALE);
    let (timeout, tries) = (r.get(&env::OTP_DELIVERY_TIMEOUT), r.get(&env::OTP_DELIVERY_TRIES));
    let connections = r.get(&env::OTP_DELIVERY_CONNECTIONS);
    let (authority, dir) = (r.path(&env::OTP_DELIVERY_CA), r.path(&env::OTP_TEMPLATES_DIR));
    let channels = channels?;
    let Some(first) = channels.keys().next() else { return Ok(None) };
    let (from, locale) = (from?, locale?);
    let Some(from) = from else {
        let problem = format!("must be set when OTP_DELIVERY_URL__{} is: who sends", first.to_ascii_uppercase());
        return Err(r.mistake("OTP_DELIVERY_FROM", problem));
    };
    let encrypted = channels.values().any(|relay| relay.security != Security::Plain);
    let tls = encrypted.then(|| trusting(authority)).transpose().map_err(|why| r.mistake("OTP_DELIVERY_CA", why))?;
    for (name, relay) in channels.iter().filter(|(_, relay)| relay.security == Security::Plain) {
        if relay.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()) || relay.host == "localhost" {
            continue;
        }
        let problem = "sends codes, and a password where there is one, in the clear: whoever is on the way reads them";
        r.warn(&format!("OTP_DELIVERY_URL__{}", name.to_ascii_uppercase()), problem);
    }
    let names: BTreeSet<String> = channels.keys().cloned().collect();
    let templates = Templates::load(dir.as_deref(), &names, &locale.0);
    let templates = templates.map_err(|why| r.mistake("OTP_TEMPLATES_DIR", why))?;
    Ok(Some(DeliverySettings {
        channels,
        from,
        app_name: app_name?.map(|name| name.0),
        templates,
        timeout: timeout?,
        tries: tries?,
        connections: connections?,
        tls,
    }))
}

fn relays(r: &mut Reader) -> Result<BTreeMap<String, Relay>, Reported> {
    let (mut relays, mut good) = (BTreeMap::new(), Ok(()));
    if r.is_set(env::OTP_DELIVERY_URL.row.name) {
        good = Err(r.mistake("OTP_DELIVERY_URL", "must name a channel after `__`, such as OTP_DELIVERY_URL__EMAIL"));
    }
    if r.channels.is_empty() {
        r.show("OTP_DELIVERY_URL", "not set");
    }
    for channel in r.channels.clone() {
        let name = format!("OTP_DELIVERY_URL__{}", channel.to_ascii_uppercase());
        let Some(given) = r.secret_of(&name)? else { continue };
        match Relay::parse(given.text.expose_secret()) {
            Ok(relay) => {
                let scheme = match relay.security {
                    Security::Tls => "smtps",
                    Security::StartTls => "smtp",
                    Security::Plain => "smtp+plain",
                };
                r.show(&name, format!("set ({scheme})"));
                relays.insert(channel, relay);
            }
            Err(problem) => good = Err(r.mistake(&given.variable, problem)),
        }
    }
    good.map(|()| relays)
}

/// Trusts the authorities of a file, or those of the system.
fn trusting(authority: Option<PathBuf>) -> Result<Arc<ClientConfig>, String> {
    let authorities: Vec<CertificateDer<'static>> = match authority {
        None => rustls_native_certs::load_native_certs().certs,
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|_| "names a file that cannot be read, or that holds no certificates in PEM".to_owned())?,
    };
    let config = tls::client(authorities, None)
        .map_err(|_| "names no authority that could be trusted, and the system has none")?;
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols.clear();
    Ok(Arc::new(config))
}
