//! `otp-sidecar deliver`: sends a sample, and prints what the provider said.

use std::{ffi::OsString, io::Write};

use super::{
    exit::{Exit, Failure, ended},
    runtime,
};
use crate::{
    config::Config,
    delivery::{
        Letter, Reason,
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
    let done = Config::from_env(env).map_err(Failure::from).and_then(|(config, _)| deliver(call, &config, out));
    ended(done, err)
}

fn deliver(call: &Deliver, config: &Config, out: &mut impl Write) -> Result<(), Failure> {
    let settings = config.delivery.as_deref();
    let known: Vec<_> = settings.into_iter().flat_map(|settings| settings.channels.keys()).cloned().collect();
    let channel = settings.and_then(|settings| settings.channels.get(&call.channel));
    let (Some(settings), Some(channel)) = (settings, channel) else {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let why = format!("there is no such channel; OTP_DELIVERY_URL__… is set for: {known}");
        return Err(Failure::said(Exit::Usage, why));
    };
    if !channel.kind.takes(&call.address) {
        let wanted =
            if channel.kind == AddressKind::Mail { "plain mail address" } else { "number such as +4917112345678" };
        return Err(Failure::said(Exit::Usage, format!("that is no {wanted}")));
    }
    let Deliver { channel: name, tenant, purpose, .. } = call;
    let locale = call.locale.as_deref();
    let occasion = Occasion { tenant, channel: name, kind: channel.kind, purpose, locale, app: "", ..SAMPLE };
    let unfit = |why| Failure::said(Exit::Config, format!("OTP_TEMPLATES_DIR holds a template {why}"));
    let words = settings.words(&occasion).map_err(unfit)?;
    let (id, to) = (hex(&rand::random::<[u8; 12]>()), &*call.address);
    let letter = Letter { id: &id, to, occasion: &occasion, words: &words };
    let sent = runtime()?.block_on(channel.send(&letter));
    sent.map_err(|failure| {
        let status = failure.status.map(|status| format!(" with {status}")).unwrap_or_default();
        let exit = if failure.reason == Reason::Refused { Exit::Refused } else { Exit::Unreachable };
        Failure::said(exit, format!("{}{status}, {}", failure.reason.label(), failure.result.label()))
    })?;
    let shown = if words.subject.is_empty() { &words.text } else { &words.subject };
    Ok(writeln!(out, "accepted: {}", **shown)?)
}
