//! The two ways to hash a code, for tests that must hold under both.

/// Variables of a sidecar.
pub type Settings = &'static [(&'static str, &'static str)];

/// One call to the store for each send and check.
pub const HMAC: Settings = &[("OTP_HASH", "hmac")];
/// Two calls with a hash between them, as cheap as can be set: for tests that are not about how long it takes.
pub const CHEAP: Settings =
    &[("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")];

/// Runs `body` for each scheme, one after the other.
pub async fn both(body: impl AsyncFn(Settings)) {
    for scheme in [HMAC, CHEAP] {
        eprintln!("--- {scheme:?}");
        body(scheme).await;
    }
}
