//! Client networks: what counts as one client when sends are limited per address.

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, or the IPv6 network that one customer usually holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
}

impl Network {
    /// The network of `ip`. `::ffff:a.b.c.d` is `a.b.c.d`; of other IPv6 addresses `prefix` leading bits (0–128) count.
    pub fn of(ip: IpAddr, prefix: u8) -> Self {
        let first = match ip.to_canonical() {
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
    fn one_ipv6_network_counts_once_and_mapped_addresses_are_ipv4() {
        assert!(net("2001:db8::1", 64) == net("2001:db8::ffff:ffff:ffff:ffff", 64));
        assert!(net("2001:db8:0:1::1", 64) != net("2001:db8::1", 64));
        assert!(net("::ffff:192.0.2.1", 64) == net("192.0.2.1", 64));
        assert!(net("::ffff:192.0.2.1", 64) != net("::ffff:192.0.2.2", 64));
        assert!(net("::1", 128) != net("::2", 128));
        assert!(net("::1", 0) == net("ff::2", 0));
    }
}
