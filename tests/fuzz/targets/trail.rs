//! Lines of an audit trail: any bytes are read or are not, and what is read is what stands there.

use otp_sidecar::{
    audit::trail::{
        checkpoint::Checkpoint,
        line::{Bytes, Line, NONE},
        ranges::Position,
        record::Record,
    },
    secret::{AuditKey, PublicKey, TrailKeys},
};

use super::Try;

pub const WORDS: &[&str] = &[
    "{\"n\":",
    ",\"segment\":",
    ",\"mark\":{\"checkpoint\":\"",
    ",\"before\":{\"bucket\":",
    ",\"bucket\":",
    ",\"positions\":{\"1\":\"1-1\"",
    ",\"h\":\"",
    ",\"sig\":\"",
    "18446744073709551615",
];

pub fn start() -> Try {
    let keys = TrailKeys::new(&AuditKey::new(&[1; 32])).unwrap();
    Box::new(move |data| {
        if let Some(line) = Line::read(data) {
            let suffix = format!(",\"h\":\"{}\"}}", Bytes(line.hash).text());
            assert_eq!([line.body, suffix.as_bytes()].concat(), data);
            assert!(line.body.starts_with(format!("{{\"n\":{},", line.n).as_bytes()));
            Record::read(&line.json());
            assert!(!line.follows(&NONE), "nobody wrote that");
        }
        if let Some(statement) = Checkpoint::find(data) {
            assert!(data.windows(statement.len()).any(|part| part == statement));
        }
        if let Some(Record::Header(header)) = Record::read(data) {
            assert!(
                header.positions.values().all(|position| Position::try_from(position.to_string()) == Ok(*position))
            );
        }
        let public = keys.public();
        assert!(Checkpoint::open(public, data).is_none(), "nobody signed that");
        if let Some(key) = PublicKey::parse(&String::from_utf8_lossy(data)) {
            assert_eq!(PublicKey::parse(&key.pem()), Some(key));
        }
    })
}
