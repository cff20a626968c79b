//! What is off unless it is asked for, beside the same without it; and what each event costs.

use super::{FEW, Group, HMAC};
use crate::{
    measure::{Asked, Scenario, closed, event, open},
    rig::Server,
    work::{Call, Typed},
};

/// Calls a second that a sidecar mails while their provider takes each, and while it takes none: for as long as a measurement
/// lasts, so many wait.
const MAILED: f64 = 1_000.0;
const WAITING: f64 = 300.0;
/// What signs what is told to others.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// See the module.
pub fn group(switched: &[&str]) -> Group {
    const SHADOW: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_RISK", "shadow")]);
    const REPORT: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_RISK", "report")]);
    const SYSLOG: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_SYSLOG_URL", "syslog+tcp://{stream}")]);
    const WEBHOOK: Server =
        Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_WEBHOOK_URL", "http://{http}/"), ("OTP_WEBHOOK_SECRET", SECRET)]);
    const MAILS: Server = Server::Sidecar(&[
        ("OTP_HASH", "hmac"),
        ("OTP_DELIVERY_URL__EMAIL", "http://{http}/"),
        ("OTP_DELIVERY_SECRET__EMAIL", SECRET),
    ]);
    const HANGS: Server = Server::Sidecar(&[
        ("OTP_HASH", "hmac"),
        ("OTP_DELIVERY_URL__EMAIL", "http://{silence}/"),
        ("OTP_DELIVERY_SECRET__EMAIL", SECRET),
    ]);
    let (send, right) = (Asked::Fresh(Call::SEND), Asked::Check(Typed::Right));
    let full = |name: &str, server, asked| closed(format!("with/{name}"), Scenario::new(server, asked));
    let slow = |name: &str, server, call, rate: f64| {
        open(format!("with/{name}"), Scenario::new(server, Asked::Fresh(call)), rate)
    };
    let all = [
        full("risk/off/send", HMAC, send),
        full("risk/shadow/send", SHADOW, send).limited_by("with/risk/off/send"),
        full("risk/report/send", REPORT, send).limited_by("with/risk/off/send"),
        full("risk/off/check-right", HMAC, right),
        full("risk/shadow/check-right", SHADOW, right).limited_by("with/risk/off/check-right"),
        full("risk/report/check-right", REPORT, right).limited_by("with/risk/off/check-right"),
        full("sinks/off", HMAC, send),
        full("sinks/syslog", SYSLOG, send).limited_by("with/sinks/off"),
        full("sinks/webhook", WEBHOOK, send).limited_by("with/sinks/off"),
        slow("delivery/return", HMAC, Call::SEND, MAILED),
        slow("delivery/mail", MAILS, Call::MAIL, MAILED).limited_by("with/delivery/return"),
        slow("delivery/slow/return", HMAC, Call::SEND, WAITING),
        slow("delivery/slow/hanging", HANGS, Call::MAIL, WAITING).limited_by("with/delivery/slow/return"),
        event("event/send", Scenario::new(HMAC, send)).at_most(FEW),
        event("event/check-wrong", Scenario::new(HMAC, Asked::Check(Typed::Wrong))).at_most(FEW),
    ];
    all.into_iter().filter(|one| switched.iter().any(|begin| one.name.starts_with(begin))).collect()
}
