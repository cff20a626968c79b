//! `keygen`: fresh secrets as lines for the environment.

use std::io::Write;

use rand::TryRng;
use zeroize::Zeroizing;

use super::exit::{Exit, Failure, ended};
use crate::secret::hex;

/// Bytes of one secret: as many as SHA-256 answers, the least that is accepted for key material.
const BYTES: usize = 32;

/// What stands before each of them.
const LINES: [&str; 5] =
    ["OTP_PEPPER=", "OTP_INDEX_KEY=", "OTP_AUDIT_KEY=", "OTP_API_KEYS=default:", "OTP_ADMIN_KEYS=ops:"];

/// So that no secret is left behind where the text has grown.
const LONGEST_LINE: usize = 96;

/// Prints `OTP_PEPPER`, `OTP_INDEX_KEY`, `OTP_AUDIT_KEY`, the key of the app, whose tenant is `default`, and the key of the
/// operator `ops`. Each is 32 bytes of `rng`, which must be the operating system's, in hexadecimal digits: no shell, URL or
/// client of another's makes anything else of them.
///
/// [`Exit::Fault`] if `rng` fails; nothing is then printed to `out`.
pub fn run(rng: &mut impl TryRng, out: &mut impl Write, err: &mut impl Write) -> Exit {
    let mut lines = Zeroizing::new(String::with_capacity(LINES.len() * LONGEST_LINE));
    for begin in LINES {
        let mut secret = Zeroizing::new([0; BYTES]);
        if rng.try_fill_bytes(&mut *secret).is_err() {
            return ended(Err(Failure::said(Exit::Fault, "the operating system gives no random bytes")), err);
        }
        lines.push_str(begin);
        lines.push_str(&Zeroizing::new(hex(&*secret)));
        lines.push('\n');
    }
    ended(out.write_all(lines.as_bytes()).map_err(Failure::from), err)
}
