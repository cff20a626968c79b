//! What is in force, fit to be shown: every secret reduced to whether it is set.

use std::path::Path;

use serde_json::Value;

use super::{
    Config, LogFormat, NamedKey, Preset, Sink, StoreTarget, WhenFull,
    table::VARIABLES,
    value::{show_quota, show_span},
};
use crate::{
    policy::PurposePolicy,
    secret::{ArgonCost, HashScheme},
    store::Durability,
    tls::PemFile,
};

impl Config {
    /// Name and value of every variable that `serve` acts on, in the order of the table, each followed by what single
    /// purposes have otherwise. Secrets are redacted (`set (1 key)`); all other texts could be set again as they are.
    pub fn in_force(&self) -> Vec<(String, Value)> {
        let mut shown = Vec::new();
        for row in VARIABLES.iter().filter(|row| row.is_served()) {
            if let Some(value) = self.value_of(row.name) {
                shown.push((row.name.to_owned(), value));
            }
            for (purpose, policy) in &self.policy.purposes {
                if let Some(value) = self.own_value(row.name, policy) {
                    shown.push((format!("{}__{}", row.name, purpose.to_ascii_uppercase()), value));
                }
            }
        }
        shown
    }

    fn value_of(&self, name: &str) -> Option<Value> {
        let lockout = &self.policy.lockout;
        Some(match name {
            "OTP_PRESET" => self.preset.word().into(),
            "OTP_MAX_FAILURES_PER_IP_PER_HOUR" => show_quota(self.policy.ip_failures).into(),
            "MAX_ATTEMPTS_PER_IP_PER_HOUR" => show_quota(self.policy.ip_sends).into(),
            "OTP_REQUIRE_CLIENT_IP" => self.policy.require_client_ip.into(),
            "OTP_IPV6_PREFIX" => self.policy.ipv6_prefix.into(),
            "OTP_ALLOW_WEAK" => self.allow_weak.into(),
            "MAX_FAILED_VERIFICATIONS_PER_OTP" => lockout.max_failures.into(),
            "ACCOUNT_LOCKOUT_MINUTES" => show_span(lockout.first).into(),
            "PROGRESSIVE_LOCKOUT" => lockout.progressive.into(),
            "OTP_LOCKOUT_FACTOR" => lockout.factor.into(),
            "OTP_MAX_LOCKOUT_MINUTES" => show_span(lockout.cap).into(),
            "OTP_LOCKOUT_MEMORY_HOURS" => show_span(lockout.memory).into(),
            "OTP_MAX_CONSECUTIVE_FAILURES" => lockout.hard_stop.into(),
            "OTP_LISTEN" => self.listen.to_string().into(),
            "OTP_ADMIN_LISTEN" => self.admin_listen.to_string().into(),
            "OTP_TLS_CERT" => path(self.tls.as_deref().map(|tls| &tls.files().cert)),
            "OTP_TLS_KEY" => path(self.tls.as_deref().map(|tls| &tls.files().key)),
            "OTP_TLS_CLIENT_CA" => path(self.tls.as_deref().and_then(|tls| tls.files().client_ca.as_ref())),
            "OTP_API_KEYS" => keys(&self.api_keys).into(),
            "OTP_ADMIN_KEYS" => keys(&self.admin_keys).into(),
            "OTP_VIEWER_KEYS" => keys(&self.viewer_keys).into(),
            "OTP_PEPPER" => self.material(self.peppers.len()).into(),
            "OTP_INDEX_KEY" => self.material(self.index_key.iter().len()).into(),
            "OTP_HASH" => match self.hash {
                HashScheme::Hmac => "hmac".into(),
                HashScheme::Argon2id(_) => "argon2id".into(),
            },
            "OTP_ARGON2_MEMORY_KIB" => self.argon2(|cost| cost.memory_kib.into()),
            "OTP_ARGON2_ITERATIONS" => self.argon2(|cost| cost.iterations.into()),
            "OTP_HASH_THREADS" => self.hash_threads.into(),
            "REDIS_URL" => self.store.scheme().map_or("not set".into(), |scheme| format!("set ({scheme})")).into(),
            "OTP_REDIS_TIMEOUT" => show_span(self.redis_timeout).into(),
            "OTP_REDIS_CA" => path_or(self.redis_files.authority.as_deref(), "the system's"),
            "OTP_REDIS_CERT" => path_or(self.redis_files.own.as_ref().map(|(cert, _)| &**cert), "none"),
            "OTP_REDIS_KEY" => path_or(self.redis_files.own.as_ref().map(|(_, key)| &**key), "none"),
            "OTP_DURABILITY" => match self.durability {
                Durability::WhereReplicated => "replica where there are any".into(),
                Durability::None => "none".into(),
                Durability::Replica => "replica".into(),
                Durability::Fsync => "fsync".into(),
            },
            "OTP_ACCEPT_OLDER_STORE" => self.accept_older_store.into(),
            "OTP_REDIS_BIN" => match &self.store {
                StoreTarget::Embedded { binary: Some(path) } => path.display().to_string().into(),
                StoreTarget::Embedded { binary: None } => "found on PATH".into(),
                StoreTarget::Url(_) => "not used".into(),
            },
            "OTP_DATA_DIR" => self.data_dir.display().to_string().into(),
            "OTP_AUDIT_SINK" => match self.audit.sink {
                Sink::Dir => "dir".into(),
                Sink::Stdout => "stdout".into(),
                Sink::Both => "dir,stdout".into(),
            },
            "OTP_AUDIT_DIR" => match self.audit.sink {
                Sink::Dir | Sink::Both => self.audit.dir.display().to_string().into(),
                Sink::Stdout => "not used".into(),
            },
            "OTP_AUDIT_CHECKPOINT_DIR" => match &self.audit.checkpoints {
                Some(path) => path.display().to_string().into(),
                None => "none".into(),
            },
            "OTP_AUDIT_KEY" => match &self.audit.key {
                Some(_) => "set (1 value)".into(),
                None => "not set (derived from the index key)".into(),
            },
            "OTP_AUDIT_RETENTION_DAYS" => show_span(self.audit.retention).into(),
            "OTP_AUDIT_NAMES" => self.audit.names.into(),
            "OTP_AUDIT_SOFT_BACKLOG" => self.audit.soft.into(),
            "OTP_AUDIT_HARD_BACKLOG" => self.audit.hard.into(),
            "OTP_AUDIT_WHEN_FULL" => match self.audit.when_full {
                WhenFull::Refuse => "refuse".into(),
                WhenFull::Shed => "shed".into(),
            },
            "OTP_LOG" => self.log.clone().into(),
            "OTP_LOG_FORMAT" => match self.log_format {
                Some(LogFormat::Text) => "text".into(),
                Some(LogFormat::Json) => "json".into(),
                None => "text on a terminal, else json".into(),
            },
            "OTP_MAX_CONNECTIONS" => self.max_connections.into(),
            "OTP_MAX_BODY_BYTES" => self.max_body_bytes.into(),
            of_purposes => return cell(of_purposes, &self.policy.default),
        })
    }

    /// What `policy` has of its own: a pause or quota set for it runs apart even if it is as long as the shared one.
    fn own_value(&self, name: &str, policy: &PurposePolicy) -> Option<Value> {
        let apart = match name {
            "RESEND_COOLDOWN_SECONDS" => policy.own_cooldown,
            "MAX_ATTEMPTS_PER_USER_PER_HOUR" => policy.own_sends,
            _ => cell(name, policy) != cell(name, &self.policy.default),
        };
        if apart { cell(name, policy) } else { None }
    }

    fn argon2(&self, part: impl Fn(&ArgonCost) -> Value) -> Value {
        match &self.hash {
            HashScheme::Argon2id(cost) => part(cost),
            HashScheme::Hmac => "not used".into(),
        }
    }

    fn material(&self, count: usize) -> String {
        match (count, &self.store) {
            (0, StoreTarget::Embedded { .. }) => "not set (made and kept in the data directory)".into(),
            (0, StoreTarget::Url(_)) => "not set".into(),
            (1, _) => "set (1 value)".into(),
            (more, _) => format!("set ({more} values)"),
        }
    }
}

fn cell(name: &str, policy: &PurposePolicy) -> Option<Value> {
    Some(match name {
        "OTP_LENGTH" => policy.shape.length.into(),
        "OTP_ALPHABET" => policy.shape.alphabet.clone().into(),
        "OTP_LIFETIME_MINUTES" => show_span(policy.lifetime).into(),
        "RESEND_COOLDOWN_SECONDS" => show_span(policy.cooldown).into(),
        "MAX_ATTEMPTS_PER_USER_PER_HOUR" => show_quota(policy.sends).into(),
        _ => return None,
    })
}

fn path(file: Option<&PemFile>) -> Value {
    file.map_or_else(|| "not set".into(), |file| file.path.display().to_string().into())
}

fn keys(keys: &[NamedKey]) -> String {
    match keys.len() {
        0 => "not set".into(),
        1 => "set (1 key)".into(),
        more => format!("set ({more} keys)"),
    }
}

impl Preset {
    fn word(self) -> &'static str {
        match self {
            Self::Hardened => "hardened",
            Self::Balanced => "balanced",
            Self::Development => "development",
        }
    }
}

fn path_or(path: Option<&Path>, otherwise: &str) -> Value {
    path.map_or(otherwise.to_owned(), |path| path.display().to_string()).into()
}
