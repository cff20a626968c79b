use super::*;

fn is_evicted(activity: &Activity) -> bool {
    activity.order() == Order::Drop
}

/// Makes `lease`'s connection the one that was idle least long.
fn touch(lease: &Lease) {
    let before = Some(lease.activity.now());
    while lease.activity.idle_since() <= before {
        drop(lease.activity.begin(false).unwrap());
    }
}

#[tokio::test]
async fn the_longest_idle_makes_room() {
    let connections = Connections::new(300);
    let leases: Vec<_> = (0..300).map(|_| connections.admit().unwrap()).collect();
    // Opposite to the order of arrival, so that only idleness can decide; more than are remembered at once.
    leases.iter().rev().for_each(touch);
    let mut newcomers = Vec::new();
    for expected in leases.iter().rev().take(200) {
        newcomers.push(connections.admit().unwrap());
        assert!(is_evicted(&expected.activity));
    }
    assert_eq!((connections.open(), connections.accepted(), connections.evicted()), (300, 500, 200));
}

#[tokio::test]
async fn who_did_something_since_it_was_looked_at_stays() {
    let connections = Connections::new(3);
    let leases = [(); 3].map(|()| connections.admit().unwrap());
    leases.iter().for_each(touch);
    let _fourth = connections.admit().unwrap();
    assert!(is_evicted(&leases[0].activity));
    touch(&leases[1]);
    let _fifth = connections.admit().unwrap();
    assert!(is_evicted(&leases[2].activity) && !is_evicted(&leases[1].activity));
}

#[tokio::test]
async fn nobody_is_admitted_while_all_are_busy() {
    let connections = Connections::new(1);
    let lease = connections.admit().unwrap();
    let request = lease.activity.begin(false).unwrap();
    assert!(connections.admit().is_none());
    assert_eq!((connections.open(), connections.refused(), connections.evicted()), (1, 1, 0));
    drop(request);
    assert!(connections.admit().is_some());
}

#[test]
fn the_settled_idle_go_before_slow_bodies_and_those_before_newcomers() {
    let candidate =
        |number, in_body, since| Candidate { number, spare: Spare { since, in_body, state: u64::default() } };
    let second = u64::try_from(SETTLED.as_micros()).unwrap();
    let now = 10 * second;
    let mut all = [
        candidate(1, false, now - 1),
        candidate(2, true, now - 2),
        candidate(3, false, now - second),
        candidate(4, true, now - 7 * second),
        candidate(5, false, now - 2 * second),
        candidate(6, false, now - second / 2),
    ];
    all.sort_unstable_by_key(|candidate| candidate.rank(now));
    assert_eq!(all.map(|candidate| candidate.number), [5, 3, 4, 6, 2, 1]);
}

#[tokio::test]
async fn whose_body_is_the_slowest_makes_room_but_not_who_waits_for_us() {
    let connections = Connections::new(3);
    let [first, second, third] = [(); 3].map(|()| connections.admit().unwrap());
    let _slowest = second.activity.begin(true).unwrap();
    let _ours = third.activity.begin(false).unwrap();
    let before = first.activity.now();
    while first.activity.now() == before {}
    let _slow = first.activity.begin(true).unwrap();
    let mut newcomers = Vec::new();
    for expected in [&second, &first] {
        let newcomer = connections.admit().unwrap();
        assert!(is_evicted(&expected.activity));
        newcomers.push((newcomer.activity.begin(false).unwrap(), newcomer));
    }
    assert!(connections.admit().is_none() && !is_evicted(&third.activity));
}

#[tokio::test]
async fn a_place_is_given_back() {
    let connections = Connections::new(1);
    let lease = connections.admit().unwrap();
    let (_, ()) = tokio::join!(async { drop(lease) }, connections.emptied());
    assert_eq!(connections.open(), 0);
}

#[tokio::test]
async fn a_renewal_ends_those_that_are_open_and_no_other() {
    let connections = Connections::new(2);
    let before = connections.admit().unwrap();
    connections.renew(Duration::ZERO).await;
    let after = connections.admit().unwrap();
    assert_eq!((before.activity().order(), after.activity().order()), (Order::Drop, Order::Serve));
}
