//! Keys and fixed arguments of the scripts.

/// Any tag serves: both databases are of one server.
pub(super) const TAG: &str = "k1g";
pub(super) const OF_SUBJECT: [&str; 6] = ["s", "epoch", "events", "locked", "disabled", "h"];

pub(super) fn tag(purpose: u8) -> [u8; 4] {
    [b'T', b'A', b'G', purpose]
}

/// What an event says beyond the numbers: the reference comes first.
pub(super) fn context(subject: u8) -> Vec<u8> {
    [[subject; 16].as_slice(), &[1, 0, 3], b"r-1"].concat()
}

pub(super) fn body_and_name(subject: u8, answer: u8) -> Vec<u8> {
    // Every third comes with the body of another.
    [[answer % 3; 16], [subject ^ answer; 16]].concat()
}

pub(super) fn named(kind: &str, name: [u8; 16]) -> Vec<u8> {
    [format!("otp:{{{TAG}}}:{kind}:").as_bytes(), &name].concat()
}

pub(super) fn subject_keys(subject: u8, kinds: &[&str]) -> Vec<Vec<u8>> {
    let key = |kind: &&str| match *kind {
        "s" | "h" => named(kind, [subject; 16]),
        of_bucket => format!("otp:{{{TAG}}}:{of_bucket}").into(),
    };
    kinds.iter().map(key).collect()
}

pub(super) fn extra_keys(keys: &mut Vec<Vec<u8>>, subject: u8, ip: Option<u8>, answer: Option<u8>) {
    keys.extend(ip.map(|ip| named("i", [ip; 16])));
    keys.extend(answer.into_iter().flat_map(|answer| ["k", "c"].map(|kind| named(kind, [subject ^ answer; 16]))));
}
