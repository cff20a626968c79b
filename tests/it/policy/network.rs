//! Addresses and the networks that they count for.

use otp_sidecar::policy::{Network, network::canonical};

fn net(text: &str, prefix: u8) -> Network {
    Network::of(text.parse().unwrap(), prefix)
}

#[test]
fn every_notation_of_an_ipv4_address_is_that_address_and_no_other_is() {
    let canonical = |text: &str| canonical(text.parse().unwrap()).to_string();
    for notation in ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "64:ff9b::192.0.2.1", "::192.0.2.1"] {
        assert_eq!(canonical(notation), "192.0.2.1", "{notation}");
        assert!(net(notation, 64) == net("192.0.2.1", 64), "{notation}");
    }
    assert_eq!(canonical("::2"), "0.0.0.2");
    for other in ["::", "::1", "64:ff9b:1::c000:201", "64:ff9b::1:c000:201", "::ffff:0:c000:201", "2002:c000:201::"] {
        assert_eq!(canonical(other), other);
    }
}

#[test]
fn one_ipv6_network_counts_once() {
    assert!(net("2001:db8::1", 64) == net("2001:db8::ffff:ffff:ffff:ffff", 64));
    assert!(net("2001:db8:0:1::1", 64) != net("2001:db8::1", 64));
    assert!(net("::ffff:192.0.2.1", 64) != net("::ffff:192.0.2.2", 64));
    assert!(net("::1", 128) != net("fe80::1", 128));
    assert!(net("::1", 0) == net("ff::2", 0));
}
