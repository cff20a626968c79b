//! The ways in which a server's data go back.

use std::{fs, path::Path};

use crate::support::{Redis, RedisOptions, redis::user, wait};

/// How the data go back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum How {
    /// An append-only file of before, and a restart.
    AppendOnlyFile,
    /// A snapshot of before, and a restart.
    Snapshot,
    /// A snapshot of before under the very process.
    Reload,
    /// Another database of the server, which has them as they were, in the place of ours.
    Swap,
    FlushAll,
    FlushDb,
    /// SIGKILL, with an append-only file that is synced each second.
    Kill,
    /// A restart with an append-only file and a default user without rights: what functions wrote is dropped.
    DefaultUserOff,
    /// Of several servers: a replica is promoted that lacks the last writes.
    Promotion,
}

impl How {
    /// On one server.
    pub const ALL: [Self; 8] = [
        Self::AppendOnlyFile,
        Self::Snapshot,
        Self::Reload,
        Self::Swap,
        Self::FlushAll,
        Self::FlushDb,
        Self::Kill,
        Self::DefaultUserOff,
    ];

    pub fn options(self) -> RedisOptions {
        let aof = matches!(self, Self::AppendOnlyFile | Self::Kill | Self::DefaultUserOff);
        let synced = if self == Self::DefaultUserOff { "always" } else { "everysec" };
        let extra = ["--enable-debug-command", "yes", "--appendfsync", synced].map(str::to_owned).to_vec();
        // Whoever may ask for it knows that nothing was lost, or takes it for that.
        let acl = Some(format!("{}{} +config|get\n", user::ANYBODY, user::line()));
        RedisOptions { tcp: true, aof, acl, extra, ..RedisOptions::default() }
    }

    /// What each of several servers is started with.
    pub fn arguments() -> Vec<String> {
        ["--enable-debug-command", "yes", "--appendfsync", "everysec"].map(str::to_owned).to_vec()
    }

    /// The causes that may be told.
    pub fn causes(self) -> &'static [&'static str] {
        match self {
            Self::AppendOnlyFile | Self::Snapshot => &["restart", "behind"],
            // Or all of a bucket, where the disk is slow.
            Self::Kill => &["restart", "behind", "gone"],
            Self::Reload | Self::Swap => &["behind"],
            Self::FlushAll | Self::FlushDb | Self::DefaultUserOff => &["gone"],
            Self::Promotion => &["failover", "behind"],
        }
    }

    /// Keeps the data as they are.
    pub fn keep(self, redis: &Redis) {
        let (dir, kept) = (redis.dir(), redis.dir().join("kept"));
        let _ = fs::remove_dir_all(&kept);
        fs::create_dir(&kept).unwrap();
        match self {
            // While an earlier part is synced, what was answered is not written yet.
            Self::AppendOnlyFile => {
                let written = || (redis.info("persistence", "aof_buffer_length") == "0").then_some(());
                wait::until("the file to be written", wait::PATIENCE, written);
                copy(&dir.join("appendonlydir"), &kept);
            }
            Self::Snapshot | Self::Reload => {
                redis.cli(&["SAVE"]);
                fs::copy(dir.join("dump.rdb"), kept.join("dump.rdb")).unwrap();
            }
            Self::Swap => {
                for key in redis.keys() {
                    redis::cmd("COPY").arg(&key).arg(&key).arg("DB").arg(1).exec(&mut redis.connect()).unwrap();
                }
            }
            Self::FlushAll | Self::FlushDb | Self::Kill | Self::DefaultUserOff | Self::Promotion => {}
        }
    }

    pub fn happen(self, redis: &mut Redis) {
        let (dir, kept) = (redis.dir().to_owned(), redis.dir().join("kept"));
        match self {
            Self::AppendOnlyFile => {
                redis.kill();
                fs::remove_dir_all(dir.join("appendonlydir")).unwrap();
                copy(&kept, &dir.join("appendonlydir"));
                redis.restart();
            }
            Self::Snapshot => {
                redis.kill();
                redis.replace_argument("appendonly", "no");
                fs::copy(kept.join("dump.rdb"), dir.join("dump.rdb")).unwrap();
                redis.restart();
            }
            Self::Reload => {
                fs::copy(kept.join("dump.rdb"), dir.join("dump.rdb")).unwrap();
                redis.cli(&["DEBUG", "RELOAD", "NOSAVE"]);
            }
            Self::Swap => drop(redis.cli(&["SWAPDB", "0", "1"])),
            Self::FlushAll => drop(redis.cli(&["FLUSHALL"])),
            Self::FlushDb => drop(redis.cli(&["FLUSHDB"])),
            Self::DefaultUserOff => {
                let users = format!("user default off\n{} +config|get\n", user::line());
                fs::write(dir.join("users.acl"), users).unwrap();
                redis.restart();
            }
            Self::Kill => redis.restart(),
            Self::Promotion => panic!("a server alone has no replica"),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
