//! `otp-sidecar deliver`: sends a sample, and prints what the provider said.

use std::{ffi::OsString, io::Write};

use super::{
    check_config::checked,
    exit::{Exit, written},
};
use crate::{
    config::Config,
    delivery::{
        Channel, DeliverySettings, Letter, Reason,
        address::AddressKind,
        templates::{Occasion, SAMPLE},
    },
    secret::hex,
};

/// What to deliver.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Deliver {
    /// A channel, such as `email`
    channel: String,
    /// Where to
    address: String,
    /// Whose templates: a tenant of OTP_API_KEYS
    #[arg(long, default_value = "default")]
    tenant: String,
    /// What for
    #[arg(long, default_value = crate::service::DEFAULT_PURPOSE)]
    purpose: String,
    /// In which language
    #[arg(long)]
    locale: Option<String>,
}

/// Delivers a sample by the environment that `serve` has; nothing is stored or counted.
pub fn run(
    call: &Deliver,
    env: impl IntoIterator<Item = (OsString, OsString)>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Exit {
    let config = match checked(Config::from_env(env), err) {
        Ok((config, _)) => config,
        Err(exit) => return exit,
    };
    let channels = config.delivery.iter().flat_map(|settings| settings.channels.keys());
    let known: Vec<&str> = channels.map(String::as_str).collect();
    let Some((settings, channel)) =
        config.delivery.as_ref().and_then(|settings| Some((settings, settings.channels.get(&call.channel)?)))
    else {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let _ = writeln!(err, "there is no such channel; OTP_DELIVERY_URL__… is set for: {known}");
        return Exit::Usage;
    };
    if !channel.kind.takes(&call.address) {
        let wanted =
            if channel.kind == AddressKind::Mail { "plain mail address" } else { "number such as +4917112345678" };
        let _ = writeln!(err, "that is no {wanted}");
        return Exit::Usage;
    }
    // The only provider in the tree; a second start in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(threads) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Exit::Fault };
    threads.block_on(deliver(call, settings, channel, out, err))
}

async fn deliver(
    call: &Deliver,
    settings: &DeliverySettings,
    channel: &Channel,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Exit {
    let Deliver { channel: name, tenant, purpose, .. } = call;
    let locale = call.locale.as_deref();
    let occasion = Occasion { tenant, channel: name, kind: channel.kind, purpose, locale, app: "", ..SAMPLE };
    let words = match settings.words(&occasion) {
        Ok(words) => words,
        Err(why) => {
            let _ = writeln!(err, "OTP_TEMPLATES_DIR holds a template {why}");
            return Exit::Config;
        }
    };
    let (id, to) = (hex(&rand::random::<[u8; 12]>()), &*call.address);
    match channel.send(&Letter { id: &id, to, occasion: &occasion, words: &words }).await {
        Ok(()) => {
            let shown = if words.subject.is_empty() { &words.text } else { &words.subject };
            written(writeln!(out, "accepted: {}", **shown), Exit::Done)
        }
        Err(failure) => {
            let status = failure.status.map(|status| format!(" with {status}")).unwrap_or_default();
            let _ = writeln!(err, "{}{status}, {}", failure.reason.label(), failure.result.label());
            if failure.reason == Reason::Refused { Exit::Refused } else { Exit::Unreachable }
        }
    }
}
