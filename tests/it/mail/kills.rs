//! Sidecars that die with messages under way, and several over one store: each code is mailed at least once, no mail that is
//! known to be taken is followed by another, and never more go out than are counted.

use std::time::Duration;

use hyper::Method;

use super::{becomes, borrowed, mail_to, relay::Relay, rig, send};
use crate::support::{Client, Sidecar};

const QUICK: (&str, &str) = ("OTP_DELIVERY_TIMEOUT", "1s");

#[tokio::test]
async fn what_a_dead_sidecar_left_over_another_takes_up() {
    let relay = Relay::plain();
    let mut rig = rig(&relay, &[QUICK]);
    let body = mail_to("oncehang-ann@example.com");
    let same_call = async |client: Client| client.with_header("Idempotency-Key", "one").send_body(body.clone()).await;
    let first = same_call(rig.client.clone()).await.is(201);
    relay.wait_mails("oncehang-ann@example.com", 1);
    rig.sidecar.kill();
    let other = rig.another(&[&borrowed(&relay.variables())[..], &[QUICK]].concat());
    // Whoever had no answer asks again, and is told of that very message.
    assert_eq!(same_call(other.client()).await.is(201).body, first.body);
    let delivery = becomes(&other.client(), first.str("id"), "accepted").await;
    assert_eq!(delivery["tries"], 2);
    let mails = relay.wait_mails("oncehang-ann@example.com", 2);
    assert_eq!((mails.len(), mails[0].code()), (2, mails[1].code()));
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_sidecar_that_is_told_to_stop_leaves_what_it_did_not_begin_to_another_at_once() {
    let relay = Relay::plain();
    let mut rig = rig(&relay, &[("OTP_DELIVERY_CONNECTIONS", "1"), ("OTP_DELIVERY_TIMEOUT", "60s")]);
    send(&rig.client, "hang-ann@example.com").await;
    relay.wait_mails("hang-ann@example.com", 1);
    let waiting = send(&rig.client, "bob@example.com").await;
    let other = rig.another(&borrowed(&relay.variables()));
    rig.sidecar.terminate();
    let delivery = becomes(&other.client(), &waiting, "accepted").await;
    // The first was not begun, and is given back.
    assert_eq!(delivery["tries"], 1);
    assert_eq!(relay.mails("bob@example.com").len(), 1);
}

#[tokio::test]
async fn two_sidecars_send_one_mail_each() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let other = rig.another(&borrowed(&relay.variables()));
    let clients = [rig.client.clone(), other.client()];
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(
            send(&clients[n % 2], &format!("{}-{n}@example.com", if n % 4 == 0 { "once450" } else { "user" })).await,
        );
    }
    for (n, id) in ids.iter().enumerate() {
        becomes(&clients[(n + 1) % 2], id, "accepted").await;
    }
    let counts: Vec<usize> = (0..40)
        .map(|n| relay.mails(&format!("{}-{n}@example.com", if n % 4 == 0 { "once450" } else { "user" })).len())
        .collect();
    assert_eq!(counts, [1; 40]);
}

/// SIGKILL at whatever moment; what was answered 201 is mailed, at most as often as may be tried, and once where no kill fell
/// between a mail that was taken and its settling.
#[tokio::test]
async fn kills_at_any_moment_lose_no_mail_and_send_none_too_often() {
    const EACH: usize = 5;
    // No mail waits so long for a relay that is there, even beside other tests: what is tried again was cut by a kill.
    const UNHURRIED: (&str, &str) = ("OTP_DELIVERY_TIMEOUT", "8s");
    // A thousand take some minutes.
    let rounds: usize = std::env::var("OTP_TEST_KILLS").map_or(20, |kills| kills.parse().expect("a number"));
    let relay = Relay::plain();
    let mut rig = rig(&relay, &[UNHURRIED]);
    let (mut issued, mut unanswered, mut kills, mut settled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let before = issued.len();
        let sends: Vec<_> = (0..EACH)
            .map(|n| {
                let (client, address) = (
                    rig.client.clone(),
                    format!("{}-r{round}-{n}@example.com", if n % 2 == 0 { "brief" } else { "user" }),
                );
                let body = mail_to(&address).to_string().into();
                tokio::spawn(async move { (client.try_call(Method::POST, "/v1/verifications", body).await, address) })
            })
            .collect();
        // At whatever moment before its answer ...
        let early = round % 2 == 1;
        if early {
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..15))).await;
            rig.sidecar.kill();
            kills.push(now());
        }
        for (n, send) in sends.into_iter().enumerate() {
            let (answer, address) = send.await.expect("a send");
            match answer.ok().filter(|answer| answer.status == 201) {
                Some(answer) => issued.push((answer.str("id").to_owned(), address)),
                None => unanswered.push(address),
            }
            // ... or between the commit of one and the settling of another: a mail takes up to 200 ms.
            if n == round % EACH && !early {
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..250))).await;
                for (id, address) in &issued[before..] {
                    // Now and then none dies before all is told.
                    if round % 8 == 4 {
                        becomes(&rig.client, id, "accepted").await;
                    }
                    let seen = rig.client.verification(id).await.is(200);
                    settled.extend((seen.body["delivery"]["state"] == "accepted").then(|| address.clone()));
                }
                rig.sidecar.kill();
                kills.push(now());
            }
        }
        rig.sidecar = Sidecar::builder()
            .on(&rig.redis)
            .set_all(&crate::support::rig::UNLIMITED)
            .set_all(&borrowed(&relay.variables()))
            .set(UNHURRIED.0, UNHURRIED.1)
            .start();
        rig.client = rig.sidecar.client();
    }
    assert!(2 * issued.len() >= rounds, "{} issued", issued.len());
    for (id, _) in &issued {
        becomes(&rig.client, id, "accepted").await;
    }
    let (mut doubled, mut most) = (0, 0);
    for address in issued.iter().map(|(_, address)| address).chain(&unanswered) {
        let mails = relay.mails(address);
        let least = usize::from(!unanswered.contains(address));
        let most_of_it = if settled.contains(address) { 1 } else { 3 };
        assert!((least..=most_of_it).contains(&mails.len()), "{address}: {} mails", mails.len());
        assert!(mails.iter().all(|mail| mail.header("Message-ID") == mails[0].header("Message-ID")));
        // One sidecar never sends it again by itself.
        for two in mails.windows(2) {
            let [taken, again] = [&two[0], &two[1]].map(|mail| mail.noted["at"].as_f64().expect("a time"));
            let fell = kills.iter().any(|kill| (taken..again).contains(kill));
            assert!(fell, "{address}: no kill fell between {taken} and {again}: {kills:?}");
        }
        (doubled, most) = (doubled + mails.len().saturating_sub(1), most.max(mails.len()));
    }
    eprintln!(
        "{rounds} kills; {} codes answered 201, each mailed; {} of them settled before a kill, each once; {doubled} mails too many, \
         {most} at most of one; {} sends without an answer",
        issued.len(),
        settled.len(),
        unanswered.len()
    );
}

/// Seconds since 1970, as the relay counts them.
fn now() -> f64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_secs_f64()
}

/// What was sealed under a pepper that left the ring nobody can send; its code verifies no more either.
#[tokio::test]
async fn what_nobody_can_open_any_more_is_dropped() {
    let relay = Relay::plain();
    let mut rig = rig(&relay, &[QUICK]);
    let id = send(&rig.client, "hang-ann@example.com").await;
    relay.wait_mails("hang-ann@example.com", 1);
    rig.sidecar.kill();
    let pepper = ("OTP_PEPPER", "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=");
    let other = rig.another(&[&borrowed(&relay.variables())[..], &[QUICK, pepper]].concat());
    becomes(&other.client(), &id, "dropped").await;
    assert_eq!(relay.mails("hang-ann@example.com").len(), 1);
}

/// A channel that no sidecar has any more: its messages fail, and say why.
#[tokio::test]
async fn a_message_of_a_channel_that_is_gone_fails() {
    let relay = Relay::plain();
    let mut rig = rig(&relay, &[QUICK]);
    let id = send(&rig.client, "hang-ann@example.com").await;
    relay.wait_mails("hang-ann@example.com", 1);
    rig.sidecar.kill();
    let mut variables = relay.variables();
    variables[0].0 = "OTP_DELIVERY_URL__POST";
    let other = rig.another(&[&borrowed(&variables)[..], &[QUICK]].concat());
    assert_eq!(becomes(&other.client(), &id, "failed").await["reason"], "no_channel");
}
