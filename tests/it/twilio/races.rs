//! Through both doors at once.

use futures_util::future::join_all;
use serde_json::json;

use super::{Door, open, refused, says, sid};
use crate::{
    sms::ANN,
    support::{
        Answer,
        client::{fresh_ip, nth_wrong_code},
        scheme::both,
    },
};

const EACH: u64 = 20;
/// Locked; as many as can be are being compared; ended; no room.
const NOT_COMPARED: [u64; 4] = [60202, 60212, 20404, 20503];

/// Whether a guess was compared, and whether it let anybody in.
fn compared(answer: &Answer) -> (bool, bool) {
    let told = answer.body["status"].as_str().unwrap_or_default();
    let wrong = answer.body["reason"] == "wrong_code" || answer.status == 200 && told == "pending";
    let locks = answer.status == 200 && matches!(told, "locked" | "max_attempts_reached");
    (wrong || locks || told == "approved", answer.body["valid"] == json!(true))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_guesses_are_compared_and_one_success_is_told() {
    both(async |scheme| {
        let (rig, provider) = open(scheme);
        let door = Door::of(&rig.sidecar);
        for trial in 0..4 {
            let to = format!("+491711234{trial:03}");
            let sent = sid(&door.create(&to, &[]).await.is(201));
            let code = provider.wait(trial + 1)[trial].code();
            // Only wrong ones; then, for another, the right one from everybody.
            let typed = |n: u64| if trial % 2 == 0 { nth_wrong_code(&code, n + 1) } else { code.clone() };
            let theirs = (0..EACH).map(|n| {
                let (door, by, code) = (Door(door.0.clone()), [&to, &sent][n as usize % 2].clone(), typed(n));
                tokio::spawn(async move { door.check(&by, &code).await })
            });
            let ours = (0..EACH).map(|n| {
                let (client, code) = (rig.client.clone(), typed(EACH + n));
                let body = json!({"subject": to, "code": code, "ip": fresh_ip()});
                tokio::spawn(async move { client.check_body(body).await })
            });
            let all = join_all(theirs.chain(ours).collect::<Vec<_>>()).await;
            let all: Vec<_> = all.into_iter().map(|answer| answer.expect("no panic")).collect();
            // Through this door whoever was not compared is told so in Twilio's numbers.
            let told = all.iter().take(EACH as usize).filter(|answer| answer.status != 200);
            told.for_each(|answer| assert!(NOT_COMPARED.contains(&answer.number("code")), "{answer:?}"));
            let seen: Vec<_> = all.iter().map(compared).collect();
            let evaluated = seen.iter().filter(|(compared, _)| *compared).count();
            let let_in = seen.iter().filter(|(_, valid)| *valid).count();
            let wanted = if trial % 2 == 0 { (5, 0) } else { (1, 1) };
            assert!(evaluated <= wanted.0 && let_in <= wanted.1, "trial {trial}: {evaluated}, {let_in}");
            // On a machine that is busy some are turned away before.
            let all_came = all.iter().all(|answer| answer.status != 503);
            assert!(!all_came || (evaluated, let_in) == wanted, "trial {trial}: {evaluated}, {let_in}");
        }
    })
    .await;
}

/// An app that compares the code itself lets in whom it is told of, so that it is told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_approve_one_is_told() {
    let (rig, _provider) = open(&[]);
    let door = Door::of(&rig.sidecar);
    let sent = sid(&door.create(ANN, &[]).await.is(201));
    let all = (0..EACH).map(|n| {
        let (door, of) = (door.clone(), [&*sent, ANN][n as usize % 2].to_owned());
        tokio::spawn(async move { door.post(&format!("Verifications/{of}"), "Status=approved").await })
    });
    let all = join_all(all.collect::<Vec<_>>()).await;
    let (told, others): (Vec<_>, Vec<_>) =
        all.into_iter().map(|answer| answer.expect("no panic")).partition(|answer| answer.status == 200);
    // On a machine that is busy some are turned away.
    let all_came = others.iter().all(|answer| answer.status != 503);
    assert!(told.len() == 1 || told.is_empty() && !all_came, "{told:?}");
    told.into_iter().for_each(|answer| assert_eq!(says(answer, "approved").str("sid"), sent));
    for answer in others.into_iter().filter(|answer| answer.status != 503) {
        refused(answer, 404, 20404);
    }
}
