//! Templates: the words around a code, English built in, others from `OTP_TEMPLATES_DIR`, all read and tried at start.
//!
//! `[<tenant>/]<channel>/<purpose|default>[.<locale>].txt`, beside it `.html` where mails are to have one. A tenant's own come
//! before those of all, a purpose's before `default`, and among those the caller's locale (RFC 4647 §3.4: `de-AT`, then `de`),
//! then `OTP_LOCALE`, then the one without. A text begins with a line `Subject:`, before or after which one `From:` may stand.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use lettre::message::Mailbox;
use minijinja::{Environment, UndefinedBehavior, context};
use zeroize::Zeroizing;

/// The name of the templates that serve every purpose without one of its own.
const DEFAULT: &str = "default";
/// Longest template in bytes.
const TEMPLATE_MAX: u64 = 64 * 1024;
/// The words that are used where nobody gave others.
const ENGLISH: &str = "Subject: {{ code }} is your {{ app }} code

{{ code }} is your {{ app }} code.

{% if minutes > 1 %}It works for {{ minutes }} minutes{% else %}It works for a minute at most{% endif %}, once. Do not pass it on: \
nobody from {{ app }} will ask you for it.

If you did not ask for this code, you need not do anything.
";

/// A locale as a caller may name it (BCP 47): words of letters and digits, joined by hyphens, 35 characters at most.
pub fn is_locale(text: &str) -> bool {
    let word = |word: &str| (1..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= 35 && text.split('-').all(word) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Templates hold the words of each tenant, channel, purpose and locale.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    /// By their names in the directory, without extension; the built-in one is not among them.
    texts: BTreeSet<String>,
    html: BTreeSet<String>,
    /// `OTP_LOCALE`, in lower case.
    locale: String,
}

/// What a message is about.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The purpose.
    pub purpose: &'a str,
    /// What the caller named, if anything.
    pub locale: Option<&'a str>,
    /// What the app calls itself.
    pub app: &'a str,
    /// The code.
    pub code: &'a str,
    /// What is left of its life.
    pub left: Duration,
}

/// A message in words.
pub struct Words {
    /// The sender that the template names.
    pub from: Option<Mailbox>,
    /// The subject.
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
    pub fn load(dir: Option<&Path>, channels: &BTreeSet<String>, locale: &str) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template("english.txt", ENGLISH).map_err(|error| error.to_string())?;
        let locale = locale.to_ascii_lowercase();
        let mut templates = Self { environment, texts: BTreeSet::new(), html: BTreeSet::new(), locale };
        let mut files = BTreeMap::new();
        if let Some(dir) = dir {
            for (name, is_dir) in entries(dir, "")? {
                match is_dir {
                    true if channels.contains(&name) => find(dir, &name, &mut files)?,
                    true => {
                        for (channel, is_dir) in entries(dir, &name)? {
                            if !is_dir || !channels.contains(&channel) {
                                return Err(format!("holds `{name}/{channel}`, which is no directory of a channel"));
                            }
                            find(dir, &format!("{name}/{channel}"), &mut files)?;
                        }
                    }
                    false => return Err(format!("holds `{name}`, which is no directory of a channel or tenant")),
                }
            }
        }
        for (name, source) in files {
            let (base, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
            let of = if extension == "html" { &mut templates.html } else { &mut templates.texts };
            of.insert(base.to_owned());
            templates.environment.add_template_owned(name.clone(), source).map_err(|error| wrong(&name, &error))?;
        }
        templates.try_all()?;
        Ok(templates)
    }

    /// A mistake in a template is found now, and not by the first user who waits for a code.
    fn try_all(&self) -> Result<(), String> {
        if let Some(alone) = self.html.difference(&self.texts).next() {
            return Err(format!("holds `{alone}.html`, and no text beside it for those who read no HTML"));
        }
        for name in &self.texts {
            self.words(name, &SAMPLE).map_err(|why| format!("holds `{name}`, {why}"))?;
        }
        Ok(())
    }

    /// The words for this occasion.
    ///
    /// # Errors
    /// Why there are none; nothing of what is in them.
    pub fn render(&self, occasion: &Occasion<'_>) -> Result<Words, String> {
        self.words(self.choose(occasion).as_deref().unwrap_or("english"), occasion)
    }

    fn choose(&self, occasion: &Occasion<'_>) -> Option<String> {
        let Occasion { tenant, channel, purpose, .. } = occasion;
        let rooms = [format!("{tenant}/{channel}"), (*channel).to_owned()];
        let locales = self.locales(occasion.locale);
        let names = rooms.iter().flat_map(|room| [*purpose, DEFAULT].map(|purpose| format!("{room}/{purpose}")));
        names
            .flat_map(|name| locales.iter().map(move |locale| format!("{name}{locale}")))
            .find(|name| self.texts.contains(name))
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
        let &Occasion { code, app, purpose, left, locale, .. } = occasion;
        let (minutes, locale) = (left.as_secs() / 60, locale.unwrap_or(&self.locale));
        let variables = context! { code, minutes, app, purpose, locale };
        let render = |extension: &str| {
            let template =
                self.environment.get_template(&format!("{name}.{extension}")).map_err(|error| why(&error))?;
            template.render(variables.clone()).map(Zeroizing::new).map_err(|error| why(&error))
        };
        let html = self.html.contains(name).then(|| render("html")).transpose()?;
        let whole = render("txt")?;
        let mut words = Words { from: None, subject: Zeroizing::default(), text: Zeroizing::default(), html };
        let mut rest = whole.as_str();
        while let Some((line, more)) = rest.split_once('\n') {
            match line.split_once(':') {
                Some(("Subject", text)) if words.subject.is_empty() => {
                    words.subject = Zeroizing::new(text.trim().to_owned())
                }
                Some(("From", text)) if words.from.is_none() => {
                    words.from = Some(text.trim().parse().map_err(|_| "whose `From:` is no address".to_owned())?);
                }
                _ => break,
            }
            rest = more;
        }
        words.text = Zeroizing::new(rest.trim_start().to_owned());
        if words.subject.is_empty() || words.subject.contains(char::is_control) {
            return Err("which does not begin with a line `Subject:`".into());
        }
        let carries = |text: &str| text.contains(code);
        if !carries(&words.text) || words.html.as_ref().is_some_and(|html| !carries(html)) {
            return Err("in which `{{ code }}` does not stand".into());
        }
        Ok(words)
    }
}

/// What every template is tried with.
const SAMPLE: Occasion<'_> = Occasion {
    tenant: "",
    channel: "",
    purpose: "login",
    locale: None,
    app: "Shop",
    code: "123456",
    left: Duration::from_secs(300),
};

/// What a directory holds: names, and whether each is a directory. What begins with a dot is the file system's.
fn entries(dir: &Path, under: &str) -> Result<Vec<(String, bool)>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: `{under}`: {}", error.kind());
    let mut all = Vec::new();
    for entry in fs::read_dir(dir.join(under)).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            all.push((name, path.is_dir()));
        }
    }
    all.sort();
    Ok(all)
}

fn find(dir: &Path, under: &str, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    for (name, is_dir) in entries(dir, under)? {
        let known = name.rsplit_once('.').filter(|(_, extension)| ["txt", "html"].contains(extension));
        let parts = known.map(|(base, _)| base.split_once('.').unwrap_or((base, "x")));
        let purpose = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if is_dir || !parts.is_some_and(|(of, locale)| purpose(of) && is_locale(locale)) {
            return Err(format!("holds `{under}/{name}`, which is not named <purpose>[.<locale>].txt or .html"));
        }
        let path = dir.join(under).join(&name);
        let unreadable =
            |error: std::io::Error| format!("holds `{under}/{name}`, which cannot be read: {}", error.kind());
        if fs::metadata(&path).map_err(unreadable)?.len() > TEMPLATE_MAX {
            return Err(format!("holds `{under}/{name}`, which is longer than 64 KiB"));
        }
        let text = fs::read_to_string(&path).map_err(unreadable)?.replace("\r\n", "\n");
        files.insert(format!("{under}/{}", name.to_ascii_lowercase()), text);
    }
    Ok(())
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
