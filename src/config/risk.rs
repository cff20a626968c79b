//! Risk: what is learned of sign-ins, and the location files.

use super::{reader::Reader, table as env};
use crate::risk::{Settings, geo::Locations};

pub(super) fn read(r: &mut Reader) -> Settings {
    Settings {
        mode: r.get(&env::OTP_RISK),
        step_up: r.get(&env::OTP_RISK_STEP_UP),
        min_sign_ins: r.get(&env::OTP_RISK_MIN_SIGN_INS),
        memory: r.get(&env::OTP_RISK_MEMORY_DAYS),
        spray: r.get(&env::OTP_RISK_SPRAY),
        guess: r.get(&env::OTP_RISK_GUESS),
        bombing: r.get(&env::OTP_RISK_BOMBING),
        allow: r.get(&env::OTP_RISK_ALLOW),
    }
}

/// A file that cannot be used at a start is a mistake; later the last good one stays.
pub(super) fn locations(r: &mut Reader) -> Option<Locations> {
    let files = r.get(&env::OTP_GEO_DB);
    if files.is_empty() {
        return None;
    }
    r.right("OTP_GEO_DB", Locations::load(files))
}
