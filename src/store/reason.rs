//! Why a server cannot be reached or used: in its own words or the system's, and for the commonest mistakes what to do.
//!
//! Never the values themselves: what stands in the place of a host may be part of a password.

use redis::{ErrorKind, RedisError};

use crate::tls::reason;

/// Nobody answered.
pub(super) const SILENT: &str =
    "no answer in time (a firewall, the wrong host or port, or OTP_REDIS_TIMEOUT is too short)";
/// Nobody answered a TLS handshake: a server that speaks none waits for the end of what it takes for a command.
const SILENT_TO_TLS: &str = "no answer in time: does it speak TLS at this port (redis instead of rediss)? Else a firewall, the \
                             wrong host, or OTP_REDIS_TIMEOUT is too short";
/// A server that answers in another language.
pub(super) const NOT_REDIS: &str = "it is not Redis that listens at this port";
/// A server that hung up.
const HUNG_UP: &str = "it hangs up without an answer: does it speak TLS at this port (rediss instead of redis)?";
/// What is wrong with a server that does not know us.
pub(super) const CREDENTIALS: &str =
    "it does not accept the user and password in REDIS_URL, or asks for some that are not there";

/// What the system or the library says of a connection, and what is to be done about it.
const ADVICE: [(&str, &str); 8] = [
    ("refused", "does a server listen there, at this port?"),
    ("lookup", "DNS: is the host in REDIS_URL the right one?"),
    ("No such file", "is it the path that redis.conf calls unixsocket?"),
    ("Permission denied", "the sidecar's user may not open the socket: unixsocketperm in redis.conf, or its group"),
    ("corrupt message", "it does not speak TLS at this port: redis instead of rediss, or its TLS port"),
    ("InvalidContentType", "it does not speak TLS at this port: redis instead of rediss, or its TLS port"),
    ("unreachable", "the network or a firewall between here and there"),
    ("reset by peer", "does it speak TLS at this port (rediss instead of redis), or not yet run?"),
];

/// Says why no connection could be made.
pub(super) fn unreachable(error: &RedisError, tls: bool) -> String {
    if error.is_timeout() {
        return if tls { SILENT_TO_TLS } else { SILENT }.into();
    }
    let said = error.to_string();
    let said = said.trim_start_matches("IO error: ");
    match ADVICE.iter().find(|(word, _)| said.contains(word)) {
        Some((_, advice)) => format!("{said} ({advice})"),
        None if error.is_connection_dropped() && tls => format!("the TLS handshake fails: {said}"),
        None if error.is_connection_dropped() => format!("{HUNG_UP} ({said})"),
        None if error.kind() == ErrorKind::Parse => format!("{NOT_REDIS}: {said}"),
        None => said.to_owned(),
    }
}

/// Says why a server ended a connection at the first word.
pub(super) fn hung_up(tls: bool) -> String {
    if tls {
        "it ends the connection after the TLS handshake: does it want our certificate (OTP_REDIS_CERT)?"
    } else {
        HUNG_UP
    }
    .into()
}

/// Says that a server has no such database.
pub(super) fn no_database(error: &RedisError) -> Option<String> {
    let said = error.to_string();
    let refused = said.contains("refused to switch database");
    refused.then(|| "it has no database of the number in REDIS_URL, or its ACL denies SELECT (+select)".into())
}

/// Says which of these commands a server denies, or does not know, if that is what it answered.
pub(super) fn denied(error: &RedisError, commands: &[&str]) -> Option<String> {
    let server = error.clone().into_server_errors()?;
    let (_, first) = server.first()?;
    let said = first.details().unwrap_or_default();
    let quoted = said.split('\'').nth(1).unwrap_or_default().to_uppercase();
    let named = commands.iter().filter(|command| **command == quoted || command.starts_with(&format!("{quoted}|")));
    let named: Vec<String> = named.map(|command| (*command).to_owned()).collect();
    let all = || commands.iter().map(|command| (*command).to_owned()).collect();
    let named = if named.is_empty() { all() } else { named };
    match first.code() {
        "NOPERM" if said.contains("access") && said.contains("key") => {
            Some("its ACL denies this user our keys: the user's line in redis.acl needs ~otp:*".into())
        }
        "NOPERM" => Some(missing(&named, &[])),
        _ => said.starts_with("unknown command").then(|| missing(&[], &named)),
    }
}

/// Says in a server's own words why it cannot load our functions, if that is what it answered.
pub(super) fn not_loaded(error: &RedisError) -> Option<String> {
    let said = error.detail()?;
    let of_loading = said.starts_with("Error ") || said.starts_with("Engine ") || said.ends_with("already exists");
    of_loading.then(|| format!("it cannot load our functions: {said}"))
}

/// Says that a server is no Sentinel, or lets us ask it nothing, if that is what it answered.
pub(super) fn no_sentinel(error: &RedisError) -> Option<String> {
    let unknown = error.detail().is_some_and(|said| said.starts_with("unknown command"));
    if unknown {
        return Some(
            "no Sentinel listens there: write redis://host:6379 for one server, or the Sentinels' port".into(),
        );
    }
    denied(error, &["SENTINEL|GET-MASTER-ADDR-BY-NAME"])
}

/// Names the commands that a server's ACL denies, with the line for `redis.acl`, and those that it does not know.
pub(super) fn missing(denied: &[String], unknown: &[String]) -> String {
    let names = |commands: &[String]| commands.join(", ").replace('|', " ");
    let line = |commands: &[String]| {
        commands.iter().map(|command| format!(" +{}", command.to_lowercase())).collect::<String>()
    };
    let mut parts = Vec::new();
    if !denied.is_empty() {
        parts.push(format!(
            "its ACL denies {} to this user: the user's line in redis.acl needs{}",
            names(denied),
            line(denied)
        ));
    }
    if !unknown.is_empty() {
        parts.push(format!(
            "it does not know the command {}: rename-command in redis.conf, or a service that has it not",
            names(unknown)
        ));
    }
    parts.join("; ")
}

/// Says why a connection could not be made by TLS, if that is what broke it.
pub(super) fn distrust(error: &RedisError) -> Option<String> {
    let text = error.to_string();
    if let Some((_, why)) = text.split_once("invalid peer certificate: ") {
        if let Some(reason) = reason(why) {
            return Some(format!(
                "its TLS certificate {reason} for its host, and give it to Redis and as OTP_REDIS_CA"
            ));
        }
        return Some(match why {
            why if why.starts_with("certificate not valid for name") => {
                format!("its TLS certificate is not for the host in REDIS_URL: {why}")
            }
            why => format!("its TLS certificate is not trusted: {why} (OTP_REDIS_CA names who signs it)"),
        });
    }
    let alerts = ["CertificateRequired", "BadCertificate", "UnknownCA", "CertificateExpired", "CertificateUnknown"];
    let alert = alerts.into_iter().find(|alert| text.contains(alert))?;
    Some(format!("it does not accept our certificate, or asks for one: {alert} (OTP_REDIS_CERT)"))
}
