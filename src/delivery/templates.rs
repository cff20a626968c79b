//! Templates: the words around a code, English built in, others from `OTP_TEMPLATES_DIR`, all read and tried at start.
//!
//! `[<tenant>/]<channel>/<purpose|default>[.<locale>].txt`, beside it `.html` where mails are to have one. A tenant's own come
//! before those of all, a purpose's before `default`, and among those the caller's locale (RFC 4647 §3.4: `de-AT`, then `de`),
//! then `OTP_LOCALE`, then the one without. The text of a mail begins with a line `Subject:`, before or after which one `From:`
//! may stand; other channels have no subject. `locked` in the place of a purpose tells a user of a lock, and carries no code.

mod english;
mod files;
mod sms;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use lettre::message::Mailbox;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use zeroize::Zeroizing;

use super::address::AddressKind;
use crate::policy::characters::is_invisible;
use english::ENGLISH;
use files::read_all;
use sms::is_one_segment;

/// The channels by name, and what the addresses of each are.
pub type Kinds = BTreeMap<String, AddressKind>;

/// The name of the templates that serve every purpose without one of its own.
const DEFAULT: &str = "default";
/// The name of the templates that tell of a lock.
const LOCKED: &str = "locked";
/// The channel whose messages may end with a line that machines read.
pub const SMS: &str = "sms";
/// A locale as a caller may name it (BCP 47): words of letters and digits, joined by hyphens, 35 characters at most.
pub fn is_locale(text: &str) -> bool {
    let word = |word: &str| (1..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= 35 && text.split('-').all(word) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Longest name of an app, in characters: a subject line has room for it and the code.
const APP_NAME_MAX: usize = 60;

/// What an app may call itself in messages.
pub fn is_app_name(text: &str) -> bool {
    let shows = |c: char| !c.is_control() && !is_invisible(c) && !matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().count() <= APP_NAME_MAX && text.chars().all(shows) && (text.is_empty() || !text.trim().is_empty())
}

/// Templates hold the words of each tenant, channel, purpose and locale.
#[derive(Debug)]
pub struct Templates {
    /// By their paths in the directory; the built-in ones have none.
    environment: Environment<'static>,
    /// `OTP_LOCALE`, in lower case.
    locale: String,
    /// `OTP_SMS_ORIGIN`.
    origin: Option<String>,
}

/// What a message is about.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// What its addresses are.
    pub kind: AddressKind,
    /// The purpose.
    pub purpose: &'a str,
    /// What the caller named, if anything.
    pub locale: Option<&'a str>,
    /// What the app calls itself.
    pub app: &'a str,
    /// The code; `None` where a lock is told of.
    pub code: Option<&'a str>,
    /// What is left of its life, or of the lock.
    pub left: Duration,
    /// What an app on the phone knows its message by.
    pub app_hash: Option<&'a str>,
}

/// A message in words.
pub struct Words {
    /// The sender that the template names.
    pub from: Option<Mailbox>,
    /// The subject; empty but for mails.
    pub subject: Zeroizing<String>,
    /// The text.
    pub text: Zeroizing<String>,
    /// The same as HTML.
    pub html: Option<Zeroizing<String>>,
}

impl Templates {
    /// Reads those under `dir`, and renders each once.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence that begins with `OTP_TEMPLATES_DIR`.
    pub fn load(dir: Option<&Path>, channels: &Kinds, locale: &str, origin: Option<String>) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("spoken", |code: String| spoken(&code));
        for (name, text) in ENGLISH {
            environment.add_template(name, text).map_err(|error| error.to_string())?;
        }
        for (name, source) in dir.map(|dir| read_all(dir, channels)).transpose()?.unwrap_or_default() {
            environment.add_template_owned(name.clone(), source).map_err(|error| wrong(&name, &error))?;
        }
        let templates = Self { environment, locale: locale.to_ascii_lowercase(), origin };
        // A mistake in a template is found now, and not by the first user who waits for a code.
        for (name, extension) in templates.own() {
            if extension == "html" && !templates.has(name, "txt") {
                return Err(format!("holds `{name}.html`, and no text beside it for those who read no HTML"));
            }
            templates.words(name, &sample_of(name, channels)).map_err(|why| format!("holds `{name}`, {why}"))?;
        }
        Ok(templates)
    }

    /// Names and extensions of those that are not built in.
    fn own(&self) -> BTreeSet<(&str, &str)> {
        let names = self.environment.templates().map(|(name, _)| name).filter(|name| name.contains('/'));
        names.filter_map(|name| name.rsplit_once('.')).collect()
    }

    fn has(&self, name: &str, extension: &str) -> bool {
        self.environment.get_template(&format!("{name}.{extension}")).is_ok()
    }

    /// Names of the texts that make more than one SMS of a sample.
    pub fn long_texts(&self, channels: &Kinds) -> Vec<&str> {
        let long = |name: &&str| {
            let occasion = sample_of(name, channels);
            occasion.channel == SMS && self.words(name, &occasion).is_ok_and(|words| !is_one_segment(&words.text))
        };
        self.own().into_iter().filter(|(_, extension)| *extension == "txt").map(|(name, _)| name).filter(long).collect()
    }

    /// The words for this occasion.
    ///
    /// # Errors
    /// Why there are none; nothing of what is in them.
    pub fn render(&self, occasion: &Occasion<'_>) -> Result<Words, String> {
        let built_in = match occasion {
            Occasion { code: None, .. } => "english-locked",
            Occasion { kind: AddressKind::Mail, .. } => "english",
            Occasion { channel: "call", .. } => "english-call",
            _ => "english-text",
        };
        self.words(self.choose(occasion).as_deref().unwrap_or(built_in), occasion)
    }

    fn choose(&self, occasion: &Occasion<'_>) -> Option<String> {
        let Occasion { tenant, channel, purpose, .. } = occasion;
        let rooms = [format!("{tenant}/{channel}"), (*channel).to_owned()];
        let locales = self.locales(occasion.locale);
        // A purpose of that name has no texts of its own.
        let words: &[&str] = match (occasion.code, *purpose) {
            (None, _) => &[LOCKED],
            (_, LOCKED) => &[DEFAULT],
            (_, purpose) => &[purpose, DEFAULT],
        };
        let names = rooms.iter().flat_map(|room| words.iter().map(move |word| format!("{room}/{word}")));
        names
            .flat_map(|name| locales.iter().map(move |locale| format!("{name}{locale}")))
            .find(|name| self.has(name, "txt"))
    }

    /// In the order in which they are looked for, each with its dot; the last is none.
    fn locales(&self, named: Option<&str>) -> Vec<String> {
        let named = named.unwrap_or_default().to_ascii_lowercase();
        let shorter = |text: &String| text.rsplit_once('-').map(|(head, _)| head.to_owned());
        let chain = |from: String| std::iter::successors(Some(from).filter(|from| !from.is_empty()), shorter);
        let all = chain(named).chain(chain(self.locale.clone())).map(|locale| format!(".{locale}"));
        all.chain([String::new()]).collect()
    }

    fn words(&self, name: &str, occasion: &Occasion<'_>) -> Result<Words, String> {
        let &Occasion { code, app, purpose, left, locale, kind, .. } = occasion;
        // Of a code what is surely left, of a lock what it takes at most.
        let seconds = left.as_secs();
        let minutes = if code.is_some() { seconds / 60 } else { seconds.div_ceil(60) };
        let locale = locale.unwrap_or(&self.locale);
        let shown = code.map_or(Value::UNDEFINED, Value::from);
        let variables = context! { code => shown, minutes, app, purpose, locale };
        let render = |extension: &str| {
            let template =
                self.environment.get_template(&format!("{name}.{extension}")).map_err(|error| why(&error))?;
            template.render(variables.clone()).map(Zeroizing::new).map_err(|error| why(&error))
        };
        let html = self.has(name, "html").then(|| render("html")).transpose()?;
        let whole = render("txt")?;
        let mut words = Words { from: None, subject: Zeroizing::default(), text: Zeroizing::default(), html };
        let mut rest = whole.as_str();
        while kind == AddressKind::Mail
            && let Some((line, more)) = rest.split_once('\n')
        {
            match line.split_once(':') {
                Some(("Subject", text)) if words.subject.is_empty() => {
                    words.subject = Zeroizing::new(text.trim().to_owned())
                }
                Some(("From", text)) if words.from.is_none() => {
                    words.from = Some(sender(text.trim()).ok_or("whose `From:` is no address")?);
                }
                _ => break,
            }
            rest = more;
        }
        words.text = Zeroizing::new(rest.trim_start().to_owned());
        if kind == AddressKind::Mail && (words.subject.is_empty() || words.subject.contains(char::is_control)) {
            return Err("which does not begin with a line `Subject:`".into());
        }
        let Some(code) = code else { return Ok(words) };
        let carries = |text: &str| text.contains(code) || text.contains(&spoken(code));
        if !carries(&words.text) || words.html.as_ref().is_some_and(|html| !carries(html)) {
            return Err("in which `{{ code }}` does not stand".into());
        }
        // Either is to be the last line, and nothing may stand behind it on that line.
        let end = match (occasion.app_hash, &self.origin) {
            (Some(hash), _) => format!("\n{hash}"),
            (None, Some(origin)) => format!("\n@{origin} #{code}"),
            _ => String::new(),
        };
        if occasion.channel == SMS {
            words.text = Zeroizing::new(format!("{}{end}", words.text.trim_end()));
        }
        Ok(words)
    }
}

/// What every template is tried with.
pub const SAMPLE: Occasion<'_> = Occasion {
    tenant: "",
    channel: "",
    kind: AddressKind::Mail,
    purpose: "login",
    locale: None,
    app: "Shop",
    code: Some("123456"),
    left: Duration::from_secs(300),
    app_hash: None,
};

/// The sample for the text of this name.
fn sample_of<'a>(name: &'a str, channels: &Kinds) -> Occasion<'a> {
    let mut parts = name.rsplit('/');
    let (file, channel) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let locked = file.split('.').next() == Some(LOCKED);
    let kind = channels.get(channel).copied().unwrap_or(AddressKind::Mail);
    Occasion { channel, kind, code: SAMPLE.code.filter(|_| !locked), ..SAMPLE }
}

/// Reads `Name <address>` or an address: a name that comes from a variable may hold whatever an app calls itself.
fn sender(text: &str) -> Option<Mailbox> {
    let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) else {
        return text.parse().ok();
    };
    let name = Some(name.trim().trim_matches('"').trim().to_owned()).filter(|name| !name.is_empty());
    Some(Mailbox::new(name, address.parse().ok()?))
}

/// A code as it is read out: each character by itself.
fn spoken(code: &str) -> String {
    code.chars().map(String::from).collect::<Vec<_>>().join(", ")
}

fn wrong(name: &str, error: &minijinja::Error) -> String {
    format!("holds `{name}`, {}", why(error))
}

/// What the library says of a mistake, and where: its own words and the template's, never a value.
fn why(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    format!(
        "which cannot be used{line}: {}{}",
        error.kind(),
        error.detail().map(|d| format!(" ({d})")).unwrap_or_default()
    )
}
