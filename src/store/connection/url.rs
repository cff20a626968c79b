//! `REDIS_URL` taken apart, strictly: what would be dropped, or taken for something else, is a mistake.
//!
//! Every mistake is the rest of a sentence that begins with the variable, says what to write instead, and repeats nothing of
//! the URL: a password may stand in any part of it.

use percent_encoding::percent_decode_str;
use redis::{ProtocolVersion, RedisConnectionInfo};

use super::host_port::{self, HostPort};

/// Schemes that may begin a URL.
pub const SCHEMES: [&str; 8] =
    ["redis", "rediss", "unix", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"];

/// What a URL has between its scheme and its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `redis://host/<database>`
    Single,
    /// `unix:/path`
    Unix,
    /// `redis+sentinel://host,…/<name>/<database>`
    Sentinel,
    /// `redis+cluster://host,…`
    Cluster,
}

/// The parts of a URL.
pub(super) struct Parts<'a> {
    pub(super) kind: Kind,
    pub(super) tls: bool,
    /// As whom; [`Kind::Unix`] has it from its query.
    pub(super) settings: RedisConnectionInfo,
    /// What stands between the user and the path, not looked at yet; empty for [`Kind::Unix`].
    hosts: &'a str,
    /// Without its first slash; the whole path of [`Kind::Unix`].
    pub(super) path: &'a str,
    query: Vec<Parameter>,
}

impl<'a> Parts<'a> {
    /// Takes `url` apart.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(url: &'a str) -> Result<Self, String> {
        if url.starts_with(['"', '\'', '`']) || url.ends_with(['"', '\'', '`']) {
            return Err("has quotes around it: give the URL without them".into());
        }
        if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("holds white space or a control character: in a password a space is written %20".into());
        }
        let (scheme, kind) = scheme(url)?;
        let rest = url.get(scheme.len() + 1..).unwrap_or_default();
        let rest = match (kind, rest.strip_prefix("//")) {
            (_, Some(rest)) => rest,
            (Kind::Unix, None) => rest,
            _ => return Err(format!("has no // behind {scheme}: as in {scheme}://host")),
        };
        if kind != Kind::Unix {
            split_password(rest)?;
        }
        let (rest, fragment) = rest.split_once('#').map_or((rest, None), |(rest, fragment)| (rest, Some(fragment)));
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, hosts, path) = match kind {
            Kind::Unix => ("", "", before),
            _ => {
                let (authority, path) = before.split_once('/').unwrap_or((before, ""));
                let (user, hosts) = authority.rsplit_once('@').map_or((None, authority), |(user, at)| (Some(user), at));
                if user.is_some_and(|user| user.split_once('@').is_some_and(|(_, rest)| rest.contains(','))) {
                    return Err(
                        "has a user before more than one host: give it once, before the first; in a password an @ is \
                                written %40"
                            .into(),
                    );
                }
                (user.map_or(Ok(""), some_user)?, hosts, path)
            }
        };
        match fragment {
            None => {}
            Some("insecure") => {
                return Err("ends with #insecure, which is not supported: name who signs the server's certificate in \
                            OTP_REDIS_CA"
                    .into());
            }
            Some(_) => {
                return Err("holds a #, which means nothing here: in a password or path it is written %23".into());
            }
        }
        let parts = Self {
            kind,
            tls: scheme.starts_with("rediss"),
            settings: as_whom(user)?,
            hosts,
            path,
            query: parameters(query)?,
        };
        parts.known_names()?;
        parts.with_query()
    }

    /// The value of a name in the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|given| given.name == name).map(|given| given.value.as_str())
    }

    /// The hosts, at least one; `port` where none is named.
    pub(super) fn places(&self, port: u16) -> Result<Vec<HostPort>, String> {
        self.hosts.split(',').map(|host| host_port::parse(host, port)).collect()
    }

    /// The names that this kind of URL has in its query.
    fn known_names(&self) -> Result<(), String> {
        let known: &[&str] = match self.kind {
            Kind::Single => &["protocol"],
            Kind::Unix => &["db", "user", "pass", "protocol"],
            Kind::Sentinel => &["sentinel_user", "sentinel_password"],
            Kind::Cluster => &[],
        };
        for (at, Parameter { name, .. }) in self.query.iter().enumerate() {
            if self.query.iter().take(at).any(|before| before.name == *name) {
                return Err("holds the same name twice in its query: keep one".into());
            }
            if !known.contains(&name.as_str()) {
                return Err(unknown_name(self.kind, name, known));
            }
        }
        Ok(())
    }

    /// What the query says about the connection.
    fn with_query(mut self) -> Result<Self, String> {
        match self.query("protocol") {
            None => {}
            Some("2" | "resp2") => self.settings = self.settings.set_protocol(ProtocolVersion::RESP2),
            Some("3" | "resp3") => self.settings = self.settings.set_protocol(ProtocolVersion::RESP3),
            Some(_) => return Err("has a protocol in its query that is neither resp2 nor resp3".into()),
        }
        if self.kind == Kind::Unix {
            let (user, word) = (self.query("user").map(str::to_owned), self.query("pass").map(str::to_owned));
            if word.as_ref().is_none_or(String::is_empty) && (user.is_some() || word.is_some()) {
                return Err(
                    "names a user or an empty password in its query: give both, as in ?user=app&pass=…, or neither"
                        .into(),
                );
            }
            let database = self.query("db").map(|number| database(number, "unix:/run/redis.sock?db=3")).transpose()?;
            self.settings = named(self.settings, user, word).set_db(database.unwrap_or(0));
        }
        Ok(self)
    }
}

/// The scheme of `url` and what follows from it.
fn scheme(url: &str) -> Result<(&'static str, Kind), String> {
    let given = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default();
    let Some(scheme) = SCHEMES.into_iter().find(|known| *known == given) else {
        let all = SCHEMES.map(|scheme| format!("{scheme}:")).join(", ");
        return Err(format!("must begin with one of {all}"));
    };
    let kind = match scheme.split_once('+').map_or(scheme, |(_, kind)| kind) {
        "unix" => Kind::Unix,
        "sentinel" => Kind::Sentinel,
        "cluster" => Kind::Cluster,
        _ => Kind::Single,
    };
    Ok((scheme, kind))
}

/// A `/`, `?` or `#` in a password ends what stands before the path, and an `@` comes later: there is none, as what comes
/// before may look like a host (`user:12/34@host`).
fn split_password(rest: &str) -> Result<(), String> {
    let Some((head, tail)) = rest.find(['/', '?', '#']).and_then(|at| rest.split_at_checked(at)) else { return Ok(()) };
    if !tail.contains('@') {
        return Ok(());
    }
    if head.contains('@') {
        return Err("holds an @ behind its hosts, in the path, query or fragment: there it is written %40".into());
    }
    let (sign, written) = match tail.chars().next() {
        Some('/') => ("/", "%2F"),
        Some('?') => ("?", "%3F"),
        _ => ("#", "%23"),
    };
    Err(format!(
        "holds a {sign} before its @: in a password write {written} (each / as %2F, ? as %3F, # as %23, % as %25), and an @ \
         in the path or query as %40"
    ))
}

/// The user and password before an `@`, which are not both empty.
fn some_user(user: &str) -> Result<&str, String> {
    match user.split_once(':') {
        Some((_, word)) if !word.is_empty() => Ok(user),
        _ => {
            Err("has no password before its @: user and password must be given as user:password@ or :password@".into())
        }
    }
}

/// `user:password`, `:password`, or nothing.
fn as_whom(user: &str) -> Result<RedisConnectionInfo, String> {
    let (name, word) = user.split_once(':').unwrap_or((user, ""));
    let given = |text: &str| if text.is_empty() { Ok(None) } else { decoded(text).map(Some) };
    Ok(named(RedisConnectionInfo::default(), given(name)?, given(word)?))
}

/// These settings with a user and a password.
pub(super) fn named(settings: RedisConnectionInfo, user: Option<String>, word: Option<String>) -> RedisConnectionInfo {
    let settings = match user.filter(|user| !user.is_empty()) {
        Some(user) => settings.set_username(user),
        None => settings,
    };
    match word {
        Some(word) => settings.set_password(word),
        None => settings,
    }
}

fn unknown_name(kind: Kind, name: &str, known: &[&str]) -> String {
    let word = name.to_ascii_lowercase();
    let instead = match (kind, word.as_str()) {
        (Kind::Single, "db" | "database") => "the database is the path, as in redis://host:6379/3",
        (Kind::Sentinel, "db" | "database") => "the database follows the name, as in redis+sentinel://host/name/3",
        (Kind::Cluster, "db" | "database") => "a cluster has only database 0",
        (Kind::Unix, "database") => "the database is given as ?db=3",
        (Kind::Unix, "password" | "username") => "user and password are given as ?user=app&pass=…",
        (_, "user" | "username" | "pass" | "password") => {
            "user and password stand before the host, as in user:password@host"
        }
        _ => "",
    };
    let known = match known {
        [] => "this kind of URL has none".to_owned(),
        names => format!("known are {}", names.join(", ")),
    };
    match instead {
        "" => format!(
            "holds a name in its query (behind the ?) that is not known: {known}; in a password ? is written %3F"
        ),
        instead => format!("holds a name in its query that is not known here: {instead}"),
    }
}

/// A name of the query and its value, decoded.
struct Parameter {
    name: String,
    value: String,
}

/// A `+` is a `+`, as it is in the rest of a URL; only forms mean a space by it.
fn parameters(query: &str) -> Result<Vec<Parameter>, String> {
    let parameter = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Ok(Parameter { name: decoded(name)?, value: decoded(value)? })
    };
    query.split('&').filter(|text| !text.is_empty()).map(parameter).collect()
}

/// The number of a database, as it stands in `example`.
pub(super) fn database(text: &str, example: &str) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u16>().ok().filter(|_| digits);
    number.map(i64::from).ok_or_else(|| {
        format!("has a database that is not a number from 0 to 65535, as in {example}; in a password / is written %2F")
    })
}

/// Text without its `%XX`.
pub(super) fn decoded(text: &str) -> Result<String, String> {
    let whole = |tail: &str| tail.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if text.split('%').skip(1).any(|tail| !whole(tail)) {
        return Err("holds a % that two hex digits do not follow: a % itself is written %25".into());
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "holds %-encoded bytes that are not UTF-8".into())
}
