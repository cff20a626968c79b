//! What the sidecar takes besides processor time: memory, and time to start.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use otp_sidecar::http::raise_descriptor_limit;

use super::{
    Measurement,
    scenario::{all_meant, issue},
};
use crate::{
    client::Client,
    rig::{Rig, Server, Transport, peak, program, resident},
    sample::{SERVER_MB, Sample},
    work::Ready,
};

/// From its start to `/readyz`, ms.
pub const READY_MS: &str = "ready_ms";
/// The program, MB.
pub const BINARY_MB: &str = "binary_mb";
/// The most memory so far, MB.
pub const PEAK_MB: &str = "peak_mb";
/// Connections that are opened and ask at the same time.
const AT_ONCE: usize = 100;
/// Memory that stays as it is for so long has settled; connections rest after far less.
const FALLS_NO_MORE: Duration = Duration::from_secs(1);
const AT_REST_WITHIN: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
/// Descriptors beside those of connections.
const SPARE: u64 = 64;

fn memory(rig: &Rig) -> Sample {
    Sample::of(SERVER_MB, resident(rig.server()) as f64 / 1e6)
}

/// Memory of one that just became ready.
pub fn idle(name: impl Into<String>, server: Server) -> Measurement {
    Measurement::new(name, move |_| memory(&Rig::start(server, Transport::Unix, true)))
}

/// Memory with so many connections open, each of which was of use once and rests; and the most that it was meanwhile.
pub fn connections(name: impl Into<String>, server: Server, connections: usize) -> Measurement {
    Measurement::new(name, move |_| {
        raise_descriptor_limit(connections as u64 + SPARE);
        let rig = Rig::start(server, Transport::Unix, true);
        let open = |_| {
            let mut client = Client::connect(&rig.address, AT_ONCE).expect("connections");
            all_meant(client.closed(&mut Ready, Duration::ZERO));
            client
        };
        let _open: Vec<Client> = (0..connections / AT_ONCE).map(open).collect();
        Sample::of(SERVER_MB, settled(rig.server()) as f64 / 1e6).and(PEAK_MB, peak(rig.server()) as f64 / 1e6)
    })
}

/// Memory once it falls no further.
fn settled(pid: u32) -> u64 {
    let (start, mut least, mut since) = (Instant::now(), u64::MAX, Instant::now());
    while since.elapsed() < FALLS_NO_MORE && start.elapsed() < AT_REST_WITHIN {
        let now = resident(pid);
        if now < least {
            (least, since) = (now, Instant::now());
        }
        thread::sleep(LOOK);
    }
    least
}

/// How long a start takes over a Redis that runs.
pub fn start(name: impl Into<String>, server: Server) -> Measurement {
    Measurement::new(name, move |_| {
        let mut rig = Rig::start(server, Transport::Unix, true);
        // Scripts and keys of an earlier start are there, as after any restart.
        issue(&mut Client::connect(&rig.address, 1).expect("a connection"), 1);
        rig.stop();
        let began = Instant::now();
        rig.start_again();
        Sample::of(READY_MS, began.elapsed().as_secs_f64() * 1e3)
    })
}

/// How long a first start takes that also starts a Redis of its own.
pub fn embedded_start(name: impl Into<String>, server: Server) -> Measurement {
    Measurement::new(name, move |_| {
        let began = Instant::now();
        let _rig = Rig::start_embedded(server);
        Sample::of(READY_MS, began.elapsed().as_secs_f64() * 1e3)
    })
}

/// How long the program is.
pub fn size(name: impl Into<String>) -> Measurement {
    Measurement::new(name, |_| {
        let length = fs::metadata(program()).expect("the program under measurement").len();
        Sample::of(BINARY_MB, length as f64 / 1e6)
    })
}
