//! Channels: who takes the messages of each, and how they are spoken to.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use lettre::message::Mailbox;
use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    reader::{Reader, Reported},
    table as env,
};
use crate::{
    delivery::{
        Channel, Letter, Provider,
        address::AddressKind,
        http::{Form, Http, RequestFile},
        smtp::{Relay, Security, Smtp},
        templates::{Occasion, SAMPLE, Templates},
    },
    net::{Client, Endpoint, Signer},
    tls::{self, ClientError, Pair},
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
    format!("OTP_DELIVERY_URL__{}", channel.to_ascii_uppercase())
}

fn secret_of(channel: &str) -> String {
    format!("OTP_DELIVERY_SECRET__{}", channel.to_ascii_uppercase())
}

/// The channels by name.
pub(super) fn targets(r: &mut Reader) -> Result<BTreeMap<String, Target>, Reported> {
    let (mut targets, mut good) = (BTreeMap::new(), Ok(()));
    for row in [env::OTP_DELIVERY_URL.row, env::OTP_DELIVERY_SECRET.row] {
        if r.is_set(row.name) {
            let problem = format!("must name a channel after `__`, such as {}__EMAIL", row.name);
            good = Err(r.mistake(row.name, problem));
        }
        if r.channels.is_empty() {
            r.show(row.name, "not set");
        }
    }
    for channel in r.channels.clone() {
        let (url, secret) = (r.secret_of(&url_of(&channel))?, r.secret_of(&secret_of(&channel))?);
        let Some(url) = url else {
            good = Err(r.mistake(&secret_of(&channel), format!("is set, and {} is not", url_of(&channel))));
            continue;
        };
        let (text, name) = (url.text.expose_secret(), url_of(&channel));
        let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
        let place = if is_web { Endpoint::parse(text).map(Place::Http) } else { Relay::parse(text).map(Place::Smtp) };
        match place {
            Ok(place) => {
                r.show(&name, format!("set ({})", text.split("://").next().unwrap_or_default()));
                r.show(&secret_of(&channel), if secret.is_some() { "set" } else { "not set" });
                let by_mail = channel == EMAIL || matches!(place, Place::Smtp(_));
                let kind = if by_mail { AddressKind::Mail } else { AddressKind::Phone };
                targets.insert(channel, Target { kind, place, secret: secret.map(|secret| secret.text) });
            }
            Err(problem) => good = Err(r.mistake(&url.variable, problem)),
        }
    }
    good.map(|()| targets)
}

/// Prepares the channels, and tries each with a sample; nothing is sent.
pub(super) fn channels(
    r: &mut Reader,
    targets: BTreeMap<String, Target>,
    common: Common,
    templates: &Templates,
) -> Result<BTreeMap<String, Channel>, Reported> {
    let encrypted = targets.values().any(|target| match &target.place {
        Place::Smtp(relay) => relay.security != Security::Plain,
        Place::Http(endpoint) => endpoint.secure,
    });
    let tls = encrypted.then(|| trusting(common.authority.clone(), None)).transpose();
    let tls = tls.map_err(|why| r.mistake("OTP_DELIVERY_CA", why))?;
    let mut all = BTreeMap::new();
    for (name, Target { kind, place, secret }) in targets {
        let provider = match place {
            Place::Smtp(relay) => smtp(r, &name, relay, &common, tls.clone())?,
            Place::Http(endpoint) => {
                let client = Client::new(endpoint, tls.clone(), common.timeout);
                let form = form(r, &name, secret, &common)?;
                let http = Http::new(client, form);
                let occasion = Occasion { channel: &name, kind, ..SAMPLE };
                let words = templates.render(&occasion).map_err(|why| r.mistake("OTP_TEMPLATES_DIR", why))?;
                let sample = Letter { id: "0", to: "+15550100", occasion: &occasion, words: &words };
                let tried = http.request(&sample);
                tried.map_err(|why| r.mistake("OTP_TEMPLATES_DIR", format!("holds `{name}.http`, which {why}")))?;
                Provider::Http(http)
            }
        };
        all.insert(name, Channel::new(kind, provider, common.connections));
    }
    Ok(all)
}

fn smtp(
    r: &mut Reader,
    name: &str,
    relay: Relay,
    common: &Common,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Provider, Reported> {
    let Some(from) = common.from.clone() else {
        return Err(r.mistake("OTP_DELIVERY_FROM", format!("must be set when {} is: who sends", url_of(name))));
    };
    let is_here = relay.host == "localhost" || relay.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if relay.security == Security::Plain && !is_here {
        let problem = "sends codes, and a password where there is one, in the clear: whoever is on the way reads them";
        r.warn(&url_of(name), problem);
    }
    let smtp = Smtp::new(relay, tls, from.email.domain(), common.timeout, common.connections);
    Ok(Provider::Smtp(smtp, Box::new(from)))
}

/// As the request file of a channel says, or by our own signed JSON.
fn form(r: &mut Reader, name: &str, secret: Option<SecretString>, common: &Common) -> Result<Form, Reported> {
    let path = common.dir.as_ref().map(|dir| dir.join(format!("{name}.http"))).filter(|path| path.exists());
    let Some(path) = path else {
        let Some(secret) = secret else {
            let problem = format!("must be set when {} is, and no file says how to ask it: `whsec_…`", url_of(name));
            return Err(r.mistake(&secret_of(name), problem));
        };
        let signer = Signer::parse(secret.expose_secret());
        return signer.map(Form::Signed).map_err(|why| r.mistake(&secret_of(name), why));
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {}", error.kind()));
    let file = text.and_then(|text| RequestFile::parse(&text, secret));
    let file = file.map_err(|why| r.mistake("OTP_TEMPLATES_DIR", format!("holds `{name}.http`, which {why}")));
    file.map(|file| Form::File(Box::new(file)))
}

/// Trusts the authorities of a file, or those of the system; shows `own` where asked to.
pub(super) fn trusting(authority: Option<PathBuf>, own: Option<Pair>) -> Result<Arc<ClientConfig>, String> {
    let authorities: Vec<CertificateDer<'static>> = match authority {
        None => rustls_native_certs::load_native_certs().certs,
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|_| "names a file that cannot be read, or that holds no certificates in PEM".to_owned())?,
    };
    let config = tls::client(authorities, own).map_err(|error| match error {
        ClientError::Own(why) => format!("is fine, but our own certificate with its key cannot be used: {why}"),
        _ => "names no authority that could be trusted, and the system has none".to_owned(),
    })?;
    // Relays would be offered HTTP; whoever speaks HTTP speaks 1.1 where nothing is offered.
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols.clear();
    Ok(Arc::new(config))
}
