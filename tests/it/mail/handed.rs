//! A mail that is taken: over which connection, in which words, and what is said of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{becomes, borrowed, events, id, in_clear, mail_to, relay::Relay, rig, send};
use crate::support::{Authority, Redis, Rig, Sidecar, client::fresh_ip, rig::UNLIMITED, scheme::both, wait};

#[tokio::test]
async fn a_code_is_mailed_and_its_address_is_told_with_the_approval() {
    both(async |scheme| {
        let relay = Relay::plain();
        let rig = rig(&relay, scheme);
        let body = json!({"subject": "ann", "to": "ann@example.com", "channel": "email", "ip": fresh_ip()});
        let answer = rig.client.send_body(body).await.is(201);
        assert_eq!(answer.body["delivery"], json!({"state": "queued"}));
        assert_eq!((answer.str("channel"), answer.str("to")), ("email", "a•••@example.com"));
        assert!(answer.body.get("code").is_none());
        let delivery = becomes(&rig.client, &id(&answer), "accepted").await;
        assert_eq!(
            (&delivery["channel"], &delivery["tries"], &delivery["reason"]),
            (&json!("email"), &json!(1), &json!(null))
        );
        assert!(delivery["at"].is_string());
        let [mail] = &relay.wait_mails("ann@example.com", 1)[..] else { panic!("one mail") };
        assert_eq!(mail.header("Subject"), format!("{} is your shop code", mail.code()));
        assert_eq!((mail.header("To"), mail.header("Auto-Submitted")), ("ann@example.com", "auto-generated"));
        assert!(mail.header("Message-ID").ends_with("@shop.example>") && !mail.body.contains("://"));
        assert!(mail.body.starts_with(mail.code()), "{}", mail.body);
        let approved = rig.client.check_id(&id(&answer), mail.code()).await.approved();
        assert_eq!(approved.str("to"), "ann@example.com");
        let told = wait::until("the event", wait::PATIENCE, || events(&rig.sidecar, "delivery").pop());
        assert_eq!(
            (&told["outcome"], &told["channel"], &told["tries"]),
            (&json!("accepted"), &json!("email"), &json!(1))
        );
        assert_eq!(events(&rig.sidecar, "send")[0]["channel"], "email");
        let metrics = rig.metrics().await;
        assert_eq!(metrics.value("otp_deliveries_total", &[("channel", "email"), ("outcome", "accepted")]), 1.0);
        assert_eq!(metrics.value("otp_delivery_tries_total", &[("channel", "email"), ("result", "accepted")]), 1.0);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_call_sends_nothing_and_says_the_same() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let client = rig.sidecar.client().with_header("Idempotency-Key", "one");
    let first = client.send_body(mail_to("ann@example.com")).await.is(201);
    becomes(&rig.client, &id(&first), "accepted").await;
    let again = client.send_body(mail_to("ann@example.com")).await;
    // Another address of the client is another body.
    assert_eq!(again.status, 422);
    let body = mail_to("bob@example.com");
    let first = client.send_body(body.clone()).await.is(201);
    let again = client.send_body(body).await.is(201);
    assert_eq!(again.body, first.body);
    becomes(&rig.client, &id(&again), "accepted").await;
    assert_eq!(relay.mails("bob@example.com").len(), 1);
}

#[tokio::test]
async fn nothing_of_a_code_lies_in_redis_in_clear_and_none_of_it_once_it_was_taken() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[("OTP_LOG", "debug"), ("OTP_DELIVERY_TIMEOUT", "60s")]);
    let slow = send(&rig.client, "slow-ann@example.com").await;
    let [mail] = &relay.wait_mails("slow-ann@example.com", 1)[..] else { panic!("one mail") };
    let message =
        |kind: &[u8]| rig.redis.keys().into_iter().filter(|key| key[9..].starts_with(kind)).collect::<Vec<_>>();
    let under_way: u64 = relay.held(|| {
        assert_eq!([mail.code(), "ann@example", "slow-"].map(|text| in_clear(&rig, text)), [0, 0, 0]);
        rig.redis.ask_key("STRLEN", &message(b":m:")[0], &[])
    });
    becomes(&rig.client, &slow, "accepted").await;
    let taken: u64 = rig.redis.ask_key("STRLEN", &message(b":m:")[0], &[]);
    // Kid, tag and the code.
    assert_eq!(under_way - taken, 4 + 16 + 6);
    assert!(message(b":due").is_empty());
    assert!(!rig.sidecar.log_lines().iter().any(|line| line.contains(mail.code()) || line.contains("@example.com")));
}

#[tokio::test]
async fn mails_go_over_tls_and_starttls_with_a_login_and_connections_are_kept() {
    let authority = Authority::new();
    let identity = authority.issue("relay");
    let ca = authority.cert().display().to_string();
    for (mode, scheme) in [("tls", "smtps"), ("starttls", "smtp")] {
        let relay = Relay::secure(mode, &identity, "me@shop", "p/w");
        let mut variables = relay.variables();
        variables[0].1 = relay.url(scheme, "me%40shop:p%2Fw@");
        let rig =
            Rig::over(Redis::start(), &[&UNLIMITED[..], &borrowed(&variables), &[("OTP_DELIVERY_CA", &ca)]].concat());
        let mut ports = Vec::new();
        for address in ["ann@example.com", "bob@example.com"] {
            let id = send(&rig.client, address).await;
            becomes(&rig.client, &id, "accepted").await;
            let mail = relay.wait_mails(address, 1).remove(0);
            assert!(mail.noted["tls"] == true && mail.noted["login"] == true, "{mode}: {mail:?}");
            ports.push(mail.noted["peer"].clone());
        }
        assert_eq!(ports[0], ports[1], "{mode}: the same connection");
        // Who is vouched for by another authority, or under another name, gets no mail.
        let other = Authority::new();
        for (from, name) in [(&other, "IP:127.0.0.1"), (&authority, "DNS:relay.example")] {
            let relay = Relay::secure(mode, &from.issue_for(name), "me@shop", "p/w");
            variables[0].1 = relay.url(scheme, "me%40shop:p%2Fw@");
            let builder = Sidecar::builder().set_all(&borrowed(&variables)).set("OTP_DELIVERY_CA", &ca);
            let (code, _, why) = builder.run(&["deliver", "email", "eve@example.com"]);
            assert_eq!((code, why.trim()), (69, "unreachable, transient"), "{mode} {name}");
            assert!(relay.noted().is_empty());
        }
    }
}

/// A relay that has enough of a connection, or closed it, has the mail by another one: it is tried once.
#[tokio::test]
async fn a_connection_that_its_relay_wants_no_more_costs_no_try() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let mut ports = Vec::new();
    for address in ["ann@example.com", "tired-bob@example.com", "leave-cid@example.com", "dee@example.com"] {
        let id = send(&rig.client, address).await;
        assert_eq!(becomes(&rig.client, &id, "accepted").await["tries"], 1, "{address}");
        let mails = relay.mails(address);
        assert_eq!(mails.len(), 1, "{address}");
        ports.push(mails[0].noted["peer"].clone());
    }
    assert!(ports[0] != ports[1] && ports[1] == ports[2] && ports[2] != ports[3], "{ports:?}");
}

#[tokio::test]
async fn templates_of_a_tenant_and_a_locale_say_it_in_their_words() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("email")).unwrap();
    let german = "Subject: {{ code }} für {{ app }}\nFrom: Laden <laden@shop.example>\n\n{{ code }} gilt {{ minutes }} Minuten.\n";
    std::fs::write(dir.path().join("email/default.de.txt"), german).unwrap();
    std::fs::write(dir.path().join("email/default.de.html"), "<b>{{ code }}</b>").unwrap();
    let relay = Relay::plain();
    let templates = dir.path().display().to_string();
    let rig = rig(&relay, &[("OTP_TEMPLATES_DIR", &templates), ("OTP_APP_NAME", "Lädchen")]);
    let mut body = mail_to("ann@example.com");
    body["locale"] = json!("de-AT");
    let answer = rig.client.send_body(body).await.is(201);
    becomes(&rig.client, &id(&answer), "accepted").await;
    let mail = relay.wait_mails("ann@example.com", 1).remove(0);
    assert!(mail.header("From").contains("laden@shop.example") && mail.header("Subject").contains("=?utf-8?"));
    assert!(mail.header("Content-Type").starts_with("multipart/alternative") && mail.body.contains("<b>"));
}

/// A number in front of an `@` is no telephone's: no prefix has to be allowed.
#[tokio::test]
async fn a_mail_address_may_begin_like_a_number() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let id = send(&rig.client, "+4917112345612@example.com").await;
    becomes(&rig.client, &id, "accepted").await;
}

/// Whoever has only the newest pepper takes over what is under way: it is sealed under that as soon as that is read.
#[tokio::test]
async fn a_message_is_sealed_under_the_pepper_of_now() {
    let (relay, redis, dir) = (Relay::plain(), Redis::start(), tempfile::tempdir().unwrap());
    let [before, now] = [7, 8].map(|byte| STANDARD.encode([byte; 32]));
    let (file, variables) = (dir.path().join("pepper"), relay.variables());
    std::fs::write(&file, before).unwrap();
    let builder = || {
        let quick = [("OTP_DELIVERY_TIMEOUT", "1s")];
        Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(&borrowed(&variables)).set_all(&quick)
    };
    let filed = builder().unset("OTP_PEPPER").set("OTP_PEPPER_FILE", file.to_str().unwrap());
    let mut first = filed.start();
    std::fs::write(&file, &now).unwrap();
    first.signal_hangup();
    first.logs("the new pepper", |line| line.contains("secrets read again"));
    let id = send(&first.client(), "once450-ann@example.com").await;
    wait::until("the first try", wait::PATIENCE, || (!relay.noted().is_empty()).then_some(()));
    first.kill();
    let other = builder().set("OTP_PEPPER", &now).start();
    becomes(&other.client(), &id, "accepted").await;
    other.client().check_id(&id, relay.mails("once450-ann@example.com")[0].code()).await.approved();
}
