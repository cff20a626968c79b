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

// An address is personal data.
super::opaque!(Network);
