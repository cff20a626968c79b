//! What the README tells operators to type into Redis.

use std::process::Command;

use super::block;
use crate::support::{Address, Rig, client::wrong_code_than, keys};

#[tokio::test]
async fn a_hard_stop_is_lifted_as_shown() {
    let tenant = format!("{}:{}", keys::TENANT, keys::KEY);
    let rig = Rig::unlimited(&[("OTP_MAX_CONSECUTIVE_FAILURES", "3"), ("OTP_API_KEYS", &tenant)]);
    let issued = rig.client.issue("ann@example.com").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.is(200);
    }
    rig.client.send("ann@example.com").await.refused(429, "subject_disabled");
    let Address::Tcp(admin) = rig.sidecar.admin() else { panic!("not TCP") };
    let shell = block::marked("lift")[0].text.replace("otp-sidecar", env!("CARGO_BIN_EXE_otp-sidecar"));
    let done = Command::new("sh")
        .args(["-c", &shell])
        .envs([("OTP_ADMIN_URL", &*format!("http://{admin}")), ("OTP_ADMIN_KEY", keys::ADMIN_KEY)])
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Unlocked.\n", "{}", String::from_utf8_lossy(&done.stderr));
    let issued = rig.client.issue("ann@example.com").await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
}
