//! How a test's server differs from the plain one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{port::Port, user};

/// How a test's Redis differs from the plain one: unix socket only, no persistence, `noeviction`, and beside the user that
/// may do all the one of `deploy/redis.acl`.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// Also listen on a free loopback port, and let [`super::Redis::url`] name that.
    pub tcp: bool,
    /// `maxmemory`, as Redis writes it (`64mb`).
    pub maxmemory: Option<String>,
    /// `maxmemory-policy`; `noeviction` if unset.
    pub policy: Option<String>,
    /// Append-only file, synced every second.
    pub aof: bool,
    /// Lines of an ACL file, in place of the usual users.
    pub acl: Option<String>,
    /// Further arguments of the server.
    pub extra: Vec<String>,
    /// Variables of its environment, on top of the test's own.
    pub environment: Vec<(String, String)>,
    /// Arguments under which its port speaks TLS and nothing else.
    pub tls: Vec<String>,
    /// Another server than the one on `PATH`.
    pub program: Option<PathBuf>,
}

impl RedisOptions {
    /// The server's arguments; writes the ACL file into `dir`.
    pub(super) fn arguments(&self, dir: &Path, port: Option<&Port>) -> Vec<String> {
        let path = |name: &str| dir.join(name).display().to_string();
        let users = self.acl.clone().unwrap_or_else(|| format!("{}{}\n", user::ANYBODY, user::line()));
        fs::write(path("users.acl"), users).expect("an ACL file");
        let mut arguments: Vec<String> = Vec::new();
        let mut set = |name: &str, value: &str| arguments.extend([format!("--{name}"), value.to_owned()]);
        set("dir", &dir.display().to_string());
        set("unixsocket", &path("redis.sock"));
        set("bind", "127.0.0.1");
        let port = port.map_or(0, Port::number).to_string();
        if self.tls.is_empty() {
            set("port", &port);
        } else {
            set("port", "0");
            set("tls-port", &port);
        }
        set("save", "");
        set("appendonly", if self.aof { "yes" } else { "no" });
        set("maxmemory-policy", self.policy.as_deref().unwrap_or("noeviction"));
        set("aclfile", &path("users.acl"));
        if let Some(maxmemory) = &self.maxmemory {
            set("maxmemory", maxmemory);
        }
        arguments.extend(self.tls.iter().chain(&self.extra).cloned());
        arguments
    }
}
