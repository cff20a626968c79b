//! Settings of sinks: what is wrong with them is said at the start.

use otp_sidecar::net::{Endpoint, WEB};

use crate::support::{Sidecar, TrailDir};

const HOOK: (&str, &str) = ("OTP_WEBHOOK_URL", "https://shop.example/events");
const SECRET: (&str, &str) = ("OTP_WEBHOOK_SECRET", super::SECRET);

#[test]
fn what_cannot_work_is_named_and_no_secret_is_told() {
    let (dir, long) = (TrailDir::new(), format!("unix:/{}", "x".repeat(107)));
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[HOOK], "OTP_WEBHOOK_SECRET must be set when OTP_WEBHOOK_URL is"),
        (&[SECRET], "OTP_WEBHOOK_URL must be set when OTP_WEBHOOK_SECRET is"),
        (&[HOOK, ("OTP_WEBHOOK_SECRET", "whsec_c2hvcnQ=")], "OTP_WEBHOOK_SECRET must be `whsec_` and 24 to 64 bytes"),
        (&[("OTP_WEBHOOK_URL", "ftp://s3cret@shop.example"), SECRET], "OTP_WEBHOOK_URL must be https://"),
        (&[HOOK, SECRET, ("OTP_WEBHOOK_EVENTS", "lockout,lokout")], "not `lokout`"),
        (&[HOOK, SECRET, ("OTP_AUDIT_SINK", "stdout")], "OTP_WEBHOOK_URL reads the trail"),
        (&[("OTP_SYSLOG_URL", "unix:/dev/log"), ("OTP_AUDIT_SINK", "stdout")], "OTP_SYSLOG_URL reads the trail"),
        (&[("OTP_SYSLOG_URL", "udp://127.0.0.1:514")], "OTP_SYSLOG_URL must be `unix:/dev/log`"),
        (&[("OTP_SYSLOG_URL", "syslog+tcp://127.0.0.1:601/?framing=x")], "OTP_SYSLOG_URL must be"),
        (&[("OTP_SYSLOG_URL", "syslog+tcp://127.0.0.1:0")], "OTP_SYSLOG_URL must be"),
        (&[("OTP_SYSLOG_URL", "unix:/dev/log?framing=lf")], "OTP_SYSLOG_URL must be"),
        (&[("OTP_SYSLOG_URL", &long)], "OTP_SYSLOG_URL names a socket whose path has more than 107 bytes"),
        (&[("OTP_SYSLOG_URL", "syslog+tls://h"), ("OTP_SYSLOG_CA", "/nowhere")], "OTP_SYSLOG_CA names a file"),
        (&[("OTP_SYSLOG_URL", "syslog+tls://h"), ("OTP_SYSLOG_CERT", "/nowhere")], "OTP_SYSLOG_KEY must be set"),
        (&[("OTP_EXPORT_FORMAT", "cef")], "OTP_EXPORT_FORMAT must be `plain` or `ocsf`"),
        (&[("OTP_EXPORT_NAMES", "some")], "OTP_EXPORT_NAMES must be `none` or `webhook` or `all`"),
    ];
    for (variables, why) in cases {
        let mut builder = Sidecar::builder().set("REDIS_URL", "redis://127.0.0.1:1");
        for (name, value) in dir.variables() {
            builder = builder.set(name, &value);
        }
        let (code, _, told) = builder.set_all(variables).run(&["check-config"]);
        assert_eq!(code, 64, "{variables:?}: {told}");
        assert!(told.contains(why) && !told.contains("s3cret") && !told.contains("c2hvcnQ"), "{variables:?}: {told}");
    }
}

#[test]
fn what_is_said_in_the_clear_or_of_no_use_is_warned_of() {
    let dir = TrailDir::new();
    let mut builder = Sidecar::builder().set("REDIS_URL", "redis://127.0.0.1:1");
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    let http = ("OTP_WEBHOOK_URL", "http://shop.example/events");
    let (code, out, told) = builder.set_all(&[http, SECRET, ("OTP_WEBHOOK_CA", "/nowhere")]).run(&["check-config"]);
    assert_eq!(code, 0, "{told}");
    let told = out + &told;
    assert!(told.contains("in the clear: whoever is on the way reads them"), "{told}");
    assert!(told.contains("OTP_WEBHOOK_CA is not used"), "{told}");
}

#[test]
fn a_url_may_have_a_query_and_no_path() {
    let path = |url| Endpoint::read(url, WEB).expect("a URL").path;
    assert_eq!(path("https://shop.example?key=1"), "/?key=1");
    assert_eq!(path("https://shop.example"), "/");
    assert_eq!(path("https://shop.example/a?key=1"), "/a?key=1");
}
