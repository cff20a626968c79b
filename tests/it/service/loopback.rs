//! Whether it is noticed that every call names this very machine.

use otp_sidecar::service::loopback::LoopbackWatch;

/// With which of these calls it is said.
fn said(addresses: impl IntoIterator<Item = &'static str>) -> Vec<usize> {
    let watch = LoopbackWatch::default();
    let seen = addresses.into_iter().enumerate();
    seen.filter(|(_, ip)| watch.observe(ip.parse().unwrap())).map(|(at, _)| at + 1).collect()
}

#[test]
fn it_is_said_once_and_only_where_nobody_else_was_seen() {
    assert_eq!(said(["127.0.0.1"; 100]), [20]);
    assert_eq!(said(["127.0.0.1", "::1", "127.9.9.9", "::ffff:127.0.0.1"].into_iter().cycle().take(100)), [20]);
    assert!(said(["127.0.0.1"; 19]).is_empty());
    assert!(said(["192.0.2.1"].into_iter().chain(["127.0.0.1"; 100])).is_empty());
    assert!(said(["127.0.0.1"; 19].into_iter().chain(["192.0.2.1"]).chain(["127.0.0.1"; 100])).is_empty());
    let off = LoopbackWatch::off();
    assert!(!(0..100).any(|_| off.observe("127.0.0.1".parse().unwrap())));
}
