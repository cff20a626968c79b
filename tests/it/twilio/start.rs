//! The door is shut until its services are named, and what it cannot see is said at start.

use super::{Door, LOGIN, SERVICES, open};
use crate::{
    sms::{provider::Provider, rig},
    support::Sidecar,
};

const BLIND: &str = "does not see checks by OTP_TWILIO_SERVICES";

#[tokio::test]
async fn it_is_shut_unless_services_are_named() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200")], &[]);
    let door = Door::of(&rig.sidecar);
    door.create("+4917112345612", &[]).await.refused(404, "not_found");
    door.0.get(&format!("/v2/Services/{LOGIN}")).await.refused(404, "not_found");
}

#[test]
fn what_no_check_names_is_said() {
    let (rig, _provider) = open(&[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "50")]);
    rig.sidecar.logs("the warning", |line| line.contains("WARN") && line.contains(BLIND));
    let (rig, _provider) = open(&[]);
    assert!(!rig.sidecar.log_lines().iter().any(|line| line.contains(BLIND)));
}

#[test]
fn mistakes_in_the_list_are_told() {
    let channel = [
        ("OTP_DELIVERY_URL__SMS", "http://127.0.0.1:9/"),
        ("OTP_DELIVERY_SECRET__SMS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="),
        ("OTP_PHONE_PREFIXES", "*"),
    ];
    let twice = format!("{LOGIN}:login,{LOGIN}:signup");
    let lists = [LOGIN, "VA1:login", "VE00000000000000000000000000000001:login", &twice];
    for list in lists.into_iter().chain([&*format!("{LOGIN}:Login"), &*format!("{LOGIN}:login,")]) {
        let (code, said) = Sidecar::expect_no_start(&[&channel[..], &[(SERVICES.0, list)]].concat());
        assert_eq!(code, 64, "{list}: {said}");
        assert!(said.contains("OTP_TWILIO_SERVICES must be"), "{said}");
    }
    let (code, said) = Sidecar::expect_no_start(&[SERVICES]);
    assert!(code == 64 && said.contains("OTP_TWILIO_SERVICES needs a channel"), "{said}");
}
