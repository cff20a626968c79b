//! Locations: what the operator's `.mmdb` files say of an address. They are read into memory, as a file that is cut short while
//! it is mapped would end the process, and read again when they change; what cannot be used leaves the last good ones in use.

use std::{
    fs,
    io::Read as _,
    net::IpAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ipnetwork::IpNetwork;
use maxminddb::{LookupResult, PathElement::Key, Reader};
use serde::Deserialize;
use serde_json::Value;

use super::signals::{ALLOWED, ANONYMOUS, HOSTING, Place, SATELLITE, Signals};
use crate::{renewable::Renewable, watched::Watched};

/// The most that is read: it is held in memory, twice while it is read again.
const LARGEST: u64 = 256 << 20;
/// Operators of satellites, whose addresses are where their ground is.
const SATELLITES: [u32; 2] = [14_593, 22_351];

/// Networks and operators that are never suspicious (`OTP_RISK_ALLOW`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// By address.
    pub networks: Vec<IpNetwork>,
    /// By AS number.
    pub operators: Vec<u32>,
}

/// Tells a file from what it was before.
type Stamp = Option<(u64, u64, i64, i64)>;

/// The files, and what is in use of them.
#[derive(Debug)]
pub struct Locations {
    files: Vec<PathBuf>,
    in_use: Renewable<Vec<Reader<Vec<u8>>>>,
    seen: Mutex<Seen>,
}

/// How the files were when they were read last.
#[derive(Debug, Default)]
struct Seen {
    stamps: Vec<Stamp>,
    is_bad: bool,
}

impl Locations {
    /// Reads and verifies all of them, which may take a second.
    ///
    /// # Errors
    /// The first that cannot be used: the rest of a sentence that begins with the variable.
    pub fn load(files: Vec<PathBuf>) -> Result<Self, String> {
        let locations = Self { files, in_use: Renewable::default(), seen: Mutex::default() };
        locations.read(&mut locations.seen())?;
        Ok(locations)
    }

    /// Whether what is in the files cannot be used.
    pub fn is_bad(&self) -> bool {
        self.seen().is_bad
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, seen: &mut Seen) -> Result<(), String> {
        seen.stamps = self.stamp();
        let read: Result<Vec<_>, _> = self.files.iter().map(|file| read(file)).collect();
        seen.is_bad = read.is_err();
        self.in_use.set(read?.into());
        Ok(())
    }

    /// When the oldest file in use was built, seconds since 1970.
    pub fn built(&self) -> u64 {
        self.in_use.get().iter().map(|database| database.metadata().build_epoch).min().unwrap_or_default()
    }

    /// Adds to `signals` what the files say of an address, where one file's word comes before the next's; answers whether any
    /// had one. Of an address of no public network nobody is asked.
    pub fn locate(&self, ip: IpAddr, signals: &mut Signals) -> bool {
        if is_local(ip) {
            return false;
        }
        let mut found = false;
        for reader in self.in_use.get().iter() {
            let Ok(said) = reader.lookup(ip) else { continue };
            if said.has_data() {
                found = true;
                add(&said, signals);
            }
        }
        if SATELLITES.contains(&signals.operator) {
            signals.flags |= SATELLITE;
        }
        found
    }
}

/// It goes by what the system says of the files: they are large.
impl Watched for Locations {
    /// Else one of them cannot be used: the rest of a sentence that begins with the variable.
    type News = Result<(), String>;
    type Stamp = Vec<Stamp>;

    fn stamp(&self) -> Vec<Stamp> {
        self.files.iter().map(|file| stamp(file)).collect()
    }

    fn knows(&self, stamps: &Vec<Stamp>) -> bool {
        self.seen().stamps == *stamps
    }

    fn look(&self) -> Option<Self::News> {
        let mut seen = self.seen();
        (self.stamp() != seen.stamps).then(|| self.read(&mut seen))
    }
}

impl Allowed {
    /// Marks signals that come from there.
    pub fn mark(&self, ip: Option<IpAddr>, signals: &mut Signals) {
        let here = ip.is_some_and(|ip| self.networks.iter().any(|network| network.contains(ip)));
        if here || self.operators.contains(&signals.operator) {
            signals.flags |= ALLOWED;
        }
    }
}

/// Whether it is no part of the internet, so that no file can say where it is.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let is_shared = matches!(ip.octets(), [100, 64..128, ..]);
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || is_shared
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

fn read(path: &Path) -> Result<Reader<Vec<u8>>, String> {
    let named = |why: String| format!("names {}, {why}", path.display());
    let unreadable = |error: std::io::Error| named(format!("which cannot be read: {}", error.kind()));
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        return Err(named("which is no file".into()));
    }
    if found.len() > LARGEST {
        return Err(named("which is larger than 256 MB".into()));
    }
    let mut bytes = Vec::with_capacity(found.len() as usize);
    fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)).map_err(unreadable)?;
    let reader = Reader::from_source(bytes).map_err(|_| named("which is no .mmdb file".into()))?;
    reader.verify().map_err(|_| named("which is damaged".into()))?;
    Ok(reader)
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

/// What a field says, if it is there and of this type: files of different makers have different fields.
fn field<'a, T: Deserialize<'a>>(said: &LookupResult<'a, Vec<u8>>, path: &[&'static str]) -> Option<T> {
    let path: Vec<_> = path.iter().map(|part| Key(part)).collect();
    said.decode_path(&path).ok().flatten()
}

fn add(said: &LookupResult<'_, Vec<u8>>, signals: &mut Signals) {
    if signals.country == 0 {
        let names: [&[&str]; 3] = [&["country", "iso_code"], &["registered_country", "iso_code"], &["country_code"]];
        let code = names.iter().find_map(|path| field::<&str>(said, path));
        let letters = code.and_then(|code| <[u8; 2]>::try_from(code.as_bytes()).ok());
        signals.country = letters.filter(|code| code.iter().all(u8::is_ascii_uppercase)).map_or(0, u16::from_be_bytes);
    }
    // Makers have numbers of any type, and one writes `AS64500`.
    let number = |path: &[&'static str]| field::<Value>(said, path);
    if signals.operator == 0 {
        let asn = number(&["autonomous_system_number"]).or_else(|| number(&["asn"])).unwrap_or_default();
        let text = || asn.as_str()?.trim_start_matches("AS").parse().ok();
        signals.operator = asn.as_u64().or_else(text).and_then(|asn| asn.try_into().ok()).unwrap_or_default();
    }
    if signals.place.is_none() {
        let of = |name| number(&["location", name])?.as_f64();
        let hundredths = |name| of(name).map(|degrees| (degrees * 100.0).round() as i16);
        let place = hundredths("latitude").zip(hundredths("longitude")).zip(of("accuracy_radius"));
        signals.place = place.map(|((latitude, longitude), km)| Place { latitude, longitude, radius: km as u16 });
    }
    let is = |names: &[&'static str]| names.iter().any(|name| field(said, &[name]) == Some(true));
    if is(&["is_anonymous", "is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node"]) {
        signals.flags |= ANONYMOUS;
    }
    if is(&["is_hosting_provider"]) {
        signals.flags |= HOSTING;
    }
}
