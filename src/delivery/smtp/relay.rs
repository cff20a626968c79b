//! Which relay takes mails, and how it is spoken to.

use percent_encoding::percent_decode_str;
use rustls::pki_types::ServerName;
use secrecy::SecretString;

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
    pub login: Option<Login>,
}

/// A name and its password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

impl Relay {
    /// Reads `smtps://[user:password@]host[:port]`, and the same with `smtp` and `smtp+plain`.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence, and nothing of the URL.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        const FORM: &str =
            "must be smtps://, smtp:// (STARTTLS) or smtp+plain:// with user:password@ where needed, a host and a port";
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let (security, port) = match scheme.to_ascii_lowercase().as_str() {
            "smtps" => (Security::Tls, 465),
            "smtp" => (Security::StartTls, 587),
            "smtp+plain" => (Security::Plain, 25),
            _ => return Err(FORM),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        if login.unwrap_or_default().contains(['/', '?', '#', '@']) {
            return Err("has a `/`, `?`, `#` or `@` in its user or password: percent-encode it");
        }
        let (host, given) = match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
            Some((host, port)) => {
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(FORM)?) })
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        ServerName::try_from(host).map_err(|_| FORM)?;
        let port = given.map_or(Ok(port), |port| port.parse().ok().filter(|port| *port > 0).ok_or(FORM))?;
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').ok_or("names a user and no password")?;
            let decoded =
                |text| percent_decode_str(text).decode_utf8().map_err(|_| "holds percent-encoding that is not UTF-8");
            let (user, password) = (decoded(user)?.into_owned(), decoded(password)?);
            if user.contains('\0') || password.contains('\0') || user.is_empty() || password.is_empty() {
                return Err("names an empty user or password");
            }
            Ok(Login { user, password: SecretString::from(&*password) })
        });
        Ok(Self { security, host: host.to_owned(), port, login: login.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn urls_of_relays() {
        let relay = Relay::parse("smtps://me%40x:p%2Fw@mail.example:2465").unwrap();
        let login = relay.login.unwrap();
        assert_eq!((relay.security, relay.host.as_str(), relay.port), (Security::Tls, "mail.example", 2465));
        assert_eq!((login.user.as_str(), login.password.expose_secret()), ("me@x", "p/w"));
        for (url, security, host, port) in [
            ("smtps://mail.example", Security::Tls, "mail.example", 465),
            ("smtp://mail.example/", Security::StartTls, "mail.example", 587),
            ("SMTP+plain://[::1]:2525", Security::Plain, "::1", 2525),
            ("smtp+plain://127.0.0.1", Security::Plain, "127.0.0.1", 25),
        ] {
            let relay = Relay::parse(url).unwrap();
            assert_eq!((relay.security, relay.host.as_str(), relay.port), (security, host, port), "{url}");
        }
        for url in [
            "",
            "mail.example",
            "https://mail.example",
            "smtps://",
            "smtps://u@mail.example",
            "smtps://u:@mail.example",
            "smtps://u:p/q@mail.example",
            "smtps://mail.example:0",
            "smtps://mail.example:x",
            "smtps://mail.example/x",
            "smtps://[::1]x",
            "smtps://a b",
            "smtps://u:%ff@mail.example",
        ] {
            let why = Relay::parse(url).unwrap_err();
            assert!(url.is_empty() || !why.contains("p/q"), "{url}: {why}");
        }
    }
}
