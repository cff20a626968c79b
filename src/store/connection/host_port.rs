//! A host and a port.

use std::net::Ipv6Addr;

/// A host and a port name where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Reads a host with the port that it names, or else `port`.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence; of the text it repeats one character that no name has.
pub(super) fn parse(text: &str, port: u16) -> Result<HostPort, String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, Some(Some(port))),
        Some((host, behind)) => (host, behind.strip_prefix(':').map(number)),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(number(port))),
            None => (text, Some(Some(port))),
        },
    };
    if !text.starts_with('[') && text.matches(':').count() > 1 {
        return Err(
            "has more than one colon in a host: an IPv6 address has brackets around it, as in redis://[::1]:6379"
                .into(),
        );
    }
    if host.is_empty() {
        return Err("names no host where one must be, as in redis://host:6379".into());
    }
    if text.starts_with('[') && text.contains(']') {
        host.parse::<Ipv6Addr>().map_err(|_| "has brackets around something that is no IPv6 address, as [::1] is")?;
    } else if let Some(odd) = host.chars().find(|c| !c.is_ascii_alphanumeric() && !"-._".contains(*c)) {
        return Err(match odd.is_ascii() {
            true => format!("has a {odd} in a host's name, a character that no name has"),
            false => "has a character in a host's name that is not ASCII: write the name as DNS has it (xn--…)".into(),
        });
    }
    let port = port.flatten().ok_or("has a colon behind a host without a port from 1 to 65535: write host:6379")?;
    Ok(HostPort { host: host.to_owned(), port })
}

fn number(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    port.parse().ok().filter(|port| digits && *port > 0)
}
