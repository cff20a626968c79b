//! Loopback ports that nobody else takes meanwhile.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    ops::Range,
};

/// Below those that the system gives to clients and to whoever asks for any, on Linux 32768 and up: between our look and
/// the server's start no connection comes to sit on one; nor on the port 10,000 above, where nodes of a cluster speak with each
/// other, and which is none of ours.
const RANGE: Range<u16> = 10_000..20_000;

/// A port of 127.0.0.1 that is ours, among all tests of this machine, until this is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Its lock ends with the process, however that ends.
    _held: File,
}

impl Port {
    /// One that is free.
    ///
    /// # Panics
    /// If none is.
    #[track_caller]
    pub fn take() -> Self {
        let places = std::env::temp_dir().join("otp-ports");
        fs::create_dir_all(&places).expect("a directory of ports");
        let chance = u16::try_from(RandomState::new().hash_one(()) % RANGE.len() as u64).expect("within the range");
        let start = RANGE.start + chance;
        let all = (start..RANGE.end).chain(RANGE.start..start);
        let mut held = all.filter_map(|number| {
            let file = File::create(places.join(number.to_string())).ok()?;
            file.try_lock().ok()?;
            TcpListener::bind(("127.0.0.1", number)).ok()?;
            Some(Self { number, _held: file })
        });
        held.next().expect("a free port")
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[test]
fn a_port_is_given_once_until_it_is_dropped() {
    let ports: Vec<Port> = (0..200).map(|_| Port::take()).collect();
    let numbers: std::collections::HashSet<u16> = ports.iter().map(Port::number).collect();
    assert_eq!(numbers.len(), ports.len());
    let place = std::env::temp_dir().join("otp-ports").join(ports[0].number().to_string());
    assert!(File::open(&place).unwrap().try_lock().is_err());
    drop(ports);
    assert!(File::open(&place).unwrap().try_lock().is_ok());
}
