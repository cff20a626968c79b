//! Secrets that are none: fixed, so that two sidecars of one test agree.

/// `OTP_PEPPER`: 32 bytes in base64.
pub const PEPPER: &str = "cGVwcGVyLW9mLXRoZS10ZXN0cy0wMTIzNDU2Nzg5LWE=";
/// `OTP_INDEX_KEY`: 32 bytes in base64.
pub const INDEX_KEY: &str = "aW5kZXgta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=";
/// The tenant that tests speak as unless they say otherwise.
pub const TENANT: &str = "shop";
/// The key of [`TENANT`].
pub const KEY: &str = "shop-key-0123456789abcdefghijklmnopqrstuv";
/// A second key of [`TENANT`], as during a rotation.
pub const ROTATED_KEY: &str = "shop-rotated-0123456789abcdefghijklmnopqr";
/// The key of another tenant, `bank`.
pub const OTHER_KEY: &str = "bank-key-0123456789abcdefghijklmnopqrstuv";
/// The key of the operator `ops`.
pub const ADMIN_KEY: &str = "ops-key-0123456789abcdefghijklmnopqrstuvw";

/// The key of the operator `desk`, who may only look.
pub const VIEWER_KEY: &str = "desk-key-0123456789abcdefghijklmnopqrstuv";

/// Tenant and secret of each of the app's keys.
pub const API_KEY_PAIRS: [(&str, &str); 3] = [(TENANT, KEY), (TENANT, ROTATED_KEY), ("bank", OTHER_KEY)];

/// `OTP_API_KEYS` with all of the above.
pub fn api_keys() -> String {
    API_KEY_PAIRS.map(|(tenant, secret)| format!("{tenant}:{secret}")).join(",")
}

/// `OTP_VIEWER_KEYS`, for tests that set it.
pub fn viewer_keys() -> String {
    format!("desk:{VIEWER_KEY}")
}

/// `OTP_ADMIN_KEYS`.
pub fn admin_keys() -> String {
    format!("ops:{ADMIN_KEY}")
}

#[test]
fn every_secret_is_as_long_as_the_contract_asks() {
    use base64::prelude::{BASE64_STANDARD, Engine};
    for secret in [PEPPER, INDEX_KEY] {
        assert_eq!(BASE64_STANDARD.decode(secret).unwrap().len(), 32);
    }
    for secret in [KEY, ROTATED_KEY, OTHER_KEY, ADMIN_KEY, VIEWER_KEY] {
        assert!(secret.len() >= 32 && !secret.contains(','));
    }
}
