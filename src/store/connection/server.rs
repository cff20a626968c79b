//! What `REDIS_URL` says: which servers there are, how they are found, and as whom they are asked.
//!
//! | URL | |
//! |---|---|
//! | `redis://[user:password@]host[:6379][/<database>]`, `rediss://` (TLS) | one server |
//! | `unix:/path[?db=…&user=…&pass=…]`, `redis+unix:` | one server |
//! | `redis+sentinel://[user:password@]host[:26379],…/<name>[/<database>]` | the primary that Sentinels know by that name |
//! | `redis+cluster://[user:password@]host[:6379],…` | a cluster; any of its servers tells of the others |
//!
//! `rediss+sentinel://` and `rediss+cluster://` speak TLS to all of them. `?sentinel_user=…&sentinel_password=…` is for
//! Sentinels that ask for a password of their own, `?protocol=resp3` for one server. [`mod@super::url`] takes them apart.

use std::path::PathBuf;

use redis::{ConnectionAddr, RedisConnectionInfo};

use super::{
    host_port::HostPort,
    url::{self, Kind, Parts},
};

/// The port of a Sentinel that names none.
const SENTINEL_PORT: u16 = 26379;
/// The port of a server of a cluster that names none.
const PORT: u16 = 6379;

/// See the module. Its text is nowhere to be printed: it may hold a password.
#[derive(Clone)]
pub struct Server {
    /// Which servers.
    pub(super) servers: Servers,
    /// As whom, and which database.
    pub(super) settings: RedisConnectionInfo,
    /// Whether TLS is spoken.
    pub(super) tls: bool,
    /// What TLS needs beside the system's authorities.
    pub(super) files: TlsFiles,
}

/// Files for TLS, read again with each new connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who signs the servers' certificates, PEM; `None` = the system's authorities.
    pub authority: Option<PathBuf>,
    /// Our certificate and its key, PEM.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// How many servers there are, and how they are found.
#[derive(Clone)]
pub(super) enum Servers {
    /// One.
    Single(ConnectionAddr),
    /// The primary of this name.
    Sentinel {
        /// Whom to ask where it is.
        sentinels: Vec<HostPort>,
        /// Its name.
        primary: String,
        /// As whom they are asked.
        settings: RedisConnectionInfo,
    },
    /// Those that one of these tells of.
    Cluster(Vec<HostPort>),
}

impl Server {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence that its variable begins; nothing of the URL itself.
    pub fn parse(url: &str) -> Result<Self, String> {
        let parts = Parts::read(url)?;
        let (servers, database) = match parts.kind {
            Kind::Single => single(&parts)?,
            Kind::Unix => (Servers::Single(ConnectionAddr::Unix(socket(parts.path)?)), parts.settings.db()),
            Kind::Sentinel => of_sentinels(&parts)?,
            Kind::Cluster => (of_cluster(&parts)?, 0),
        };
        // `CLIENT SETINFO` does not exist on Redis 7.0, and an ACL that lists it does not load there.
        let settings = parts.settings.set_db(database).set_skip_set_lib_name();
        Ok(Self { servers, settings, tls: parts.tls, files: TlsFiles::default() })
    }

    /// The server at a unix socket. Not by a URL: in one, some characters of a path mean something else.
    pub fn at_socket(path: PathBuf) -> Self {
        let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        Self { servers: Servers::Single(ConnectionAddr::Unix(path)), settings, tls: false, files: TlsFiles::default() }
    }

    /// The same with these files for TLS.
    #[must_use]
    pub fn with_files(mut self, files: TlsFiles) -> Self {
        self.files = files;
        self
    }

    /// Whether a database other than 0 is selected.
    pub fn selects(&self) -> bool {
        self.settings.db() != 0
    }

    /// Whether TLS is spoken.
    pub fn speaks_tls(&self) -> bool {
        self.tls
    }
}

fn single(parts: &Parts<'_>) -> Result<(Servers, i64), String> {
    let mut places = parts.places(PORT)?;
    let (Some(HostPort { host, port }), true) = (places.pop(), places.is_empty()) else {
        return Err("names several hosts: those belong into redis+sentinel:// or redis+cluster://".into());
    };
    let database = if parts.path.is_empty() { 0 } else { url::database(parts.path, "redis://host:6379/3")? };
    let address = match parts.tls {
        false => ConnectionAddr::Tcp(host, port),
        true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
    };
    Ok((Servers::Single(address), database))
}

fn socket(path: &str) -> Result<PathBuf, String> {
    if path.split('/').next().is_some_and(|first| first.contains('@')) {
        return Err("has a user before the path of a unix socket: write unix:/path?user=app&pass=…".into());
    }
    if !path.starts_with('/') || path.ends_with('/') {
        return Err("must name a unix socket by its absolute path, as in unix:/run/redis/redis.sock".into());
    }
    url::decoded(path).map(PathBuf::from)
}

fn of_sentinels(parts: &Parts<'_>) -> Result<(Servers, i64), String> {
    let mut path = parts.path.split('/');
    let name = path.next().filter(|name| !name.is_empty());
    let name = name.ok_or("has no name of the primary, as in redis+sentinel://host1,host2,host3/<name>")?;
    let database = match (path.next(), path.next()) {
        (None | Some(""), None) => 0,
        (Some(number), None) => url::database(number, "redis+sentinel://host/name/3")?,
        _ => return Err("must have the path /<name> or /<name>/<database>".into()),
    };
    let [user, word] = ["sentinel_user", "sentinel_password"].map(|name| parts.query(name).map(str::to_owned));
    if word.as_ref().is_none_or(String::is_empty) && (user.is_some() || word.is_some()) {
        return Err(
            "names a sentinel_user or an empty sentinel_password: give both, the password alone, or neither".into()
        );
    }
    let settings = url::named(RedisConnectionInfo::default(), user, word).set_skip_set_lib_name();
    let servers = Servers::Sentinel { sentinels: parts.places(SENTINEL_PORT)?, primary: url::decoded(name)?, settings };
    Ok((servers, database))
}

fn of_cluster(parts: &Parts<'_>) -> Result<Servers, String> {
    if !matches!(parts.path, "" | "0") {
        return Err("has a path, but a cluster has only database 0: nothing may follow the last host".into());
    }
    Ok(Servers::Cluster(parts.places(PORT)?))
}

crate::policy::opaque!(Server);

#[cfg(test)]
mod tests {
    use super::*;

    fn places(server: &Server) -> Vec<(&str, u16)> {
        let (Servers::Sentinel { sentinels: all, .. } | Servers::Cluster(all)) = &server.servers else {
            return Vec::new();
        };
        all.iter().map(|place| (&*place.host, place.port)).collect()
    }

    #[test]
    fn sentinels_and_the_name_of_the_primary() {
        let url = "rediss+sentinel://app:p%40ss@h1,h2:5,[::1]:6/my%20primary/3?sentinel_password=x%26y";
        let server = Server::parse(url).unwrap();
        assert!(server.tls);
        assert_eq!(places(&server), [("h1", 26379), ("h2", 5), ("::1", 6)]);
        let Servers::Sentinel { primary, settings, .. } = &server.servers else { panic!("{server:?}") };
        assert_eq!((&**primary, settings.username(), settings.password()), ("my primary", None, Some("x&y")));
        let own = &server.settings;
        assert_eq!((own.username(), own.password(), own.db()), (Some("app"), Some("p@ss"), 3));
        assert_eq!(format!("{server:?}"), "Server(…)");
    }

    #[test]
    fn a_plus_is_a_plus_everywhere() {
        for url in ["redis://:a+b%2Bc@h", "unix:/p?pass=a+b%2Bc", "redis+cluster://:a+b%2Bc@h"] {
            assert_eq!(Server::parse(url).unwrap().settings.password(), Some("a+b+c"), "{url}");
        }
        let server = Server::parse("redis+sentinel://h/my+name?sentinel_user=a+b&sentinel_password=c+d").unwrap();
        let Servers::Sentinel { primary, settings, .. } = &server.servers else { panic!("{server:?}") };
        assert_eq!((&**primary, settings.username(), settings.password()), ("my+name", Some("a+b"), Some("c+d")));
    }

    #[test]
    fn a_cluster_has_one_database() {
        let server = Server::parse("redis+cluster://:word@10.0.0.1:7000,10.0.0.2").unwrap();
        assert_eq!(places(&server), [("10.0.0.1", 7000), ("10.0.0.2", 6379)]);
        assert_eq!((server.settings.username(), server.settings.password()), (None, Some("word")));
        assert!(Server::parse("redis+cluster://h/0").is_ok());
        assert!(Server::parse("redis+cluster://h/1").unwrap_err().contains("only database 0"));
    }
}
