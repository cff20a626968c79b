use super::{accepted, one_mistake, warnings};

#[test]
fn a_syslog_socket_is_a_path_that_a_socket_may_have() {
    let path = |length: usize| format!("unix:/{}", "s".repeat(length - 1));
    accepted(&[("OTP_SYSLOG_URL", &path(107))]);
    one_mistake(&[("OTP_SYSLOG_URL", &path(108))], "OTP_SYSLOG_URL", "more than 107 bytes");
    for wrong in ["unix:", "unix:dev/log", "unix:/dev/log?framing=lf"] {
        one_mistake(&[("OTP_SYSLOG_URL", wrong)], "OTP_SYSLOG_URL", "must be `unix:/dev/log`");
    }
    accepted(&[("OTP_SYSLOG_URL", "syslog+tcp://h:601?framing=lf")]);
}

#[test]
fn authorities_that_nobody_is_held_to_are_told() {
    let secret = format!("whsec_{}", "A".repeat(32));
    let in_the_clear = [("OTP_WEBHOOK_URL", "http://127.0.0.1:9"), ("OTP_WEBHOOK_SECRET", secret.as_str())];
    for set in [&[][..], &in_the_clear] {
        let unused = |more: &[(&str, &str)]| {
            let said = warnings(&[set, more].concat());
            said.iter().filter(|said| said.starts_with("OTP_WEBHOOK_CA is not used")).count()
        };
        assert_eq!((unused(&[]), unused(&[("OTP_WEBHOOK_CA", "/nowhere")])), (0, 1), "{set:?}");
    }
    let encrypted = [("OTP_WEBHOOK_URL", "https://h"), in_the_clear[1], ("OTP_WEBHOOK_CA", "/nowhere")];
    one_mistake(&encrypted, "OTP_WEBHOOK_CA", "names a file that cannot be read");
}
