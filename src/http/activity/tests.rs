use super::*;

fn is_evicted(activity: &Activity) -> bool {
    activity.state.load(SeqCst) == EVICTED && activity.order() == Order::Drop
}

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
    assert!(activity.evict(idle) && is_evicted(&activity));
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
    assert!(is_evicted(&activity));
}

#[tokio::test]
async fn each_clock_ends_what_it_is_for_and_an_idle_connection_ends_politely() {
    let limits = Limits::default();
    let later = |time: Duration| u64::try_from(time.as_micros()).unwrap() + 1;
    let at = |activity: &Activity, time: Duration| activity.overdue(activity.now() + later(time), &limits);
    let tick = Duration::from_secs(1);
    let begun = |what: fn(&Arc<Activity>)| {
        let activity = Arc::new(Activity::new(Instant::now()));
        what(&activity);
        activity
    };
    for (name, time, first, activity) in [
        ("idle", limits.idle_timeout, Order::Drain, begun(|_| {})),
        ("head", limits.head_timeout, Order::Drop, begun(|activity| activity.heard())),
        ("write", limits.write_timeout, Order::Drop, begun(|activity| activity.write_stalled(true))),
        ("window", limits.write_timeout, Order::Drop, begun(|activity| activity.handed_over())),
        ("linger", limits.linger, Order::Drop, begun(|activity| activity.linger_began())),
    ] {
        assert_eq!(at(&activity, time - tick), None, "{name}");
        assert_eq!(at(&activity, time), Some(first), "{name}");
        activity.tell(first);
        assert_eq!(at(&activity, time), Some(Order::Drop), "{name}");
    }
    let activity = begun(|activity| activity.heard());
    let request = activity.begin(true).unwrap();
    activity.heard();
    assert_eq!(
        at(&activity, limits.idle_timeout),
        None,
        "a request may take its time, its body has a clock of its own"
    );
    activity.write_stalled(true);
    assert_eq!(at(&activity, limits.write_timeout), Some(Order::Drop));
    activity.write_stalled(false);
    drop(request);
    assert_eq!(at(&activity, limits.head_timeout), None);
}
