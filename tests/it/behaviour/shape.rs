//! Codes that were issued before length or alphabet changed.

use crate::support::{Issued, Rig, Sidecar, rig::UNLIMITED, scheme::both, wrong_code_than};

const LETTERS: (&str, &str) = ("OTP_ALPHABET", "ABCDEFGHJKMNPQRSTUVWXYZ");
const LONGER: (&str, &str) = ("OTP_LENGTH", "8");

fn changed(rig: &Rig, variables: &[(&str, &str)]) -> Sidecar {
    Sidecar::builder().on(&rig.redis).set_all(&UNLIMITED).set_all(variables).start()
}

#[tokio::test]
async fn a_code_of_before_still_verifies_by_id_and_by_subject() {
    both(async |scheme| {
        for change in [&[LONGER][..], &[LETTERS], &[LONGER, LETTERS]] {
            let rig = Rig::unlimited(scheme);
            let [by_id, by_subject] = [rig.client.issue("ada").await, rig.client.issue("bob").await];
            let now = changed(&rig, &[scheme, change].concat());
            let client = now.client();
            let wrong = client.check_id(&by_id.id, &wrong_code_than(&by_id.code)).await;
            assert_eq!(wrong.rejected("pending", "wrong_code").number("attempts_left"), 4, "{change:?}");
            client.check_id(&by_id.id, &by_id.code).await.approved();
            let wrong = client.check("bob", "login", &wrong_code_than(&by_subject.code)).await;
            assert_eq!(wrong.rejected("pending", "wrong_code").number("attempts_left"), 4, "{change:?}");
            client.check("bob", "login", &by_subject.code).await.approved();
            // And its end is told as ever.
            client.check_id(&by_id.id, &by_id.code).await.rejected("used", "already_used");
            client.check("bob", "login", &by_subject.code).await.rejected("used", "already_used");
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_of_now_verifies_at_a_sidecar_of_before() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let now = changed(&rig, &[scheme, &[LONGER, LETTERS]].concat());
        let [by_id, by_subject] = [now.client().issue("ada").await, now.client().issue("bob").await];
        assert!(by_id.code.len() == 8 && by_id.code.bytes().all(|byte| byte.is_ascii_uppercase()), "{by_id:?}");
        rig.client.check_id(&by_id.id, &by_id.code).await.approved();
        rig.client.check("bob", "login", &by_subject.code).await.approved();
    })
    .await;
}

/// What counts is the form that the code was issued in, not the one that holds now.
#[tokio::test]
async fn what_does_not_fit_the_code_of_before_is_no_guess_at_it() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let Issued { id, code } = rig.client.issue("ada").await;
        let now = changed(&rig, &[scheme, &[LONGER]].concat());
        for other in ["12345678", "1234567", "12345"] {
            now.client().check_id(&id, other).await.refused(422, "invalid_code");
            now.client().check("ada", "login", other).await.refused(422, "invalid_code");
        }
        assert_eq!(rig.counted("ada").await.0, 0);
        now.client().check("ada", "login", &code).await.approved();
        // The code that is live now has the new form, and one of the old form is no guess at it.
        let fresh = now.client().issue("ada").await;
        now.client().check("ada", "login", &code).await.refused(422, "invalid_code");
        now.client().check_id(&fresh.id, &code).await.refused(422, "invalid_code");
        assert_eq!(rig.counted("ada").await.0, 0);
    })
    .await;
}
