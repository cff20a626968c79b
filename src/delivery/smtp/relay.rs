//! Which relay takes mails, and how it is spoken to.

use lettre::transport::smtp::authentication::Credentials;
use percent_encoding::percent_decode_str;
use rustls::pki_types::ServerName;
use url::Url;

/// How a dialogue is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (`smtps://`).
    Tls,
    /// TLS before anything is said that matters, or nothing is (`smtp://`).
    StartTls,
    /// In the clear (`smtp+plain://`).
    Plain,
}

/// A relay, as `OTP_DELIVERY_URL__…` names it.
#[derive(Debug, Clone)]
pub struct Relay {
    /// How.
    pub security: Security,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whom it knows us as.
    pub login: Option<Credentials>,
}

impl Relay {
    /// Reads `smtps://[user:password@]host[:port]`, and the same with `smtp` and `smtp+plain`.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence, and nothing of the URL.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be smtps://, smtp:// (STARTTLS) or smtp+plain:// with user:password@ (percent-encoded) where needed, a host and a port";
        // The library would leave them out.
        let url = Url::parse(url).ok().filter(|_| !url.contains(char::is_control)).ok_or(FORM)?;
        let (security, port) = match url.scheme() {
            "smtps" => (Security::Tls, 465),
            "smtp" => (Security::StartTls, 587),
            "smtp+plain" => (Security::Plain, 25),
            _ => return Err(FORM),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        ServerName::try_from(host).map_err(|_| FORM)?;
        let port = url.port().unwrap_or(port);
        if port == 0 || !["", "/"].contains(&url.path()) || url.query().is_some() || url.fragment().is_some() {
            return Err(FORM);
        }
        let decoded =
            |text| percent_decode_str(text).decode_utf8().map_err(|_| "holds percent-encoding that is not UTF-8");
        let (user, password) = (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
        let login = match (&*user, &*password) {
            ("", "") if url.password().is_none() => None,
            ("", _) | (_, "") => return Err("names a user and no password, or a password and no user"),
            _ if user.contains('\0') || password.contains('\0') => return Err("holds a NUL"),
            (user, password) => Some(Credentials::new(user.to_owned(), password.to_owned())),
        };
        Ok(Self { security, host: host.to_owned(), port, login })
    }
}
