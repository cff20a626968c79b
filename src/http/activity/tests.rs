use super::*;

#[tokio::test]
async fn a_connection_is_idle_only_between_its_requests() {
    let activity = Arc::new(Activity::new(Instant::now()));
    let first = activity.begin(false).unwrap();
    let second = activity.begin(false).unwrap();
    assert_eq!(activity.idle_since(), None);
    drop(first);
    assert_eq!(activity.idle_since(), None);
    drop(second);
    assert!(activity.idle_since().is_some());
}

#[tokio::test]
async fn eviction_and_the_next_request_exclude_each_other() {
    let activity = Arc::new(Activity::new(Instant::now()));
    let idle = activity.spare().unwrap();
    let request = activity.begin(false).unwrap();
    assert!(!activity.evict(idle) && activity.spare().is_none(), "busy");
    drop(request);
    let idle = activity.spare().unwrap();
    assert!(activity.evict(idle) && activity.is_evicted());
    assert!(activity.begin(false).is_err());
    assert!(!activity.evict(idle), "once");
}

#[tokio::test]
async fn who_waits_for_bodies_alone_may_go_and_what_came_whole_is_done() {
    let activity = Arc::new(Activity::new(Instant::now()));
    let slow = activity.begin(true).unwrap();
    assert!(activity.spare().is_some_and(|spare| spare.in_body));
    let whole = activity.begin(false).unwrap();
    assert_eq!(activity.spare(), None, "something is being done");
    drop(whole);
    let spare = activity.spare().unwrap();
    assert!(activity.body_came().is_ok());
    assert!(!activity.evict(spare) && activity.spare().is_none(), "now this is");
    drop(slow);
    assert!(activity.idle_since().is_some());

    let slow = activity.begin(true).unwrap();
    assert!(activity.evict(activity.spare().unwrap()));
    assert!(activity.body_came().is_err(), "nothing of it may be done");
    drop(slow);
    assert!(activity.is_evicted());
}
