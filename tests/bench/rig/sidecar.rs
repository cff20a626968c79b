//! The sidecar as it is released.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{in_unix, written};
use crate::support::{Address, keys, process};

/// What every sidecar here is started with beside its address, store and keys: all limits and events are on, as by default.
/// Only the time-out is the longest that can be set, so that other work of the machine fails no measurement.
const PLAIN: [(&str, &str); 2] = [("OTP_LOG_FORMAT", "json"), ("OTP_REDIS_TIMEOUT", "800ms")];

/// A command for one, that starts a Redis of its own where none is named. Its events and its log are written, but nobody keeps them.
pub fn command(program: &Path, home: &Path, app: &Address, redis: Option<&str>) -> Command {
    let mut command = process::command(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(PLAIN)
        .envs([
            ("OTP_LISTEN", written(app)),
            ("OTP_ADMIN_LISTEN", in_unix(&home.join("admin.sock"))),
            ("OTP_API_KEYS", keys::api_keys()),
            ("OTP_ADMIN_KEYS", keys::admin_keys()),
            ("OTP_PEPPER", keys::PEPPER.into()),
            ("OTP_INDEX_KEY", keys::INDEX_KEY.into()),
            ("OTP_DATA_DIR", home.join("data").display().to_string()),
        ])
        .envs(redis.map(|url| ("REDIS_URL", url)))
        .stderr(Stdio::null());
    command
}

/// `BENCH_SIDECAR`, or the one that was built together with this program.
pub fn program() -> PathBuf {
    std::env::var_os("BENCH_SIDECAR").map_or_else(|| env!("CARGO_BIN_EXE_otp-sidecar").into(), PathBuf::from)
}

/// `BENCH_AGAINST`: another one, to measure beside it.
pub fn before() -> Option<PathBuf> {
    std::env::var_os("BENCH_AGAINST").map(PathBuf::from)
}
