//! Addresses to listen on.

use super::{address::ListenAddr, reader::Reader, table as env, words::Preset};

/// Where both interfaces listen.
pub(super) struct Listeners {
    pub(super) app: ListenAddr,
    pub(super) admin: ListenAddr,
}

impl Listeners {
    /// Whether neither of them is reached over TCP.
    pub(super) fn are_unix(&self) -> bool {
        matches!((&self.app, &self.admin), (ListenAddr::Unix(_), ListenAddr::Unix(_)))
    }
}

/// Reads both, and what must hold of an address that others can reach.
pub(super) fn read(r: &mut Reader) -> Listeners {
    let (app, admin) = (r.get(&env::OTP_LISTEN), r.get(&env::OTP_ADMIN_LISTEN));
    // Both at one address would mix the app's doors with the operator's. Port 0 is a new port each time.
    let any_port = matches!(&app, ListenAddr::Tcp(address) if address.port() == 0);
    if app == admin && !any_port && !r.are_wrong(&["OTP_LISTEN", "OTP_ADMIN_LISTEN"]) {
        r.mistake("OTP_ADMIN_LISTEN", format!("must differ from OTP_LISTEN; both are `{app}`"));
    }
    for (name, address, keys, or_keys, bearer) in [
        ("OTP_LISTEN", &app, "OTP_API_KEYS", "OTP_API_KEYS", " as tenant `default`"),
        ("OTP_ADMIN_LISTEN", &admin, "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS", " as an operator"),
    ] {
        if r.preset == Preset::Development && !address.is_local() {
            let only =
                "OTP_PRESET=development serves on loopback or a unix socket only, since it has next to no limits";
            r.mistake(name, format!("must not be {address}: {only}; for others set OTP_PRESET=hardened or balanced"));
        }
        if r.is_set(keys) || r.is_set(or_keys) {
            continue;
        }
        if address.is_local() {
            r.warn(keys, format!("is not set: whoever reaches {address} ({name}) may call it{bearer}"));
        } else {
            r.mistake(keys, format!("must be set, since {address} ({name}) is neither loopback nor a unix socket"));
        }
    }
    Listeners { app, admin }
}
