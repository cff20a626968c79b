//! Client networks: what counts as one client when sends are limited per address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv4 address that an IPv6 notation of one stands for, else the address itself. Notations are `::ffff:0:0/96`
/// (RFC 4291 §2.5.5.2), `64:ff9b::/96` (RFC 6052 §2.1) and `::a.b.c.d` (RFC 4291 §2.5.5.1) but for `::` and `::1`.
pub fn canonical(ip: IpAddr) -> IpAddr {
    const MAPPED: u128 = 0xffff << 32;
    const TRANSLATED: u128 = 0x0064_ff9b << 96;
    let IpAddr::V6(v6) = ip else { return ip };
    let bits = v6.to_bits();
    let low = bits & u128::from(u32::MAX);
    match bits - low {
        0 if low <= 1 => ip,
        0 | MAPPED | TRANSLATED => u32::try_from(low).map_or(ip, |low| IpAddr::V4(Ipv4Addr::from_bits(low))),
        _ => ip,
    }
}

/// An IPv4 address, or the IPv6 network that one customer usually holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
}

impl Network {
    /// The network of `ip`: an IPv4 address, however it is written ([`canonical`]); of other IPv6 addresses `prefix` leading
    /// bits (0–128) count.
    pub fn of(ip: IpAddr, prefix: u8) -> Self {
        let first = match canonical(ip) {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        };
        Self { first }
    }

    /// The bytes that name it: 4 or 16.
    pub fn bytes(&self) -> Vec<u8> {
        match self.first {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        }
    }
}

/// An address is personal data: nothing of it is printed by accident.
impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for other in ["::", "::1", "64:ff9b:1::c000:201", "64:ff9b::1:c000:201", "::ffff:0:c000:201", "2002:c000:201::"]
        {
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
}
