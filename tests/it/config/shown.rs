use super::{INDEX_KEY, KEY, PEPPER, accepted};

/// What is shown of one variable where these are set.
fn shown(variables: &[(&str, &str)], name: &str) -> Option<String> {
    let found = accepted(variables).in_force.into_iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[test]
fn what_is_in_force_is_shown_as_it_was_resolved() {
    let keys = format!("a:{KEY},b:{KEY}-2");
    let redis = [
        ("REDIS_URL", "REDISS://u:hush@h"),
        ("OTP_PEPPER", PEPPER),
        ("OTP_INDEX_KEY", INDEX_KEY),
        ("OTP_REDIS_BIN", "/r"),
    ];
    for (variables, name, text) in [
        (&[][..], "OTP_LENGTH", "6"),
        (&[("OTP_PRESET", "Balanced")], "OTP_PRESET", "balanced"),
        (&[("OTP_PRESET", "balanced")], "OTP_LIFETIME_MINUTES", "10m"),
        (&[("OTP_LIFETIME_MINUTES", "90s")], "OTP_LIFETIME_MINUTES", "90s"),
        (&[], "MAX_ATTEMPTS_PER_USER_PER_HOUR", "3/1h"),
        (&[("ACCOUNT_LOCKOUT_MINUTES", "2d")], "OTP_MAX_LOCKOUT_MINUTES", "2d"),
        (&[], "OTP_LOCKOUT_FACTOR", "2.0"),
        (&[("OTP_LENGTH__RESET", "8")], "OTP_LENGTH__RESET", "8"),
        (&[("OTP_LISTEN", "localhost:1")], "OTP_LISTEN", "localhost:1"),
        (&[], "OTP_TLS_CERT", "not set"),
        (&[], "OTP_API_KEYS", "not set"),
        (&[("OTP_API_KEYS", &*keys)], "OTP_API_KEYS", "set (2 keys)"),
        (&[], "OTP_PEPPER", "not set (made and kept in the data directory)"),
        (&[("OTP_PEPPER", PEPPER)], "OTP_PEPPER", "set (1 value)"),
        (&[], "OTP_ARGON2_MEMORY_KIB", "19456"),
        (&[("OTP_HASH", "hmac")], "OTP_ARGON2_MEMORY_KIB", "not used"),
        (&[("OTP_HASH_THREADS", "1")], "OTP_HASH_THREADS", "1"),
        (&[], "REDIS_URL", "not set"),
        (&redis, "REDIS_URL", "set (rediss)"),
        (&[], "OTP_REDIS_CA", "the system's"),
        (&[], "OTP_DURABILITY", "replica where there are any"),
        (&[("OTP_DURABILITY", "fsync")], "OTP_DURABILITY", "fsync"),
        (&[], "OTP_REDIS_BIN", "found on PATH"),
        (&[("OTP_REDIS_BIN", "/r")], "OTP_REDIS_BIN", "/r"),
        (&redis, "OTP_REDIS_BIN", "not used"),
        (&[("HOME", "/home/u")], "OTP_DATA_DIR", "/home/u/.local/state/otp-sidecar"),
        (&[("OTP_DATA_DIR", "/d")], "OTP_AUDIT_DIR", "/d/audit"),
        (&[("OTP_AUDIT_SINK", "stdout")], "OTP_AUDIT_DIR", "not used"),
        (&[], "OTP_AUDIT_CHECKPOINT_DIR", "none"),
        (&[], "OTP_AUDIT_KEY", "not set (derived from the index key)"),
        (&[], "OTP_LOG_FORMAT", "text on a terminal, else json"),
    ] {
        assert_eq!(shown(variables, name).as_deref(), Some(text), "{name} with {variables:?}");
    }
    assert_eq!(shown(&[("OTP_ADMIN_URL", "http://h")], "OTP_ADMIN_URL"), None);
    assert_eq!(shown(&[], "OTP_LENGTH__RESET"), None);
}
