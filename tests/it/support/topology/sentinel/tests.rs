//! That they agree.

#[test]
fn a_planned_failover_and_one_after_a_kill_end_with_a_primary_that_all_agree_on() {
    use super::*;

    let mut sentinel = Sentinel::start();
    sentinel.server(0).cli(&["SET", "kept", "1"]);
    let has = |n: usize| sentinel.server(n).keys() == [b"kept"];
    wait::until("the replicas to have it", AGREED_WITHIN, || (1..sentinel.len()).all(has).then_some(()));
    let planned = sentinel.failover();
    assert_ne!(planned, 0);
    sentinel.wait_followed();
    assert_eq!(sentinel.server(planned).keys(), [b"kept"]);
    assert_eq!(sentinel.kill_primary(), planned);
    let forced = sentinel.wait_primary_but(planned);
    assert_eq!(sentinel.server(forced).keys(), [b"kept"]);
}

#[test]
fn over_cables_what_was_written_after_a_cut_is_lost_with_the_primary() {
    use super::*;

    let mut sentinel = Sentinel::with(&SentinelOptions { cables: true, replicas: 1, ..SentinelOptions::default() });
    sentinel.server(0).cli(&["SET", "kept", "1"]);
    wait::until("the replica to have it", AGREED_WITHIN, || (sentinel.server(1).keys() == [b"kept"]).then_some(()));
    sentinel.cable(0).cut_replication();
    sentinel.server(0).cli(&["SET", "lost", "1"]);
    assert_eq!(sentinel.kill_primary(), 0);
    assert_eq!(sentinel.wait_primary_but(0), 1);
    assert_eq!(sentinel.server(1).keys(), [b"kept"]);
}

#[test]
fn over_tls_they_agree_as_well() {
    use super::*;

    let certificates = Arc::new(Certificates::new());
    let tls = Some((certificates, Clients::Certified));
    let sentinel = Sentinel::with(&SentinelOptions { tls, replicas: 1, ..SentinelOptions::default() });
    assert!(sentinel.url().starts_with("rediss+sentinel://"));
    assert_eq!(sentinel.failover(), 1);
}
