//! What each call takes, does and answers.

use serde_json::json;

use super::{ACCOUNT, Door, LOGIN, SIGNUP, form, open, refused, says, sid};
use crate::{
    sms::ANN,
    support::{
        Client, Rig,
        client::{fresh_ip, wrong_code_than},
        keys,
        scheme::both,
        wait,
    },
};

const EVE: &str = "+4917112345699";

#[tokio::test]
async fn a_code_goes_out_and_is_checked_by_number_and_by_sid() {
    both(async |scheme| {
        let (rig, provider) = open(scheme);
        let door = Door::of(&rig.sidecar);
        let more = [("Locale", "de-AT"), ("CustomFriendlyName", "Käse & Co"), ("AppHash", "FA+9qCX9VSu")];
        let sent = door.create(ANN, &more).await.is(201);
        let (sid, at) = (sid(&sent), sent.str("date_created"));
        assert!(sid.len() == 34 && sid.starts_with("VE") && sid[2..].bytes().all(|b| b.is_ascii_hexdigit()), "{sid}");
        assert_eq!(at.len(), "2026-01-01T00:00:00Z".len());
        let whole = json!({
            "sid": sid, "service_sid": LOGIN, "account_sid": ACCOUNT, "to": ANN, "channel": "sms", "status": "pending",
            "valid": false, "lookup": {}, "amount": null, "payee": null, "sna": null, "sna_attempts_error_codes": [],
            "send_code_attempts": [{"time": at, "channel": "SMS", "attempt_sid": format!("VL{}", &sid[2..])}],
            "url": format!("/v2/Services/{LOGIN}/Verifications/{sid}"), "date_created": at, "date_updated": at,
        });
        assert_eq!(sent.body, whole);
        let asked = provider.wait(1).remove(0);
        let (data, code) = (asked.data(), asked.code());
        let text = format!("{code} is your Käse & Co code. Do not pass it on.\nFA+9qCX9VSu");
        assert_eq!((&data["text"], &data["locale"], &data["to"]), (&json!(text), &json!("de-AT"), &json!(ANN)));
        for of in [sid.clone(), ANN.to_owned(), ANN.replace('+', "%2B"), sid.to_lowercase().replacen("ve", "VE", 1)] {
            assert_eq!(door.get(&format!("Verifications/{of}")).await.is(200).body, whole, "{of}");
        }
        let wrong = says(door.check(ANN, &wrong_code_than(&code)).await, "pending");
        assert_eq!((&wrong.body["valid"], wrong.str("sid")), (&json!(false), &*sid));
        says(door.check(&sid, &wrong_code_than(&code)).await, "pending");
        // Both must be of the same verification.
        let both = |to: &str| form(&[("To", to), ("VerificationSid", &sid), ("Code", &code)].into());
        refused(door.post("VerificationCheck", &both(EVE)).await, 404, 20404);
        let right = says(door.post("VerificationCheck", &both(ANN)).await, "approved");
        let mut approved = whole.clone();
        (approved["status"], approved["valid"]) = (json!("approved"), json!(true));
        assert_eq!(right.body, approved);
        let gone = refused(door.check(&sid, &code).await, 404, 20404);
        let text = format!("The requested resource /Services/{LOGIN}/VerificationCheck was not found");
        assert_eq!(gone.str("message"), text);
        let fetched = says(door.get(&format!("Verifications/{sid}")).await, "approved");
        assert_eq!(fetched.body["valid"], json!(false), "nobody is let in by asking");
    })
    .await;
}

#[tokio::test]
async fn a_resend_is_another_and_the_first_is_gone() {
    let (rig, provider) = open(&[("OTP_AUDIT_NAMES", "false")]);
    let door = Door::of(&rig.sidecar);
    let first = sid(&door.create(ANN, &[]).await.is(201));
    let old = provider.wait(1)[0].code();
    let second = sid(&door.create(ANN, &[("Channel", "call")]).await.is(201));
    assert_ne!(first, second);
    refused(door.get(&format!("Verifications/{first}")).await, 404, 20404);
    refused(door.check(&first, &old).await, 404, 20404);
    let code = provider.wait(2)[1].code();
    assert_eq!(provider.asked()[1].data()["channel"], "call");
    assert_eq!(says(door.check(&second, &code).await, "approved").str("channel"), "call");
    // Nothing of an erased user is found by a sid.
    let third = sid(&door.create(ANN, &[]).await.is(201));
    let whom = json!({"subject": ANN, "tenant": keys::TENANT, "reason": "asked"});
    rig.sidecar.admin_client().post("/admin/v1/subjects/erase", &whom).await.is(200);
    refused(door.get(&format!("Verifications/{third}")).await, 404, 20404);
}

#[tokio::test]
async fn it_is_cancelled_or_ended_as_used_once() {
    let (rig, provider) = open(&[("OTP_CALLER_CODES", "true"), ("OTP_PHONE_BUDGET", "3/1h")]);
    let door = Door::of(&rig.sidecar);
    let update = async |of: &str, status: &str| {
        door.post(&format!("Verifications/{of}"), &form(&[("Status", status)].into())).await
    };
    let canceled = sid(&door.create(EVE, &[]).await.is(201));
    says(update(&EVE.replace('+', "%2B"), "canceled").await, "canceled");
    // What ended is pending no more, also for whoever ends it in the same way again.
    for (of, status) in [(&*canceled, "canceled"), (EVE, "canceled"), (&canceled, "approved")] {
        refused(update(of, status).await, 404, 20404);
    }
    says(door.get(&format!("Verifications/{canceled}")).await, "canceled");
    // Its app compares the code itself, as often as it likes: what is proven is charged to nobody.
    for n in 0..4 {
        let sent = sid(&door.create(ANN, &[("CustomCode", "271828")]).await.is(201));
        let own = || provider.asked().iter().filter(|asked| asked.code() == "271828").count();
        wait::until("its own code", wait::PATIENCE, || (own() == n + 1).then_some(()));
        is_taken(&rig).await;
        let approved = says(update(&sent, "approved").await, "approved");
        assert_eq!(approved.body["valid"], json!(false));
        refused(door.check(ANN, "271828").await, 404, 20404);
        refused(update(&sent, "approved").await, 404, 20404);
        refused(update(&sent, "canceled").await, 404, 20404);
    }
    refused(update(&canceled, "pending").await, 400, 60200);
    refused(door.post(&format!("Verifications/{canceled}"), "").await, 400, 60200);
}

/// Waits until the last message for `ANN` was taken, so that nothing of it is under way.
async fn is_taken(rig: &Rig) {
    let whom = json!({"subject": ANN, "tenant": keys::TENANT});
    wait::until_async("the message to be taken", wait::PATIENCE, || async {
        let held = rig.sidecar.admin_client().post("/admin/v1/subjects/inspect", &whom).await.is(200).body;
        (held["purposes"][0]["delivery"]["state"] == "accepted").then_some(())
    })
    .await;
}

#[tokio::test]
async fn both_doors_are_one_and_tenants_and_services_are_apart() {
    let (rig, provider) = open(&[]);
    let door = Door::of(&rig.sidecar);
    let sent = door.create(ANN, &[]).await.is(201);
    let code = provider.wait(1)[0].code();
    // By another tenant's key, and below another service.
    let bank = Door::at(rig.sidecar.app(), keys::OTHER_KEY);
    for of in [sid(&sent), ANN.to_owned()] {
        refused(bank.get(&format!("Verifications/{of}")).await, 404, 20404);
        refused(bank.check(&of, &code).await, 404, 20404);
        refused(door.0.get(&format!("/v2/Services/{SIGNUP}/Verifications/{of}")).await, 404, 20404);
    }
    rig.client.check(ANN, "login", &code).await.approved();
    says(door.get(&format!("Verifications/{}", sid(&sent))).await, "approved");
    let issued = rig.client.issue_for(ANN, "signup").await;
    let check = form(&[("To", ANN), ("Code", &issued.code)].into());
    let path = format!("/v2/Services/{SIGNUP}/VerificationCheck");
    let approved = says(door.0.post_text(&path, check).await, "approved");
    // No message tells whose it was, so that no sid would find it.
    let untold = [&approved.body["channel"], &approved.body["sid"], &approved.body["url"]];
    assert_eq!((untold, approved.str("to")), ([&json!(null); 3], ANN));
    // Of a code that goes to another address than its subject is, where names are kept, all is told.
    let other = json!({"subject": "ann", "channel": "sms", "to": EVE, "ip": fresh_ip()});
    rig.client.send_body(other).await.is(201);
    let told = door.get("Verifications/ann").await.is(200);
    assert_eq!(door.get(&format!("Verifications/{}", sid(&told))).await.is(200).body, told.body);
}

/// What Twilio takes in more than one spelling is taken so, and space around a number is none.
#[tokio::test]
async fn spellings_of_a_channel_a_locale_and_a_number() {
    let (rig, provider) = open(&[("OTP_AUDIT_NAMES", "false")]);
    let door = Door::of(&rig.sidecar);
    let spaced = format!(" {ANN}\t");
    let sent = door.create(&spaced, &[("Channel", "SMS"), ("Locale", "zh_CN")]).await.is(201);
    assert_eq!((sent.str("to"), sent.str("channel")), (ANN, "sms"));
    let asked = provider.wait(1).remove(0);
    assert_eq!((&asked.data()["locale"], &asked.data()["to"]), (&json!("zh-CN"), &json!(ANN)));
    for of in [ANN.to_owned(), format!("%20{ANN}%09"), sid(&sent)] {
        assert_eq!(door.get(&format!("Verifications/{of}")).await.is(200).body, sent.body, "{of}");
    }
    // Nobody knows by a sid whom a code is for that goes to another address, where no names are kept.
    let other = json!({"subject": "ann", "channel": "sms", "to": EVE, "ip": fresh_ip()});
    rig.client.send_body(other).await.is(201);
    assert_eq!(door.get("Verifications/ann").await.is(200).body["sid"], json!(null));
    assert_eq!(says(door.check(&spaced, &asked.code()).await, "approved").str("to"), ANN);
}

#[tokio::test]
async fn a_service_is_told_and_bearers_and_their_own_names_are_taken() {
    let (rig, _) = open(&[("OTP_LENGTH__SIGNUP", "8"), ("OTP_APP_NAME", "Shop")]);
    let bearer = Client::new(rig.sidecar.app().clone()).with_key(keys::KEY);
    let service = bearer.get(&format!("/v2/Services/{SIGNUP}")).await.is(200);
    assert_eq!((service.str("friendly_name"), service.number("code_length")), ("Shop", 8));
    assert_eq!((service.str("sid"), &service.body["account_sid"]), (SIGNUP, &json!(null)));
    let form = bearer.clone().with_header("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
    let mail = "To=ann%40shop.example&Channel=email";
    let sent = form.post_text(&format!("/v2/Services/{SIGNUP}/Verifications"), mail).await.is(201);
    assert_eq!((sent.str("to"), sent.str("channel")), ("ann@shop.example", "email"));
    form.get(&format!("/v2/Services/{SIGNUP}/Verifications/ann%40shop.example")).await.is(200);
    form.get(&format!("/v2/Services/{SIGNUP}/Verifications/ann@shop.example")).await.is(200);
    for client in [Client::new(rig.sidecar.app().clone()), bearer.with_key("x")] {
        let answer = refused(client.get(&format!("/v2/Services/{SIGNUP}")).await, 401, 20003);
        assert!(answer.header("www-authenticate").is_some());
    }
}

/// As the clients for Go, Java and PHP write their requests: numbers in paths as they are or encoded, `True`, headers of their own,
/// and a connection that is used again although they asked for its end.
#[tokio::test]
async fn requests_as_other_clients_write_them() {
    let (rig, provider) = open(&[]);
    let Door(client) = Door::of(&rig.sidecar);
    let basic = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{ACCOUNT}:{}", keys::KEY));
    let exchange = async |agent: &str, line: &str, body: &str| {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: verify.twilio.com\r\nUser-Agent: {agent}\r\nAuthorization: Basic {basic}\r\nAccept: application/json\r\n\
             Accept-Charset: utf-8\r\nX-Twilio-Client: {agent}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        String::from_utf8(client.raw(request.as_bytes()).await).expect("UTF-8")
    };
    let create = format!("POST /v2/Services/{LOGIN}/Verifications");
    let sent =
        exchange("PHP", &create, "To=%2B4917112345612&Channel=sms&EnableSnaClientToken=False&CustomMessage=").await;
    assert!(sent.starts_with("HTTP/1.1 201 "), "{sent}");
    assert!(sent.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{sent}");
    for (agent, number) in
        [("Go", ANN.to_owned()), ("Java", ANN.replace('+', "%2B")), ("Java", ANN.replace('+', "%2b"))]
    {
        let line = format!("GET /v2/Services/{LOGIN}/Verifications/{number}");
        let fetched = exchange(agent, &line, "").await;
        assert!(fetched.starts_with("HTTP/1.1 200 ") && fetched.contains("\"status\":\"pending\""), "{fetched}");
    }
    let code = provider.wait(1)[0].code();
    let check = format!("POST /v2/Services/{LOGIN}/VerificationCheck");
    let checked = exchange("Go", &check, &format!("Code={code}&To=%2B4917112345612")).await;
    assert!(checked.contains("\"status\":\"approved\"") && checked.contains("\"valid\":true"), "{checked}");
}
