//! What `REDIS_URL` says: which servers there are, how they are found, and as whom they are asked.
//!
//! | URL | |
//! |---|---|
//! | `redis://`, `rediss://` (TLS), `unix:`, `redis+unix:` | one server |
//! | `redis+sentinel://[user:password@]host[:26379],…/<name>[/<database>]` | the primary that Sentinels know by that name |
//! | `redis+cluster://[user:password@]host[:6379],…` | a cluster; any of its servers tells of the others |
//!
//! `rediss+sentinel://` and `rediss+cluster://` speak TLS to all of them. `?sentinel_user=…&sentinel_password=…` is for
//! Sentinels that ask for a password of their own.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};

/// The port of a Sentinel that names none.
const SENTINEL_PORT: u16 = 26379;
/// The port of a server of a cluster that names none.
const PORT: u16 = 6379;

/// Schemes that may begin a URL.
pub const SCHEMES: [&str; 8] =
    ["redis", "rediss", "unix", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"];

/// See the module. Its text is nowhere to be printed: it may hold a password.
#[derive(Clone)]
pub struct Server {
    /// Which servers.
    pub(super) topology: Topology,
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

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// How many servers there are, and how they are found.
#[derive(Clone)]
pub(super) enum Topology {
    /// One.
    Single(ConnectionAddr),
    /// The primary of this name.
    Sentinel {
        /// Whom to ask where it is.
        sentinels: Vec<Place>,
        /// Its name.
        primary: String,
        /// As whom they are asked.
        settings: RedisConnectionInfo,
    },
    /// Those that one of these tells of.
    Cluster(Vec<Place>),
}

impl Server {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that its variable begins; nothing of the URL itself.
    pub fn parse(url: &str) -> Result<Self, String> {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default();
        let Some(scheme) = SCHEMES.into_iter().find(|known| *known == scheme) else {
            let all = SCHEMES.map(|scheme| format!("{scheme}:")).join(", ");
            return Err(format!("must begin with one of {all}"));
        };
        let no_url = || format!("begins with {scheme}: but is not a URL of a Redis server");
        let mut server = match scheme.split_once('+') {
            Some((_, "sentinel")) => Self::of_sentinels(url).map_err(|why| format!("{}: {why}", no_url()))?,
            Some((_, "cluster")) => Self::of_cluster(url).map_err(|why| format!("{}: {why}", no_url()))?,
            _ => Self::single(url).ok_or_else(no_url)?,
        };
        server.tls = scheme.starts_with("rediss");
        // `CLIENT SETINFO` does not exist on Redis 7.0, and an ACL that lists it does not load there.
        server.settings = server.settings.set_skip_set_lib_name();
        Ok(server)
    }

    /// The server at a unix socket. Not by a URL: in one, some characters of a path mean something else.
    pub fn at_socket(path: PathBuf) -> Self {
        let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        Self {
            topology: Topology::Single(ConnectionAddr::Unix(path)),
            settings,
            tls: false,
            files: TlsFiles::default(),
        }
    }

    /// The same with these files for TLS.
    #[must_use]
    pub fn with_files(mut self, files: TlsFiles) -> Self {
        self.files = files;
        self
    }

    /// Whether TLS is spoken.
    pub fn speaks_tls(&self) -> bool {
        self.tls
    }

    fn single(url: &str) -> Option<Self> {
        let url = match url.strip_prefix("unix://") {
            Some(path) => format!("redis+unix://{path}"),
            None => url.to_owned(),
        };
        let client = Client::open(url.into_connection_info().ok()?).ok()?;
        let info = client.get_connection_info();
        let (topology, settings) = (Topology::Single(info.addr().clone()), info.redis_settings().clone());
        Some(Self { topology, settings, tls: false, files: TlsFiles::default() })
    }

    fn of_sentinels(url: &str) -> Result<Self, &'static str> {
        let Parts { user, places, path, query } = Parts::read(url, SENTINEL_PORT)?;
        let mut path = path.split('/');
        let name = path.next().filter(|name| !name.is_empty());
        let name = name.ok_or("the primary's name is missing, as in redis+sentinel://host1,host2,host3/<name>")?;
        let database = match (path.next(), path.next()) {
            (None | Some(""), None) => 0,
            (Some(number), None) => number.parse::<u16>().map_err(|_| "the database is not a number")?,
            _ => return Err("its path must be /<name> or /<name>/<database>"),
        };
        let (mut of_sentinels, mut named, mut word) = (RedisConnectionInfo::default(), None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "sentinel_user" => named = Some(value.into_owned()),
                "sentinel_password" => word = Some(value.into_owned()),
                _ => return Err("its query may hold sentinel_user and sentinel_password"),
            }
        }
        if let Some(name) = named {
            of_sentinels = of_sentinels.set_username(name);
        }
        if let Some(word) = word {
            of_sentinels = of_sentinels.set_password(word);
        }
        let primary = decoded(name)?;
        let settings = of_sentinels.set_skip_set_lib_name();
        let topology = Topology::Sentinel { sentinels: places, primary, settings };
        Ok(Self { topology, settings: user.set_db(database.into()), tls: false, files: TlsFiles::default() })
    }

    fn of_cluster(url: &str) -> Result<Self, &'static str> {
        let Parts { user, places, path, query } = Parts::read(url, PORT)?;
        if !matches!(path, "" | "0") {
            return Err("a cluster has only database 0, so nothing may follow the last host");
        }
        if !query.is_empty() {
            return Err("it takes no query");
        }
        Ok(Self { topology: Topology::Cluster(places), settings: user, tls: false, files: TlsFiles::default() })
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server(…)")
    }
}

/// A URL with several hosts.
struct Parts<'a> {
    user: RedisConnectionInfo,
    places: Vec<Place>,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn read(url: &'a str, port: u16) -> Result<Self, &'static str> {
        let (_, rest) = url.split_once("://").ok_or("// is missing behind the scheme")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let mut user = RedisConnectionInfo::default();
        let (name, word) = credentials.split_once(':').unwrap_or((credentials, ""));
        if !name.is_empty() {
            user = user.set_username(decoded(name)?);
        }
        if !word.is_empty() {
            user = user.set_password(decoded(word)?);
        }
        if !credentials.is_empty() && word.is_empty() {
            return Err("user and password must be given as user:password@ or :password@");
        }
        let places: Result<Vec<Place>, _> = hosts.split(',').map(|host| place(host, port)).collect();
        Ok(Self { user, places: places?, path, query })
    }
}

fn place(text: &str, port: u16) -> Result<Place, &'static str> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, Some(port)),
        Some((host, behind)) => (host, behind.strip_prefix(':').and_then(|port| port.parse().ok())),
        None => match text.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (text, Some(port)),
        },
    };
    let port = port.filter(|port| *port > 0).ok_or("a port is not a number from 1 to 65535")?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || "[]@%\"'\\".contains(c);
    if host.is_empty() || host.contains(odd) {
        return Err("a host's name is missing or no name");
    }
    Ok(Place { host: host.to_owned(), port })
}

fn decoded(text: &str) -> Result<String, &'static str> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| "what is %-encoded in it is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(server: &Server) -> Vec<(&str, u16)> {
        let (Topology::Sentinel { sentinels: all, .. } | Topology::Cluster(all)) = &server.topology else {
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
        let Topology::Sentinel { primary, settings, .. } = &server.topology else { panic!("{server:?}") };
        assert_eq!((&**primary, settings.username(), settings.password()), ("my primary", None, Some("x&y")));
        let own = &server.settings;
        assert_eq!((own.username(), own.password(), own.db()), (Some("app"), Some("p@ss"), 3));
        assert_eq!(format!("{server:?}"), "Server(…)");
    }

    #[test]
    fn a_cluster_has_one_database() {
        let server = Server::parse("redis+cluster://:word@10.0.0.1:7000,10.0.0.2").unwrap();
        assert_eq!(places(&server), [("10.0.0.1", 7000), ("10.0.0.2", 6379)]);
        assert_eq!((server.settings.username(), server.settings.password()), (None, Some("word")));
        assert!(Server::parse("redis+cluster://h/0").is_ok());
        assert!(Server::parse("redis+cluster://h/1").unwrap_err().contains("only database 0"));
    }

    #[test]
    fn what_is_no_such_url_is_told_without_its_text() {
        for (url, why) in [
            ("redis+sentinel://secret", "the primary's name is missing"),
            ("redis+sentinel://secret/", "the primary's name is missing"),
            ("redis+sentinel://h/secret/x", "the database is not a number"),
            ("redis+sentinel://h/secret/1/2", "its path must be"),
            ("redis+sentinel://h/n?secret=1", "its query may hold"),
            ("redis+sentinel:h1/n", "// is missing"),
            ("redis+cluster://h1,,secret", "a host's name is missing"),
            ("redis+cluster://h1:secret", "a port is not a number"),
            ("redis+cluster://h1:0", "a port is not a number"),
            ("redis+cluster://secret@h1", "user and password must be given as"),
            ("redis+cluster://h1?secret", "it takes no query"),
            ("redis+cluster://:%ffsecret@h1", "not UTF-8"),
            ("secret://h", "must begin with one of redis:"),
            ("redis://h/secret", "is not a URL of a Redis server"),
        ] {
            let told = Server::parse(url).unwrap_err();
            assert!(told.contains(why) && !told.contains("secret"), "{url}: {told}");
        }
    }
}
