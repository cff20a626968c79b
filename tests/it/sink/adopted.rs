//! Trails that nobody writes any more, and those that nobody ships.

use super::{all_arrive, receiver::Receiver, rig};
use crate::support::{TrailDir, rig::UNLIMITED};

#[tokio::test]
async fn whoever_has_the_directory_ships_what_a_dead_sidecar_left() {
    let (dir, nowhere) = (TrailDir::new(), "syslog+tcp://127.0.0.1:1");
    let mut rig = rig(&dir, &[("OTP_SYSLOG_URL", nowhere)]);
    rig.issue_all("ann", 5).await;
    let (receiver, trail) = (Receiver::start(), dir.variables());
    let trail: Vec<_> = trail.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = receiver.url();
    let more = [&trail[..], &UNLIMITED, &[("OTP_SYSLOG_URL", &url)]].concat();
    let other = rig.another(&more);
    other.client().issue("bob").await;
    rig.sidecar.kill();
    all_arrive(&dir, &rig.redis, || receiver.identities());
    assert_eq!(dir.trails().len(), 2);
    // It says itself which line of which trail each is, and nothing that is sealed.
    let trails: std::collections::BTreeSet<String> = receiver
        .messages()
        .iter()
        .map(|message| {
            let event = super::receiver::json(message);
            assert!(event["n"].as_u64().is_some() && event["h"].as_str().is_some_and(|h| h.len() == 43), "{event}");
            assert!(event.get("sealed").is_none() && event.get("who").is_none(), "{event}");
            event["trail"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(trails.len(), 2);
    dir.is_sound();
}

/// A sink that comes later: syslog has the whole trail, the webhook what happens from then on.
#[tokio::test]
async fn a_new_sink_begins_where_its_receiver_wants_it_to() {
    let (dir, receiver, hook) = (TrailDir::new(), Receiver::start(), crate::sms::provider::Provider::start());
    let mut before = rig(&dir, &[]);
    before.issue_all("old", 3).await;
    assert!(before.sidecar.terminate().0.success());
    let (url, events, trail) = (receiver.url(), hook.url("200"), dir.variables());
    let trail: Vec<_> = trail.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let more = [&trail[..], &[("OTP_SYSLOG_URL", &url)], &super::webhook(&events, "all")].concat();
    let old = dir.identities();
    let after = before.another(&more);
    after.client().issue("new").await;
    all_arrive(&dir, &before.redis, || receiver.identities());
    let new = || super::posted(&hook.asked());
    all_arrive(&dir, &before.redis, || new().union(&old).copied().collect());
    assert!(new().is_disjoint(&old), "the webhook is told what happened before it was there");
}
