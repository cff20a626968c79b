//! Mail to a user about a lock: to where a real code just went by mail, once, and to nobody else.

use serde_json::json;

use super::{ANN, provider::Provider, sms_to};
use crate::{
    mail::{becomes, borrowed, mail_to, relay::Relay},
    support::{Redis, Rig, rig::UNLIMITED, scheme::both},
};

#[tokio::test]
async fn who_is_locked_gets_one_mail_where_the_code_went() {
    both(async |scheme| {
        let (relay, provider) = (Relay::plain(), Provider::start());
        let url = provider.url("200");
        let more = [
            ("OTP_NOTIFY_USERS", "lockout"),
            ("OTP_DELIVERY_URL__SMS", url.as_str()),
            ("OTP_DELIVERY_SECRET__SMS", super::SECRET),
            ("OTP_PHONE_PREFIXES", "*"),
        ];
        let rig = Rig::over(Redis::start(), &[&UNLIMITED[..], &borrowed(&relay.variables()), scheme, &more].concat());
        let lock = async |id: &str| {
            for n in 0..5 {
                rig.client.check_id(id, &format!("00000{n}")).await.is(200);
            }
            rig.client.check_id(id, "000009").await.refused(429, "subject_locked");
        };
        // A decoy, a message that was refused, and one that went by SMS.
        let mut decoy = mail_to("eve@example.com");
        decoy["subject_known"] = json!(false);
        let decoy = rig.client.send_body(decoy).await.is(201);
        becomes(&rig.client, decoy.str("id"), "accepted").await;
        lock(decoy.str("id")).await;
        let refused = rig.client.send_body(mail_to("550-bob@example.com")).await.is(201);
        becomes(&rig.client, refused.str("id"), "failed").await;
        lock(refused.str("id")).await;
        let by_sms = rig.client.send_body(sms_to(ANN)).await.is(201);
        becomes(&rig.client, by_sms.str("id"), "accepted").await;
        lock(by_sms.str("id")).await;
        let real = rig.client.send_body(mail_to("ann@example.com")).await.is(201);
        becomes(&rig.client, real.str("id"), "accepted").await;
        lock(real.str("id")).await;
        let mails = relay.wait_mails("ann@example.com", 2);
        assert_eq!(mails[1].header("Subject"), "Too many wrong codes for shop");
        assert!(mails[1].body.contains("For 15 minutes"), "{}", mails[1].body);
        assert!(!mails[1].body.contains(mails[0].code()));
        assert!(relay.mails("eve@example.com").is_empty() && relay.mails("ann@example.com").len() == 2);
        assert_eq!((relay.noted().len(), provider.asked().len()), (3, 1));
    })
    .await;
}
