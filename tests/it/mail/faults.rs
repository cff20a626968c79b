//! Relays that say no, say nothing, or go: what is tried again, and what the caller is told.

use serde_json::json;

use super::{becomes, events, mail_to, relay::Relay, rig, send};
use crate::support::{Authority, Sidecar, wait};

const QUICK: (&str, &str) = ("OTP_DELIVERY_TIMEOUT", "1s");

#[tokio::test]
async fn a_permanent_refusal_ends_it_and_the_user_may_ask_again_at_once() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[("RESEND_COOLDOWN_SECONDS", "3600")]);
    let id = send(&rig.client, "550-ann@example.com").await;
    let delivery = becomes(&rig.client, &id, "failed").await;
    assert_eq!((&delivery["tries"], &delivery["reason"]), (&json!(1), &json!("refused")));
    let line = rig.sidecar.logs("the refusal", |line| line.contains("not delivered"));
    assert!(line.contains("\"status\":550") && !line.contains("example.com"), "{line}");
    // What was refused before from memory is asked of the store within a second.
    let again = rig.client.send_body(mail_to("550-ann@example.com")).await.is(201);
    becomes(&rig.client, again.str("id"), "failed").await;
    assert_eq!(rig.client.verification(&id).await.is(200).str("status"), "superseded");
    let told = wait::until("the events", wait::PATIENCE, || {
        Some(events(&rig.sidecar, "delivery")).filter(|told| told.len() == 2)
    });
    assert!(told.iter().all(|told| told["outcome"] == "failed" && told["reason"] == "refused"), "{told:?}");
}

#[tokio::test]
async fn a_code_that_is_on_its_way_leaves_the_pause_as_it_is() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[("RESEND_COOLDOWN_SECONDS", "3600")]);
    let id = send(&rig.client, "ann@example.com").await;
    becomes(&rig.client, &id, "accepted").await;
    rig.client.send_body(mail_to("ann@example.com")).await.refused(429, "resend_cooldown");
}

/// What may be otherwise soon, and what nobody knows the end of, is tried again with the same `Message-ID` and code.
#[tokio::test]
async fn what_may_succeed_is_tried_again_and_is_the_same_mail() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[QUICK]);
    let faults = [
        ("once450", "transient", 1),
        ("once421", "transient", 2),
        ("oncecut", "unknown", 2),
        ("oncehang", "unknown", 2),
    ];
    let mut ids = Vec::new();
    for (fault, ..) in faults {
        ids.push(send(&rig.client, &format!("{fault}-ann@example.com")).await);
    }
    for ((fault, result, mails), id) in faults.into_iter().zip(&ids) {
        let delivery = becomes(&rig.client, id, "accepted").await;
        assert_eq!(delivery["tries"], 2, "{fault}");
        let all = relay.mails(&format!("{fault}-ann@example.com"));
        assert_eq!(all.len(), mails, "{fault}");
        assert!(all.iter().all(|mail| mail.header("Message-ID") == all[0].header("Message-ID")), "{fault}: {all:?}");
        assert!(all.iter().all(|mail| mail.code() == all[0].code()));
        let tries = rig.metrics().await.value("otp_delivery_tries_total", &[("channel", "email"), ("result", result)]);
        assert!(tries >= 1.0, "{fault}: {tries}");
        rig.client.check_id(id, all[0].code()).await.approved();
    }
}

#[tokio::test]
async fn a_message_is_tried_so_often_and_then_failed() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[("OTP_DELIVERY_TRIES", "2")]);
    let id = send(&rig.client, "450-ann@example.com").await;
    let delivery = becomes(&rig.client, &id, "failed").await;
    assert_eq!((&delivery["tries"], &delivery["reason"]), (&json!(2), &json!("refused")));
    assert_eq!(relay.noted().len(), 2);
    assert_eq!(rig.client.verification(&id).await.is(200).str("status"), "pending");
}

/// The connection that a mail was cut on is never the next one's.
#[tokio::test]
async fn a_mail_that_was_cut_off_says_nothing_about_the_next() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[QUICK, ("OTP_DELIVERY_CONNECTIONS", "1"), ("OTP_DELIVERY_TRIES", "1")]);
    let hung = send(&rig.client, "hang-ann@example.com").await;
    becomes(&rig.client, &hung, "failed").await;
    let refused = send(&rig.client, "550-bob@example.com").await;
    let taken = send(&rig.client, "cid@example.com").await;
    assert_eq!(becomes(&rig.client, &refused, "failed").await["reason"], "refused");
    becomes(&rig.client, &taken, "accepted").await;
    assert_eq!(relay.mails("cid@example.com").len(), 1);
}

#[tokio::test]
async fn a_code_that_ends_first_drops_its_message() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let id = send(&rig.client, "once450-ann@example.com").await;
    wait::until("the first try", wait::PATIENCE, || (!relay.noted().is_empty()).then_some(()));
    rig.client.post(&format!("/v1/verifications/{id}/cancel"), &json!({})).await.is(200);
    assert_eq!(becomes(&rig.client, &id, "dropped").await["tries"], 1);
    let told = wait::until("the event", wait::PATIENCE, || events(&rig.sidecar, "delivery").pop());
    assert_eq!(told["outcome"], "dropped");
    assert_eq!(rig.metrics().await.value("otp_deliveries_total", &[("channel", "email"), ("outcome", "dropped")]), 1.0);
    assert!(relay.mails("once450-ann@example.com").is_empty());
}

/// A failover: the code is void, and nobody is sent it any more.
#[tokio::test]
async fn a_message_of_another_epoch_is_dropped() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let id = send(&rig.client, "once450-ann@example.com").await;
    wait::until("the first try", wait::PATIENCE, || (!relay.noted().is_empty()).then_some(()));
    rig.redis.raise_epochs();
    let told = wait::until("the event", wait::PATIENCE, || events(&rig.sidecar, "delivery").pop());
    assert_eq!(told["outcome"], "dropped");
    assert_eq!(rig.client.verification(&id).await.is(200).str("status"), "expired");
    assert!(relay.mails("once450-ann@example.com").is_empty());
}

/// Bytes behind the relay's consent to speak TLS, a relay that never ends a line, and one whose lines do not end: to read them
/// would keep the sidecar from everything else.
#[tokio::test]
async fn a_relay_that_says_what_it_must_not_is_left() {
    for (mode, scheme) in [
        ("injected", "smtp"),
        ("endless", "smtp+plain"),
        ("lines", "smtp+plain"),
        ("plain", "smtp"),
        ("plain", "smtps"),
    ] {
        let relay = Relay::start(&[mode]);
        let mut variables = relay.variables();
        variables[0].1 = relay.url(scheme, "");
        let (code, _, why) = super::borrowed(&variables)
            .iter()
            .fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value))
            .run(&["deliver", "email", "ann@example.com"]);
        assert_eq!((code, why.trim()), (69, "unreachable, transient"), "{mode} {scheme}");
        if mode == "injected" {
            let left = wait::until("it to be left", wait::PATIENCE, || relay.noted().pop());
            assert_eq!(left["after"], 0, "nothing is said to it any more");
        }
    }
}

#[tokio::test]
async fn a_relay_whose_words_come_in_pieces_is_understood() {
    let authority = Authority::new();
    let relay = Relay::secure("split", &authority.issue("relay"), "", "");
    let (url, ca) = (relay.url("smtp", ""), authority.cert().display().to_string());
    let rig = rig(&relay, &[("OTP_DELIVERY_URL__EMAIL", &url), ("OTP_DELIVERY_CA", &ca)]);
    for n in 1..=2 {
        let id = send(&rig.client, "ann@example.com").await;
        assert_eq!(becomes(&rig.client, &id, "accepted").await["tries"], 1);
        let mails = relay.mails("ann@example.com");
        assert_eq!(mails.len(), n);
        rig.client.check_id(&id, mails[n - 1].code()).await.approved();
    }
}
