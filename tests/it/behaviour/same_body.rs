//! Which bodies are the same under one `Idempotency-Key`.

use serde_json::json;

use super::idempotency::{KEY, issued, keyed, replays, rig, send};
use crate::support::{Issued, scheme::both, wrong_code_than};

/// What a client library may make of one and the same call.
#[tokio::test]
async fn a_body_that_says_the_same_in_other_bytes_is_the_same_body() {
    both(async |scheme| {
        let rig = rig(scheme);
        let (first, _) = send(&rig, KEY).await;
        for same in [
            r#"{"ip":"203.0.113.7","subject":"ada"}"#,
            "\r\n{ \"subject\" : \"ada\",\n\t\"ip\": \"203.0.113.7\" }\n",
            r#"{"\u0073ubject":"\u0061da","ip":"203.0.113.7"}"#,
            r#"{"subject":"ada","ip":"203.0.113.7","purpose":"login","channel":"return","consent":"full","subject_known":true}"#,
            r#"{"subject":"ada","ip":"203.0.113.7","purpose":null,"channel":null,"consent":null,"subject_known":null}"#,
            r#"{"subject":"ada","ip":"203.0.113.7","user_agent":null,"device_id":null,"locale":null,"to":null}"#,
        ] {
            replays(&keyed(&rig.client, KEY).post_text("/v1/verifications", same).await, &first);
        }
        assert_eq!(rig.counted("ada").await, (0, 1), "one send");
        let Issued { id, code } = issued(&first);
        let wrong = wrong_code_than(&code);
        let check = |body: String| {
            let client = keyed(&rig.client, "check");
            async move { client.post_text("/v1/verifications/check", body).await }
        };
        let guess = check(format!(r#"{{"id":"{id}","code":"{wrong}","ip":"203.0.113.7"}}"#)).await;
        for same in [
            format!(r#"{{"ip":"203.0.113.7","code":"{wrong}","id":"{id}"}}"#),
            format!(r#"{{"id":"{id}","code":"{wrong}","ip":"203.0.113.7","purpose":"login"}}"#),
            format!(r#"{{"id":"{id}","code":"{wrong}","ip":"203.0.113.7","subject":null,"device_token":null}}"#),
        ] {
            replays(&check(same).await, &guess);
        }
        // One guess for the user, and yet other words: a program that repeats a call repeats them.
        let typed = format!(r#"{{"id":"{id}","code":" {wrong}","ip":"203.0.113.7"}}"#);
        check(typed).await.refused(422, "idempotency_key_reused");
        assert_eq!(rig.counted("ada").await.0, 1, "one guess");
        let by_subject = |more: &str| format!(r#"{{"subject":"ada","code":"{code}","ip":"203.0.113.7"{more}}}"#);
        let client = keyed(&rig.client, "by-subject");
        let right = client.post_text("/v1/verifications/check", by_subject("")).await.approved();
        replays(&client.post_text("/v1/verifications/check", by_subject(r#","purpose":"login""#)).await, &right);
    })
    .await;
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused_and_not_evaluated() {
    both(async |scheme| {
        let rig = rig(scheme);
        let (first, body) = send(&rig, KEY).await;
        for other in [
            json!({"subject": "ada", "ip": "203.0.113.8"}),
            json!({"subject": "ada", "ip": "203.0.113.7", "purpose": "reset"}),
            json!({"subject": "ada", "ip": "203.0.113.7", "subject_known": false}),
            json!({"subject": "ada", "ip": "203.0.113.7", "consent": "security_only"}),
            json!({"subject": "ada", "ip": "203.0.113.7", "device_id": "phone"}),
            json!({"subject": "ada", "ip": "203.0.113.7", "user_agent": ""}),
            // Values are compared as sent, also where they mean the same.
            json!({"subject": " ada", "ip": "203.0.113.7"}),
            json!({"subject": "ada", "ip": "203.0.113.7 "}),
            json!({"subject": "ada", "ip": "::ffff:203.0.113.7"}),
        ] {
            keyed(&rig.client, KEY).send_body(other).await.refused(422, "idempotency_key_reused");
        }
        let issued = issued(&first);
        let guess = |code: &str| json!({"id": issued.id, "code": code, "ip": "203.0.113.7"});
        keyed(&rig.client, KEY).check_body(guess(&wrong_code_than(&issued.code))).await.is(200);
        keyed(&rig.client, KEY).check_body(guess(&issued.code)).await.refused(422, "idempotency_key_reused");
        assert_eq!(rig.counted("ada").await, (1, 1));
        assert_eq!(rig.client.verification(&issued.id).await.is(200).str("status"), "pending");
        replays(&keyed(&rig.client, KEY).send_body(body).await, &first);
    })
    .await;
}
