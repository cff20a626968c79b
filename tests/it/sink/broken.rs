//! What a receiver had taken and not read when it went is sent again, however long it is gone, and after a restart too; and
//! whoever closes every connection is asked ever more rarely.

use std::{
    io::Read,
    net::TcpListener,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{all_arrive, all_written, backlog, receiver::Receiver, rig};
use crate::support::{
    TrailDir,
    wait::{self, PATIENCE},
};

/// What was sent so long ago counts as there.
const BEHIND: Duration = Duration::from_secs(5);

#[tokio::test]
async fn what_lay_unread_comes_again_after_failed_connects_and_a_restart() {
    let (dir, listener) = (TrailDir::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let url = format!("syslog+tcp://{address}");
    let mut rig = rig(&dir, &[("OTP_SYSLOG_URL", &url)]);
    let (taken, _) = listener.accept().unwrap();
    for n in 0..5 {
        rig.client.issue(&format!("user{n}")).await;
    }
    all_written(&rig.redis);
    let sent = || async {
        let sent = rig.metrics().await.value("otp_sink_events_total", &[("sink", "syslog"), ("result", "sent")]);
        (sent >= 6.0).then_some(())
    };
    wait::until_async("all to be sent", PATIENCE, sent).await;
    sleep(BEHIND + Duration::from_millis(1500));
    // With what nobody read: a reset.
    drop((taken, listener));
    let failed = || async {
        let again = rig.metrics().await.value("otp_sink_events_total", &[("sink", "syslog"), ("result", "again")]);
        (again >= 6.0).then_some(())
    };
    wait::until_async("the break to be noticed", PATIENCE, failed).await;
    sleep(Duration::from_secs(3));
    assert!(rig.metrics().await.value("otp_sink_lag_seconds", &[("sink", "syslog")]) > 3.0);
    rig.sidecar.kill();
    let again = rig.another(
        &dir.variables()
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain([("OTP_SYSLOG_URL", url.as_str())])
            .collect::<Vec<_>>(),
    );
    let receiver = Receiver::on(TcpListener::bind(address).unwrap());
    all_arrive(&dir, &rig.redis, || receiver.identities());
    drop(again);
}

#[tokio::test]
async fn whoever_closes_at_once_is_asked_ever_more_rarely_and_has_all_once_it_does_not() {
    let (dir, listener) = (TrailDir::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let rig = rig(&dir, &[("OTP_SYSLOG_URL", &format!("syslog+tcp://{address}"))]);
    let mut came = Vec::new();
    // After a half of 1, 2 and 4 s at least, whatever else is to be sent.
    while came.len() < 4 {
        let (mut taken, _) = listener.accept().unwrap();
        came.push(Instant::now());
        assert!(taken.read(&mut [0; 1 << 16]).unwrap() > 0);
        drop(taken);
        rig.client.issue(&format!("user{}", came.len())).await;
    }
    assert!(came[3] - came[0] > Duration::from_millis(3_500), "{came:?}");
    assert!(rig.metrics().await.value("otp_sink_lag_seconds", &[("sink", "syslog")]) > 2.0);
    drop(listener);
    let receiver = Receiver::on(TcpListener::bind(address).unwrap());
    all_arrive(&dir, &rig.redis, || receiver.identities());
}

/// Less than what counts as there: each has what it gets again, and not all that there is.
#[tokio::test]
async fn whoever_closes_each_connection_soon_is_sent_one_hand_over_again_and_not_the_backlog() {
    let (dir, listener) = (TrailDir::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    drop(backlog::write(&dir, 700));
    let address = listener.local_addr().unwrap();
    let rig = rig(&dir, &[("OTP_SYSLOG_URL", &format!("syslog+tcp://{address}"))]);
    let mut sent = Vec::new();
    for _ in 0..3 {
        let (mut taken, _) = listener.accept().unwrap();
        taken.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let (mut all, mut part) = (Vec::new(), [0; 1 << 16]);
        while let Ok(read @ 1..) = taken.read(&mut part) {
            all.extend_from_slice(&part[..read]);
        }
        sent.push(String::from_utf8(all).unwrap().matches(" send - {").count());
    }
    assert!(sent[0] > 1500 && (1..=512).contains(&sent[1]) && (1..=512).contains(&sent[2]), "{sent:?}");
    drop(listener);
    let receiver = Receiver::on(TcpListener::bind(address).unwrap());
    all_arrive(&dir, &rig.redis, || receiver.identities());
}
