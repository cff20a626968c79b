//! Location files (`mmdb/make.py`): what they say, and that none that is damaged does more than say nothing; and what user agents say.

use std::{fs, net::IpAddr, path::PathBuf};

use otp_sidecar::{
    risk::{
        families,
        geo::Locations,
        signals::{ANONYMOUS, HOSTING, Signals, letters},
    },
    watched::Watched as _,
};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/risk/mmdb").join(name)
}

fn located(locations: &Locations, ip: &str) -> Signals {
    let mut signals = Signals::default();
    locations.locate(ip.parse().unwrap(), &mut signals);
    signals
}

#[test]
fn files_are_merged_and_each_makers_fields_are_read() {
    let files = ["country.mmdb", "city.mmdb", "asn.mmdb", "anonymous.mmdb"].map(file);
    let locations = Locations::load(files.to_vec()).unwrap();
    let said = |ip| {
        let signals = located(&locations, ip);
        (letters(signals.country).unwrap_or_default(), signals.operator, signals.flags)
    };
    assert_eq!(said("192.0.2.7"), ("NO".into(), 64_500, 0));
    assert_eq!(said("192.0.2.200"), ("DE".into(), 64_501, 0));
    assert_eq!(said("198.51.100.1"), ("US".into(), 64_502, 0));
    assert_eq!(said("203.0.113.9"), ("NL".into(), 64_503, ANONYMOUS | HOSTING));
    assert_eq!(said("2001:db8::1"), ("SE".into(), 64_504, 0));
    for unknown in ["10.0.0.1", "127.0.0.1", "100.64.0.1", "fe80::1", "fd00::1", "8.8.8.8", "::1"] {
        assert_eq!(located(&locations, unknown), Signals::default(), "{unknown}");
    }
    let place = located(&locations, "192.0.2.7").place.unwrap();
    assert_eq!((place.latitude, place.longitude, place.radius), (5991, 1075, 20));
    let packed = located(&locations, "203.0.113.9").packed();
    assert_eq!(Signals::unpack(&packed), Some(located(&locations, "203.0.113.9")));
}

#[test]
fn a_file_with_any_byte_turned_or_cut_anywhere_is_refused_or_answers() {
    let ips =
        ["192.0.2.7", "198.51.100.1", "203.0.113.9", "2001:db8::1", "8.8.8.8"].map(|ip| ip.parse::<IpAddr>().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged.mmdb");
    let tried = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let Ok(locations) = Locations::load(vec![path.clone()]) else { return };
        for ip in ips {
            locations.locate(ip, &mut Signals::default());
        }
    };
    let whole = fs::read(file("city.mmdb")).unwrap();
    for at in 0..whole.len() {
        let mut turned = whole.clone();
        turned[at] ^= 0xff;
        tried(&turned);
        tried(&whole[..at]);
    }
}

#[test]
fn what_is_no_such_file_is_refused_and_the_last_good_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("country.mmdb");
    let large = dir.path().join("large.mmdb");
    fs::File::create(&large).unwrap().set_len((256 << 20) + 1).unwrap();
    for bad in [dir.path().to_owned(), dir.path().join("none"), large] {
        assert!(Locations::load(vec![bad.clone()]).is_err(), "{}", bad.display());
    }
    fs::copy(file("country.mmdb"), &path).unwrap();
    let locations = Locations::load(vec![path.clone()]).unwrap();
    assert!(locations.knows(&locations.stamp()));
    fs::write(&path, "text").unwrap();
    assert!(!locations.knows(&locations.stamp()));
    assert!(matches!(locations.look(), Some(Err(why)) if why.contains("no .mmdb")));
    assert!(locations.is_bad() && locations.knows(&locations.stamp()));
    assert_eq!(letters(located(&locations, "192.0.2.7").country).as_deref(), Some("NO"));
    fs::copy(file("city.mmdb"), &path).unwrap();
    assert_eq!((locations.look(), locations.look()), (Some(Ok(())), None));
    assert!(!locations.is_bad() && located(&locations, "192.0.2.7").place.is_some());
}

#[test]
fn a_user_agent_is_one_of_a_family_and_not_of_a_version() {
    let known = [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
            (1, 2),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0 Safari/537.36",
            (1, 1),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
            (2, 4),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
            (4, 5),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", (7, 3)),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", (8, 7)),
        ("", (0, 0)),
        ("\u{fffd}\u{0}\u{202e}' OR 1=1 --", (9, 8)),
    ];
    known.iter().for_each(|(agent, expected)| assert_eq!(families::of(agent), *expected, "{agent}"));
    assert_eq!(families::system(2), "ios");
}
