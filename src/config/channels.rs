//! Channels: who takes the messages of each, and how they are spoken to.

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

use lettre::message::Mailbox;
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    reader::{Reader, of_purpose},
    table as env,
};
use crate::{
    delivery::{
        Channel, Letter, Provider,
        address::AddressKind,
        http::{Form, Http, RequestFile},
        smtp::{Relay, Smtp},
        templates::{Occasion, SAMPLE, Templates},
    },
    files,
    net::{Client, Endpoint, Signer},
    tls,
};

/// The channel whose addresses are mail addresses, however it is spoken to.
const EMAIL: &str = "email";

/// Who takes the messages of a channel.
pub(super) struct Target {
    pub(super) kind: AddressKind,
    place: Place,
    secret: Option<SecretString>,
}

enum Place {
    Smtp(Relay),
    Http(Endpoint),
}

/// What holds of all of them.
pub(super) struct Common {
    pub(super) from: Option<Mailbox>,
    pub(super) authority: Option<PathBuf>,
    pub(super) dir: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) connections: usize,
}

pub(super) fn url_of(channel: &str) -> String {
    of_purpose(env::OTP_DELIVERY_URL.row.name, channel)
}

fn secret_of(channel: &str) -> String {
    of_purpose(env::OTP_DELIVERY_SECRET.row.name, channel)
}

/// The channels by name.
pub(super) fn targets(r: &mut Reader) -> BTreeMap<String, Target> {
    let mut targets = BTreeMap::new();
    for row in [env::OTP_DELIVERY_URL.row, env::OTP_DELIVERY_SECRET.row] {
        if r.is_set(row.name) {
            r.mistake(row.name, format!("must name a channel after `__`, such as {}__EMAIL", row.name));
        }
        if r.channels.is_empty() {
            r.show(row.name, "not set");
        }
    }
    for channel in r.channels.clone() {
        let (url_name, secret_name) = (url_of(&channel), secret_of(&channel));
        let is_set = r.is_set(&url_name);
        let (url, secret) = (r.secret_of(&url_name), r.secret_of(&secret_name));
        if !is_set {
            r.mistake(&secret_name, format!("is set, and {url_name} is not"));
        }
        let Some(url) = url else { continue };
        let text = url.text.expose_secret();
        let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
        let place = if is_web { Endpoint::parse(text).map(Place::Http) } else { Relay::parse(text).map(Place::Smtp) };
        let Some(place) = r.right(&url.variable, place) else { continue };
        r.show(&url_name, format!("set ({})", text.split("://").next().unwrap_or_default()));
        r.show(&secret_name, if secret.is_some() { "set" } else { "not set" });
        let by_mail = channel == EMAIL || matches!(place, Place::Smtp(_));
        let kind = if by_mail { AddressKind::Mail } else { AddressKind::Phone };
        targets.insert(channel, Target { kind, place, secret: secret.map(|secret| secret.text) });
    }
    targets
}

/// Prepares the channels, and tries each with a sample; nothing is sent.
pub(super) fn channels(
    r: &mut Reader,
    targets: BTreeMap<String, Target>,
    common: &Common,
    templates: &Templates,
) -> Option<BTreeMap<String, Channel>> {
    let encrypted = targets.values().any(|target| match &target.place {
        Place::Smtp(Relay { server, .. }) | Place::Http(server) => server.secure,
    });
    let tls = encrypted.then(|| tls::client(common.authority.as_deref(), None)).transpose();
    let tls = r.right("OTP_DELIVERY_CA", tls)?;
    let mut all = BTreeMap::new();
    for (name, Target { kind, place, secret }) in targets {
        let file = common.dir.as_ref().map(|dir| dir.join(format!("{name}.http"))).filter(|path| path.exists());
        let provider = match place {
            Place::Smtp(relay) => {
                let problem = format!("is not used, since {} names a relay of mails", url_of(&name));
                if file.is_some() {
                    r.warn("OTP_TEMPLATES_DIR", format!("holds `{name}.http`, which {problem}"));
                }
                if secret.is_some() {
                    r.warn(&secret_of(&name), problem);
                }
                smtp(r, &name, relay, common, tls.clone())?
            }
            Place::Http(endpoint) => {
                let form = form(r, &name, secret, file)?;
                let http = Http::new(Client::new(endpoint, tls.clone(), common.timeout), form);
                let occasion = Occasion { channel: &name, kind, ..SAMPLE };
                let words = r.right("OTP_TEMPLATES_DIR", templates.render(&occasion))?;
                let sample = Letter { id: "0", to: "+15550100", occasion: &occasion, words: &words };
                let tried = http.request(&sample).map_err(|why| format!("holds `{name}.http`, which {why}"));
                r.right("OTP_TEMPLATES_DIR", tried)?;
                Provider::Http(http)
            }
        };
        all.insert(name, Channel::new(kind, provider, common.connections));
    }
    Some(all)
}

fn smtp(r: &mut Reader, name: &str, relay: Relay, common: &Common, tls: Option<Arc<ClientConfig>>) -> Option<Provider> {
    let Some(from) = common.from.clone() else {
        if !r.are_wrong(&["OTP_DELIVERY_FROM"]) {
            r.mistake("OTP_DELIVERY_FROM", format!("must be set when {} is: who sends", url_of(name)));
        }
        return None;
    };
    if !relay.server.secure && !relay.server.is_here() {
        let problem = "sends codes, and a password where there is one, in the clear: whoever is on the way reads them";
        r.warn(&url_of(name), problem);
    }
    let smtp = Smtp::new(relay, tls, from, common.timeout, common.connections);
    Some(Provider::Smtp(Box::new(smtp)))
}

/// As the request file of a channel says, or by our own signed JSON.
fn form(r: &mut Reader, name: &str, secret: Option<SecretString>, file: Option<PathBuf>) -> Option<Form> {
    if let Some(path) = file {
        let text = files::open_given(&path).and_then(io::read_to_string);
        let file =
            text.map_err(|error| format!("cannot be read: {error}")).and_then(|text| RequestFile::parse(&text, secret));
        let file = file.map_err(|why| format!("holds `{name}.http`, which {why}"));
        return r.right("OTP_TEMPLATES_DIR", file).map(|file| Form::File(Box::new(file)));
    }
    let problem = || format!("must be set when {} is, and no file says how to ask it: `whsec_…`", url_of(name));
    let secret = r.right(&secret_of(name), secret.ok_or_else(problem))?;
    r.right(&secret_of(name), Signer::parse(secret.expose_secret())).map(Form::Signed)
}
