//! Lines of an audit trail: any bytes are read or are not, and what is read is what stands there.

use otp_sidecar::{
    audit::trail::{
        bytes::Bytes,
        content,
        line::Line,
        segment::What,
        signed::{self, Checkpoint, Head, Root},
    },
    secret::{AuditKey, PublicKey, TrailKeys},
};

use super::Try;

pub const WORDS: &[&str] = &[
    "{\"n\":",
    ",\"segment\":",
    ",\"end\":",
    ",\"bucket\":",
    ",\"ranges\":[[",
    ",\"device_ref\":\"",
    ",\"sealed\":\"",
    ",\"h\":\"",
    "\",\"s\":\"",
    ",\"sig\":\"",
    "18446744073709551615",
];

pub fn start() -> Try {
    let keys = TrailKeys::new(&AuditKey::new(&[1; 32])).unwrap();
    Box::new(move |data| {
        if let Some(line) = Line::read(data) {
            let (hash, seal) = (Bytes(line.link.hash).text(), Bytes(line.link.seal).text());
            let suffix = format!(",\"h\":\"{hash}\",\"s\":\"{seal}\"}}");
            assert_eq!([line.body, suffix.as_bytes()].concat(), data);
            assert!(line.body.starts_with(format!("{{\"n\":{},", line.n).as_bytes()));
            What::read(&line.json());
        }
        content(data);
        if let Some(What::Footer(footer)) = What::read(data) {
            let (ranges, mut all) = (&footer.ranges, footer.ranges.gaps());
            assert!(all.common(ranges).is_empty());
            all.merge(ranges);
            assert!(all.gaps().is_empty() && all.len() >= ranges.len());
            assert_eq!(all.common(ranges), *ranges);
        }
        let public = keys.public();
        assert!(signed::open::<Head>(public, data).is_none(), "nobody signed that");
        assert!(signed::open::<Checkpoint>(public, data).is_none() && signed::open::<Root>(public, data).is_none());
        if let Some(key) = PublicKey::parse(&String::from_utf8_lossy(data)) {
            assert_eq!(PublicKey::parse(&key.pem()), Some(key));
        }
    })
}
