use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use proptest::prelude::*;

use super::{INDEX_KEY, PEPPER, accepted, read};
use otp_sidecar::{
    cli::check_config,
    config::{Config, table::VARIABLES},
};

const SECRETS: [&str; 6] =
    ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS", "OTP_PEPPER", "OTP_INDEX_KEY", "REDIS_URL"];

/// All that anybody gets to see of an environment.
fn everything_shown(variables: &[(&str, &str)]) -> String {
    let mut shown = Vec::new();
    let mut also = Vec::new();
    for json in [false, true] {
        let pairs = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        check_config::run(pairs, json, None, &mut shown, &mut also);
    }
    let debug = format!("{:?}", read(variables));
    format!("{}{}{debug}", String::from_utf8(shown).unwrap(), String::from_utf8(also).unwrap())
}

/// Secrets in good form around `core`, so that the way of accepted ones is taken too.
fn well_formed(name: &str, core: &str) -> String {
    match name {
        "REDIS_URL" => format!("redis://:{core}@127.0.0.1"),
        "OTP_PEPPER" | "OTP_INDEX_KEY" => core.repeat(4),
        _ => format!("name:{core}{core}{core}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_output_ever_holds_a_secret(
        core in "[A-Za-z0-9]{16,24}",
        around in "[ -~]{0,12}",
        which in 0..SECRETS.len(),
        as_file in any::<bool>(),
        good in any::<bool>(),
    ) {
        let value = if good { well_formed(SECRETS[which], &core) } else { format!("{around}{core}{around}") };
        let name = if as_file { format!("{}_FILE", SECRETS[which]) } else { SECRETS[which].to_owned() };
        let mut variables = vec![(name.as_str(), value.as_str())];
        if SECRETS[which] == "REDIS_URL" {
            variables.extend([("OTP_PEPPER", PEPPER), ("OTP_INDEX_KEY", INDEX_KEY)]);
        }
        let shown = everything_shown(&variables);
        prop_assert!(!shown.contains(&core), "{shown}");
        for other in [PEPPER, INDEX_KEY] {
            prop_assert!(!shown.contains(other));
        }
    }

    #[test]
    fn garbage_in_one_variable_never_panics(bytes in prop::collection::vec(1_u8.., 0..64), suffix in "(__[A-Z_]{0,4})?") {
        for row in VARIABLES {
            let name = format!("{}{suffix}", row.name);
            let _ = Config::from_env([(name.into(), OsString::from_vec(bytes.clone()))]);
        }
    }

    #[test]
    fn nearly_good_values_never_panic(text in "[0-9a-z:/.,+=@_ -]{0,24}") {
        for row in VARIABLES {
            let _ = read(&[(row.name, &text)]);
        }
        let _ = read(&[("REDIS_URL", &format!("redis:{text}"))]);
        let _ = read(&[("OTP_LISTEN", &format!("unix:{text}"))]);
    }

    #[test]
    fn any_name_is_sorted_without_panic(name in "(OTP_|MAX_ATTEMPTS_PER_|RESEND_COOLDOWN_)?\\PC{0,40}") {
        let _ = read(&[(&name, "1")]);
    }

    #[test]
    fn what_is_shown_can_be_set_again(
        length in 6_u8..=32, lifetime in 10_000_u64..=86_400_000, cooldown in 0_u64..=86_400_000,
        max in 0_u32.., window in 1_000_u64..=3_456_000_000,
    ) {
        let given = [
            ("OTP_LENGTH", length.to_string()),
            ("OTP_LIFETIME_MINUTES", format!("{lifetime}ms")),
            ("RESEND_COOLDOWN_SECONDS__LOGIN", format!("{cooldown}ms")),
            ("MAX_ATTEMPTS_PER_USER_PER_HOUR__LOGIN", format!("{max}/{window}ms")),
        ];
        let first = accepted(&given.each_ref().map(|(name, value)| (*name, value.as_str())));
        let policy_only = |name: &str| name.contains("LENGTH") || name.contains("_HOUR") || name.contains("_SECONDS")
            || name.contains("_MINUTES");
        let shown = first.in_force.iter().cloned().filter(|(name, _)| policy_only(name));
        let shown: Vec<(String, String)> =
            shown.map(|(name, value)| (name, value.as_str().map_or(value.to_string(), str::to_owned))).collect();
        let again: Vec<(&str, &str)> = shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        prop_assert_eq!(accepted(&again).policy, first.policy);
    }
}
