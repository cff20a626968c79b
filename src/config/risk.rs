//! Risk: what is learned of sign-ins, and the location files.

use std::path::PathBuf;

use super::{
    reader::{Reader, Reported},
    table as env,
    value::{Value, not},
    variable::{Kind, Typed},
};
use crate::{
    policy::Quota,
    risk::{
        Settings,
        geo::{Allowed, Locations},
    },
};

/// The word for none in a list.
const NONE: &str = "none";
/// Each stranger of a network is noted, 8 bytes long, and looked through with the next.
const MOST: u32 = 1000;

/// Location files, in the order in which they are asked.
pub(super) struct GeoFiles(Vec<PathBuf>);

impl Value for GeoFiles {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let files = text.split(',').map(str::trim).filter(|file| !file.is_empty() && *file != NONE);
        Ok(Self(files.map(PathBuf::from).collect()))
    }
}

impl Value for Allowed {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let mut allowed = Self::default();
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty() && *one != NONE) {
            // 0 is where no operator is known, which is not to be allowed by that.
            let operator = one.strip_prefix("AS").and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            match (operator, one.parse()) {
                (Some(operator), _) => allowed.operators.push(operator),
                (None, Ok(network)) => allowed.networks.push(network),
                _ => return Err(not("networks such as `192.0.2.0/24,2001:db8::/32,AS64500`", text)),
            }
        }
        Ok(allowed)
    }
}

pub(super) fn read(r: &mut Reader) -> Result<Settings, Reported> {
    let mode = r.get(&env::OTP_RISK);
    let (step_up, min_sign_ins) = (r.get(&env::OTP_RISK_STEP_UP), r.get(&env::OTP_RISK_MIN_SIGN_INS));
    let memory = r.get(&env::OTP_RISK_MEMORY_DAYS);
    let (spray, guess) = (few(r, &env::OTP_RISK_SPRAY), few(r, &env::OTP_RISK_GUESS));
    let (bombing, allow) = (r.get(&env::OTP_RISK_BOMBING), r.get(&env::OTP_RISK_ALLOW));
    Ok(Settings {
        mode: mode?,
        step_up: step_up?,
        min_sign_ins: min_sign_ins?,
        memory: memory?,
        spray: spray?,
        guess: guess?,
        bombing: bombing?,
        allow: allow?,
    })
}

fn few(r: &mut Reader, variable: &Typed<Option<Quota>>) -> Result<Option<Quota>, Reported> {
    match r.get(variable)? {
        Some(Quota { max, .. }) if max > MOST => {
            Err(r.mistake(variable.row.name, format!("is more than {MOST}: `{max}`")))
        }
        quota => Ok(quota),
    }
}

/// A file that cannot be used at a start is a mistake; later the last good one stays.
pub(super) fn locations(r: &mut Reader) -> Result<Option<Locations>, Reported> {
    let GeoFiles(files) = r.get(&env::OTP_GEO_DB)?;
    if files.is_empty() {
        return Ok(None);
    }
    Locations::load(files).map(Some).map_err(|why| r.mistake("OTP_GEO_DB", why))
}
