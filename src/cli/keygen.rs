//! `keygen`: fresh secrets as lines for the environment.

use std::io::Write;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rand::TryRng;
use zeroize::Zeroizing;

use super::exit::{Exit, written};

/// Bytes of one secret: as many as SHA-256 answers, the least that is accepted for key material.
const BYTES: usize = 32;

/// Prints `OTP_PEPPER`, `OTP_INDEX_KEY`, `OTP_AUDIT_KEY` and one key of tenant `default`, each from 32 bytes of `rng`, which must be
/// the operating system's.
///
/// [`Exit::Fault`] if `rng` fails; nothing is then printed.
pub fn run(rng: &mut impl TryRng, out: &mut impl Write) -> Exit {
    let (Some(pepper), Some(index_key), Some(audit_key), Some(api_key)) =
        (fresh(rng), fresh(rng), fresh(rng), fresh(rng))
    else {
        return Exit::Fault;
    };
    let lines = Zeroizing::new(format!(
        "OTP_PEPPER={}\nOTP_INDEX_KEY={}\nOTP_AUDIT_KEY={}\nOTP_API_KEYS=default:{}\n",
        *Zeroizing::new(STANDARD.encode(*pepper)),
        *Zeroizing::new(STANDARD.encode(*index_key)),
        *Zeroizing::new(STANDARD.encode(*audit_key)),
        *Zeroizing::new(URL_SAFE_NO_PAD.encode(*api_key)),
    ));
    written(out.write_all(lines.as_bytes()), Exit::Done)
}

fn fresh(rng: &mut impl TryRng) -> Option<Zeroizing<[u8; BYTES]>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    rng.try_fill_bytes(&mut *bytes).ok().map(|()| bytes)
}
