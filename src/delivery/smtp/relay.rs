//! Which relay takes mails, and whom it knows us as.

use lettre::transport::smtp::authentication::Credentials;
use percent_encoding::percent_decode_str;

use crate::net::{Endpoint, RELAYS, parsed};

/// A relay, as `OTP_DELIVERY_URL__…` names it.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Where it is.
    pub server: Endpoint,
    /// Whether TLS begins after some words in the clear (`smtp://`).
    pub starts_tls: bool,
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
        let url = parsed(url).ok_or(FORM)?;
        let server = Endpoint::of(&url, RELAYS).filter(|server| server.path == "/").ok_or(FORM)?;
        let decoded =
            |text| percent_decode_str(text).decode_utf8().map_err(|_| "holds percent-encoding that is not UTF-8");
        let (user, password) = (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
        let login = match (&*user, &*password) {
            ("", "") if url.password().is_none() => None,
            ("", _) | (_, "") => return Err("names a user and no password, or a password and no user"),
            _ if user.contains('\0') || password.contains('\0') => return Err("holds a NUL"),
            (user, password) => Some(Credentials::new(user.to_owned(), password.to_owned())),
        };
        Ok(Self { server, starts_tls: url.scheme() == "smtp", login })
    }
}
