//! Secrets that change, and one that must not.

use serde_json::json;

use crate::support::{
    Metrics, Rig, Sidecar,
    rig::UNLIMITED,
    scheme::{Settings, both},
    wrong_code_than,
};

const OLD: &str = "b2xkLXBlcHBlci1vZi10aGUtdGVzdHMtMDEyMzQ1Ni0=";
const NEW: &str = "bmV3LXBlcHBlci1vZi10aGUtdGVzdHMtMDEyMzQ1Ni0=";

/// A sidecar over `rig`'s Redis with this ring.
fn with(rig: &Rig, scheme: Settings, ring: &str) -> Sidecar {
    Sidecar::builder().on(&rig.redis).set_all(&UNLIMITED).set_all(scheme).set("OTP_PEPPER", ring).start()
}

/// Step by step as an operator would: every sidecar knows the new pepper before the first one uses it, and all use it
/// before the old one goes.
#[tokio::test]
async fn a_pepper_is_changed_without_one_failed_check() {
    both(async |scheme| {
        let (old, new) = (format!("old:{OLD}"), format!("new:{NEW}"));
        let rings = [old.clone(), format!("{old},{new}"), format!("{new},{old}"), new];
        let rig = Rig::unlimited(&[scheme, &[("OTP_PEPPER", &rings[0])]].concat());
        for step in rings.windows(2) {
            // For a while both run.
            let pair = [with(&rig, scheme, &step[0]), with(&rig, scheme, &step[1])];
            if step[1] == rings[3] {
                // The codes of before have ended by now; what is issued is under the new one.
                let issued = pair[0].client().issue("ada").await;
                pair[1].client().check_id(&issued.id, &issued.code).await.approved();
                continue;
            }
            for (issuing, checking) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let issued = pair[issuing].client().issue("ada").await;
                let wrong = pair[checking].client().check_id(&issued.id, &wrong_code_than(&issued.code)).await;
                assert_eq!(wrong.rejected("pending", "wrong_code").number("attempts_left"), 4, "{step:?}");
                pair[checking].client().check_id(&issued.id, &issued.code).await.approved();
                let by_subject = pair[issuing].client().issue("ada").await;
                pair[checking].client().check("ada", "login", &by_subject.code).await.approved();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_whose_pepper_is_unknown_has_expired_and_counts_for_nothing() {
    both(async |scheme| {
        let (old, new) = (format!("old:{OLD}"), format!("new:{NEW}"));
        let rig = Rig::unlimited(&[scheme, &[("OTP_PEPPER", &old)]].concat());
        let other = with(&rig, scheme, &new);
        let before = rig.client.issue("ada").await;
        for code in [wrong_code_than(&before.code), before.code.clone()] {
            for _ in 0..3 {
                other.client().check_id(&before.id, &code).await.rejected("expired", "expired");
                other.client().check("ada", "login", &code).await.rejected("expired", "expired");
            }
        }
        assert_eq!(rig.counted("ada").await.0, 0);
        // Nobody ended it: whoever knows its pepper still takes it.
        rig.client.check_id(&before.id, &before.code).await.approved();
        let after = other.client().issue("bob").await;
        rig.client.check_id(&after.id, &after.code).await.rejected("expired", "expired");
        with(&rig, scheme, &format!("{old},{new}")).client().check_id(&after.id, &after.code).await.approved();
    })
    .await;
}

/// The name alone does not make a pepper: two that share it are two, and neither is taken for the other.
#[tokio::test]
async fn another_pepper_of_the_same_name_is_another_pepper() {
    both(async |scheme| {
        let rig = Rig::unlimited(&[scheme, &[("OTP_PEPPER", &format!("a:{OLD}"))]].concat());
        let other = with(&rig, scheme, &format!("a:{NEW}"));
        let issued = rig.client.issue("ada").await;
        other.client().check_id(&issued.id, &issued.code).await.rejected("expired", "expired");
        assert_eq!(rig.counted("ada").await.0, 0);
        rig.client.check_id(&issued.id, &issued.code).await.approved();
    })
    .await;
}

#[tokio::test]
async fn a_pepper_that_began_without_a_name_stays_in_the_ring() {
    both(async |scheme| {
        let rig = Rig::unlimited(&[scheme, &[("OTP_PEPPER", OLD)]].concat());
        let before = rig.client.issue("ada").await;
        let rotated = with(&rig, scheme, &format!("new:{NEW},{OLD}"));
        rotated.client().check_id(&before.id, &before.code).await.approved();
        assert_eq!(rig.client.status("ada").await["pending"], json!(0));
    })
    .await;
}

#[tokio::test]
async fn an_index_key_that_is_not_the_stores_is_no_start_and_says_so() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    let (code, stderr) = Sidecar::builder().on(&rig.redis).set("OTP_INDEX_KEY", NEW).expect_no_start();
    assert!(matches!(code, 64 | 69), "{code}: {stderr}");
    assert!(stderr.contains("OTP_INDEX_KEY") && !stderr.contains(NEW), "{stderr}");
    // It touched nothing.
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

/// Names of persons could be opened no more.
#[tokio::test]
async fn an_audit_key_that_is_not_the_stores_is_no_start_and_says_so() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    let other = Sidecar::builder().on(&rig.redis).set("OTP_AUDIT_KEY", NEW);
    let (code, stderr) = other.clone().expect_no_start();
    assert!(code == 69 && stderr.contains("OTP_AUDIT_KEY is not the key") && !stderr.contains(NEW), "{code}: {stderr}");
    let (code, _, said) = other.run(&["check-config", "--connect"]);
    assert!(code == 64 && said.contains("OTP_AUDIT_KEY is not the key"), "{code}: {said}");
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

/// Rings differ while they rotate, so it serves; but where they differ for good, codes of one fail at the other.
#[tokio::test]
async fn a_pepper_that_another_sidecar_uses_and_we_do_not_know_is_counted_and_told() {
    let unknown = async |sidecar: &Sidecar| Metrics::fetch(sidecar).await.value("otp_pepper_unknown_total", &[]);
    let rig = Rig::unlimited(&[("OTP_PEPPER", OLD)]);
    assert_eq!(unknown(&rig.sidecar).await, 0.0);
    let both = with(&rig, &[], &format!("new:{NEW},{OLD}"));
    assert_eq!(unknown(&both).await, 0.0);
    let other = with(&rig, &[], NEW);
    assert_eq!(unknown(&other).await, 1.0);
    assert!(other.log_lines().iter().any(|line| line.contains("OTP_PEPPER") && line.contains("WARN")));
    other.client().issue("ada").await;
}
