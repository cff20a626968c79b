//! The ways in which a server's data go back.

use std::{fs, path::Path};

use crate::support::{Redis, RedisOptions, redis::user, wait};

/// Who may let others in again.
const OPERATOR: &str = "user operator on >secret ~* &* +@all";

/// When an append-only file is on disk.
#[derive(Debug, Clone, Copy)]
pub enum Synced {
    Always,
    EverySecond,
}

impl Synced {
    /// What a server is started with.
    pub fn arguments(self) -> Vec<String> {
        let synced = if matches!(self, Self::Always) { "always" } else { "everysec" };
        ["--enable-debug-command", "yes", "--appendfsync", synced].map(str::to_owned).to_vec()
    }
}

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
    /// SIGKILL, with an append-only file that is synced each second; where each write is synced, nothing is lost by it.
    Kill,
    /// A restart with an append-only file and a default user without rights: what functions wrote since it was last rewritten is
    /// dropped.
    DefaultUserOff,
    /// Of several servers: a replica is promoted that lacks the last writes.
    Promotion,
    /// A snapshot of this moment under the very process: nothing is lost.
    ReloadOfNow,
    /// Of a cluster: slots go to another primary, with all that is in them.
    SlotMove,
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
        let synced = if self == Self::DefaultUserOff { Synced::Always } else { Synced::EverySecond };
        // Whoever may ask for it knows that nothing was lost, or takes it for that.
        let acl = Some(format!("{}{} +config|get\n", user::ANYBODY, user::line()));
        RedisOptions { tcp: true, aof, acl, extra: synced.arguments(), ..RedisOptions::default() }
    }

    /// Whether it shows without any position that was known: by another run of the server, or by another server. Else only who
    /// knows of the last events can tell.
    pub fn shows(self) -> bool {
        matches!(self, Self::AppendOnlyFile | Self::Snapshot | Self::Kill | Self::Promotion)
    }

    /// The causes that may be told.
    pub fn causes(self) -> &'static [&'static str] {
        match self {
            Self::AppendOnlyFile | Self::Snapshot => &["restart", "behind"],
            // Or all of a bucket, where the disk is slow, or where it came after the file was rewritten.
            Self::Kill | Self::DefaultUserOff => &["restart", "behind", "gone"],
            Self::Reload | Self::Swap => &["behind"],
            Self::FlushAll | Self::FlushDb => &["gone"],
            Self::Promotion => &["failover", "behind"],
            Self::ReloadOfNow | Self::SlotMove => &[],
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
            // What lies there as a snapshot is not dropped.
            Self::DefaultUserOff => {
                redis.cli(&["BGREWRITEAOF"]);
                let state = |field| redis.info("persistence", field) == "0";
                let rewritten = || (state("aof_rewrite_in_progress") && state("aof_rewrite_scheduled")).then_some(());
                wait::until("the file to be rewritten", wait::PATIENCE, rewritten);
            }
            Self::FlushAll | Self::FlushDb | Self::Kill | Self::Promotion | Self::ReloadOfNow | Self::SlotMove => {}
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
            // What is dropped is dropped while it starts: others may come in again afterwards.
            Self::DefaultUserOff => {
                let (file, socket) = (dir.join("users.acl"), redis.sockets().remove(0));
                let users = fs::read_to_string(&file).unwrap();
                fs::write(&file, users.replace(user::ANYBODY, &format!("user default off\n{OPERATOR}\n"))).unwrap();
                redis.restart();
                fs::write(&file, users).unwrap();
                let url = format!("unix://{}?user=operator&pass=secret", socket.display());
                let mut operator = redis::Client::open(url).unwrap().get_connection().unwrap();
                // It says whom it does not know even before it has read all.
                let has_read = || redis::cmd("PING").exec(&mut operator).ok();
                wait::until("a server that has read its data", wait::PATIENCE, has_read);
                redis::cmd("ACL").arg("LOAD").exec(&mut operator).unwrap();
            }
            Self::Kill => redis.restart(),
            Self::ReloadOfNow => drop(redis.cli(&["DEBUG", "RELOAD"])),
            Self::Promotion | Self::SlotMove => panic!("a server alone has nobody to take over"),
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
