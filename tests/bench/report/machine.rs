//! Where it was measured.

use std::{fs, process::Command, thread};

use crate::support::process;

/// Processor, cores, kernel, Redis.
#[derive(Debug)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    pub redis: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: model.map_or("unknown", |(_, model)| model.trim()).to_owned(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            redis: redis_version().unwrap_or_else(|| "unknown".into()),
        }
    }
}

/// As `Redis server v=7.0.15 sha=…` tells it.
fn redis_version() -> Option<String> {
    let server = ["redis-server", "valkey-server"].into_iter().find_map(process::find)?;
    let told = Command::new(&server).arg("--version").output().ok()?.stdout;
    let told = String::from_utf8(told).ok()?;
    let name = if server.ends_with("valkey-server") { "Valkey" } else { "Redis" };
    let version = told.split_whitespace().find_map(|word| word.strip_prefix("v="))?;
    Some(format!("{name} {version}"))
}
