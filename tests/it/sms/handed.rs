//! A message that is taken: as signed JSON, and as a request file has it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::json;

use super::{ANN, SECRET, borrowed, channels, provider::Provider, rig, sms_to};
use crate::{
    mail::{becomes, events, in_clear},
    support::{Monitor, Redis, RedisOptions, Rig, process, rig::UNLIMITED, scheme::both, wait},
};

#[tokio::test]
async fn a_code_goes_by_sms_and_its_number_is_told_with_the_approval() {
    both(async |scheme| {
        let provider = Provider::start();
        let rig = rig(&provider, &[("SMS", "200")], &[scheme, &[("OTP_SMS_ORIGIN", "shop.example")]].concat());
        let mut body = sms_to("ann");
        (body["to"], body["locale"]) = (json!(ANN), json!("de-AT"));
        let answer = rig.client.send_body(body).await.is(201);
        assert_eq!((answer.str("channel"), answer.str("to")), ("sms", "+49•••••••12"));
        assert!(answer.body.get("code").is_none() && answer.body["delivery"] == json!({"state": "queued"}));
        let delivery = becomes(&rig.client, answer.str("id"), "accepted").await;
        assert_eq!((&delivery["channel"], &delivery["tries"]), (&json!("sms"), &json!(1)));
        let [asked] = &provider.asked()[..] else { panic!("one request") };
        let (data, code) = (asked.data(), asked.code());
        let text = format!("{code} is your shop code. Do not pass it on.\n@shop.example #{code}");
        let told = ["channel", "to", "text", "purpose", "locale", "tenant"].map(|field| data[field].clone());
        assert_eq!(told, ["sms", ANN, &text, "login", "de-AT", "shop"].map(|text| json!(text)));
        assert_eq!(data["expires_at"].as_str().map(str::len), Some("2026-01-01T00:00:00.000Z".len()));
        assert_eq!(asked.headers["idempotency-key"], asked.headers["webhook-id"]);
        assert_eq!(rig.client.check_id(answer.str("id"), &code).await.approved().str("to"), ANN);
        let sent = wait::until("the event", wait::PATIENCE, || events(&rig.sidecar, "send").pop());
        assert_eq!((&sent["channel"], sent.get("test")), (&json!("sms"), None));
    })
    .await;
}

/// Nothing that a caller, a provider or an operator reads holds a code or a number in the clear, but the message.
#[tokio::test]
async fn no_code_and_no_number_stands_anywhere_but_in_the_message() {
    let provider = Provider::start();
    let redis = Redis::with(RedisOptions { aof: true, ..Default::default() });
    // So long a code stands nowhere by chance.
    let more = [("OTP_LOG", "debug"), ("OTP_LENGTH", "12")];
    let variables = channels(&provider, &[("SMS", "once-503")]);
    let rig = Rig::over(redis, &[&UNLIMITED[..], &borrowed(&variables), &more].concat());
    let mut monitor = Monitor::start(&rig.redis);
    let answer = rig.client.send_body(sms_to(ANN)).await.is(201);
    let code = provider.wait(1)[0].code();
    let number = &ANN[1..];
    assert_eq!((in_clear(&rig, &code), in_clear(&rig, number)), (0, 0), "under way");
    becomes(&rig.client, answer.str("id"), "accepted").await;
    assert_eq!((in_clear(&rig, &code), in_clear(&rig, number)), (0, 0));
    let asked: Vec<String> = monitor.take().into_iter().map(|command| command.line).collect();
    assert!(["_send", "_message_settle"].iter().all(|call| asked.iter().any(|line| line.contains(call))), "{asked:?}");
    let written = wait::until("the append-only file to be written", wait::PATIENCE, || {
        let files = std::fs::read_dir(rig.redis.dir().join("appendonlydir")).ok()?;
        let read =
            files.map(|file| String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned());
        Some(read.collect::<Vec<_>>()).filter(|all| all.iter().any(|text| text.contains(":m:")))
    });
    let said = [rig.sidecar.log_lines(), rig.sidecar.event_lines(), vec![rig.metrics().await.text().to_owned()]];
    let said = [said.concat(), asked, written].concat();
    assert!(said.iter().any(|line| line.contains("not delivered")));
    let leaks: Vec<_> = said.iter().filter(|line| line.contains(&code) || line.contains(number)).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
}

/// The libraries of the specification's own authors take our signatures, by each of two keys, and no other.
#[tokio::test]
async fn others_verify_our_signatures() {
    let provider = Provider::start();
    let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let both = format!("{other},{SECRET}");
    let rig = rig(&provider, &[("SMS", "200")], &[("OTP_DELIVERY_SECRET__SMS", &both)]);
    let answer = rig.client.send_body(sms_to(ANN)).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    let asked = provider.asked().remove(0);
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), json!(asked.headers[name]))).into_iter().collect();
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/clients");
    let python = "import json,sys\nfrom standardwebhooks import Webhook\n\
                  secret, headers, body = sys.argv[1:]\nWebhook(secret).verify(body, json.loads(headers))";
    let node = "const { Webhook } = require('standardwebhooks');\n\
                const [secret, headers, body] = process.argv.slice(1);\nnew Webhook(secret).verify(body, JSON.parse(headers));";
    for (program, flag, script) in
        [(format!("{tools}/python/bin/python"), "-c", python), ("node".to_owned(), "-e", node)]
    {
        let verifies = |secret: &str, body: &str| {
            let mut command = process::command(&program);
            command.args([flag, script, secret, &serde_json::to_string(&headers).unwrap(), body]);
            command.env("NODE_PATH", format!("{tools}/node/node_modules"));
            let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() || said.contains("ignature"), "{program}: {said}");
            output.status.success()
        };
        assert!(verifies(SECRET, &asked.text) && verifies(other, &asked.text), "{program}");
        assert!(!verifies(SECRET, &asked.text.replace("code.send", "code.sent")), "{program}");
        assert!(!verifies("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &asked.text), "{program}");
    }
}

#[tokio::test]
async fn a_request_file_asks_a_provider_as_it_wants_to_be_asked() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    let file = "@accept /messages/0/status = \"0\"\nPOST /v1/messages?to={{ to }}\nAuthorization: Bearer {{ secret }}\n\
                Content-Type: application/x-www-form-urlencoded\n\nTo={{ to }}&Body={{ text }}&Ref={{ id }}\n";
    std::fs::write(dir.path().join("sms.http"), file).unwrap();
    std::fs::create_dir(dir.path().join("sms")).unwrap();
    std::fs::write(dir.path().join("sms/default.txt"), "{{ code }} & \"{{ app }}\"").unwrap();
    let templates = dir.path().display().to_string();
    let more = [("OTP_TEMPLATES_DIR", templates.as_str()), ("OTP_DELIVERY_SECRET__SMS", "k3y")];
    let rig = rig(&provider, &[("SMS", "200")], &more);
    let answer = rig.client.send_body(sms_to(ANN)).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    let asked = provider.asked().remove(0);
    assert_eq!(asked.path, format!("/200/v1/messages?to=%2B{}", &ANN[1..]));
    assert_eq!(asked.headers["authorization"], "Bearer k3y");
    assert!(asked.headers.contains_key("idempotency-key") && !asked.headers.contains_key("webhook-id"));
    let fields: std::collections::HashMap<String, String> =
        form_urlencoded::parse(asked.text.as_bytes()).into_owned().collect();
    let code = &fields["Body"][..6];
    assert_eq!((fields["To"].as_str(), &fields["Body"][6..]), (ANN, " & \"shop\""));
    assert_eq!(fields["Ref"], asked.headers["idempotency-key"]);
    rig.client.check_id(answer.str("id"), code).await.approved();
}

#[tokio::test]
async fn an_app_that_named_its_hash_gets_it_as_the_last_line_and_a_call_is_spoken() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200"), ("CALL", "200")], &[("OTP_SMS_ORIGIN", "shop.example")]);
    let mut body = sms_to(ANN);
    body["app_hash"] = json!("FA+9qCX9VSu");
    rig.client.send_body(body).await.is(201);
    let text = provider.wait(1)[0].data()["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with(".\nFA+9qCX9VSu") && !text.contains("@shop") && text.len() <= 140, "{text}");
    let mut body = sms_to(ANN);
    body["channel"] = json!("call");
    rig.client.send_body(body).await.is(201);
    let asked = provider.wait(2).remove(1);
    let spoken = asked.code().chars().map(String::from).collect::<Vec<_>>().join(", ");
    assert!(asked.data()["text"].as_str().unwrap().contains(&spoken), "{}", asked.text);
}

/// A scanner or a preview that follows what stands in a message changes nothing.
#[tokio::test]
async fn whoever_fetches_what_stands_in_a_message_changes_nothing() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200")], &[("OTP_SMS_ORIGIN", "shop.example")]);
    let answer = rig.client.send_body(sms_to(ANN)).await.is(201);
    let asked = provider.wait(1).remove(0);
    let text = asked.data()["text"].as_str().unwrap().to_owned();
    assert!(!text.contains("://"), "{text}");
    for word in text.split_whitespace().chain([answer.str("id")]) {
        let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        for method in [hyper::Method::GET, hyper::Method::HEAD] {
            rig.client.call(method.clone(), &format!("/{word}")).await;
            rig.client.call(method, &format!("/v1/verifications/{word}")).await;
        }
    }
    rig.client.check_id(answer.str("id"), &asked.code()).await.approved();
}

/// A purpose that gave way to others: nobody finds its message any more, so that forgets where it went.
#[tokio::test]
async fn a_purpose_that_is_folded_away_forgets_where_its_message_went() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200")], &[]);
    let mut body = sms_to(ANN);
    body["purpose"] = json!("first");
    let answer = rig.client.send_body(body).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    rig.client.check_id(answer.str("id"), &provider.asked()[0].code()).await.approved();
    let length = || {
        let key = rig.redis.keys().into_iter().find(|key| key[9..].starts_with(b":m:")).expect("a message");
        rig.redis.ask_key::<u64>("STRLEN", &key, &[])
    };
    assert!(length() > 100);
    for n in 0..40 {
        rig.client.send_for(ANN, &format!("p{n}")).await.is(201);
    }
    assert!(length() < 40, "{} bytes", length());
    let seen = rig.client.verification(answer.str("id")).await.is(200);
    assert_eq!((seen.str("status"), &seen.body["delivery"]["state"]), ("approved", &json!("accepted")));
}

/// Whoever writes to Redis puts another user's message beside a code of their own: it proves nothing of them.
#[tokio::test]
async fn a_message_that_lies_beside_anothers_code_proves_no_address() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200")], &[]);
    let mut issued = Vec::new();
    for (subject, to) in [("eve", "+4917112345699"), ("ann", ANN)] {
        let mut body = sms_to(subject);
        body["to"] = json!(to);
        let id = rig.client.send_body(body).await.is(201).str("id").to_owned();
        becomes(&rig.client, &id, "accepted").await;
        issued.push(id);
    }
    // Eve's code takes the issue of Ann's, and in her bucket lies what Ann's message says of itself.
    let generation = |id: &str| BASE64_URL_SAFE_NO_PAD.decode(id).unwrap()[1..13].to_vec();
    let (eves, anns) = (generation(&issued[0]), generation(&issued[1]));
    let code = |key: &[u8]| rig.redis.ask_key::<Vec<u8>>("HGET", key, &["code:login"]);
    let keys = rig.redis.keys();
    let holds = |key: &&Vec<u8>, part: &[u8]| key.windows(part.len()).any(|seen| seen == part);
    let record = keys.iter().filter(|key| holds(key, b":s:")).find(|key| code(key)[..12] == eves).expect("a record");
    let message = keys.iter().find(|key| key.ends_with(&anns)).expect("a message");
    let bucket = record.split(|byte| *byte == b'}').next().unwrap();
    let (moved, held) = ([bucket, b"}:m:", &anns].concat(), rig.redis.ask_key::<Vec<u8>>("GET", message, &[]));
    let mut redis = rig.redis.connect();
    redis::cmd("SET").arg(&moved).arg(held).exec(&mut redis).unwrap();
    let code = [&anns[..], &code(record)[12..]].concat();
    redis::cmd("HSET").arg(record).arg("code:login").arg(code).exec(&mut redis).unwrap();
    let whom = json!({"subject": "eve", "tenant": "shop"});
    let held = rig.sidecar.admin_client().post("/admin/v1/subjects/inspect", &whom).await.is(200);
    let delivery = &held.body["purposes"][0]["delivery"];
    assert_eq!((&delivery["state"], &delivery["to"]), (&json!("accepted"), &json!(null)), "told to no operator");
    let approved = rig.client.check("eve", "login", &provider.asked()[0].code()).await.approved();
    assert_eq!(approved.body.get("to"), None, "{approved:?}");
}
