//! Hashes that take as long as a test says: whatever is to happen while a code is hashed has the time to, on any machine.

use std::{fs, path::PathBuf};

use super::{launch::Builder, preload::Preload};

/// See the module. Hashes of sidecars started [`HeldHash::on`] it are held or let go together.
#[derive(Debug)]
pub struct HeldHash {
    library: Preload,
    held: PathBuf,
}

impl HeldHash {
    /// One that holds nothing yet.
    #[track_caller]
    pub fn new() -> Self {
        let library = Preload::build(include_str!("held_hash.c"));
        let held = library.beside("held");
        Self { library, held }
    }

    /// Has a sidecar obey it.
    pub fn on(&self, sidecar: Builder) -> Builder {
        let variables = self.library.variables("HELD_HASH", &self.held);
        variables.iter().fold(sidecar, |sidecar, (name, value)| sidecar.set(name, value))
    }

    /// No hash is begun from now on.
    pub fn hold(&self) {
        fs::write(&self.held, "").expect("a file");
    }

    /// Those that wait are begun.
    pub fn release(&self) {
        let _ = fs::remove_file(&self.held);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hash_that_is_held_ends_no_sooner_than_it_is_released() {
    use super::{Redis, Sidecar, scheme::CHEAP, wait};
    let (redis, held) = (Redis::start(), HeldHash::new());
    let sidecar = held.on(Sidecar::builder().on(&redis).set_all(CHEAP)).start();
    let client = sidecar.client();
    client.issue("ada").await;
    held.hold();
    let call = tokio::spawn(async move { client.issue("bob").await });
    let begun = || async { (sidecar.client().status("bob").await["requests_last_hour"] == 1).then_some(()) };
    wait::until_async("the send to be counted", wait::PATIENCE, begun).await;
    assert!(!call.is_finished());
    held.release();
    call.await.unwrap();
}
