//! Every alert fires and stops again, by a real Prometheus and a real Alertmanager whose minutes are seconds: metrics turn bad,
//! whoever is to be told is told, they turn good, and the same are told that it is over.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{
    alertmanager::{Alertmanager, Told},
    prometheus::{Pace, Prometheus, Target},
    rules::alerts,
};
use crate::support::wait;

/// Some rules look back for an hour, which is a minute here.
const SOON: Duration = Duration::from_secs(180);

/// Whoever waits for it would notice if nothing could be told.
const ALWAYS: &str = "Watchdog";

/// How a series goes on.
#[derive(Debug, Clone, Copy)]
enum Course {
    /// A counter that rises by so much a second, while all is well and while it is not.
    Rises { well: f64, bad: f64 },
    /// A gauge that is this, and that.
    Is { well: f64, bad: f64 },
    /// So many seconds from now.
    Ahead { well: f64, bad: f64 },
    /// Another value every two seconds while it is bad.
    Changes,
}
use Course::{Ahead, Changes, Is, Rises};

/// An alert, who is told, and what brings it about.
struct Cause {
    alert: &'static str,
    told: &'static str,
    path: &'static str,
    series: &'static [(&'static str, Course)],
}

const fn bad(rate: f64) -> Course {
    Rises { well: 0.0, bad: rate }
}

const fn always(rate: f64) -> Course {
    Rises { well: rate, bad: rate }
}

macro_rules! causes {
    ($($alert:ident $told:literal: [$($series:literal $course:expr),*];)+) => {
        &[$(Cause {
            alert: stringify!($alert), told: $told, path: concat!("/", stringify!($alert)), series: &[$(($series, $course)),*],
        }),+]
    };
}

const CAUSES: &[Cause] = causes! {
    OtpBruteForce "ticket": [r#"otp_refusals_total{operation="check",rule="subject_locked"}"# bad(10.0)];
    OtpSpraying "ticket": ["otp_ip_blocks_total" bad(1.0)];
    OtpLockoutSurge "page": ["otp_lockouts_total" bad(2.0)];
    OtpSendingSurge "page": [r#"otp_refusals_total{operation="send",rule="quota_ip"}"# bad(10.0)];
    OtpPumping "page": [
        r#"otp_phone_codes_total{prefix="+49",event="sent"}"# bad(10.0),
        r#"otp_phone_codes_total{prefix="+49",event="proven"}"# always(0.0)
    ];
    OtpSuspicious "ticket": [r#"otp_suspicious_total{pattern="spraying"}"# bad(0.2)];
    OtpRiskAsksMany "ticket": [
        r#"otp_risk_actions_total{action="step_up",mode="shadow"}"# bad(10.0),
        r#"otp_risk_actions_total{action="none",mode="shadow"}"# always(10.0)
    ];
    OtpGeoDatabaseOld "ticket": ["otp_geo_database_bad" Is { well: 0.0, bad: 1.0 }];
    OtpUserDisabled "ticket": ["otp_subjects_disabled_total" bad(0.2)];
    OtpSuccessRateFalling "page": [
        r#"otp_requests_total{operation="send",outcome="issued"}"# always(10.0),
        r#"otp_idempotent_replays_total{operation="send"}"# always(0.0),
        "otp_decoys_total" always(0.0),
        "otp_send_to_success_seconds_count" Rises { well: 10.0, bad: 0.0 }
    ];
    OtpStoreDown "page": ["otp_store_up" Is { well: 1.0, bad: 0.0 }];
    OtpStoreFailing "ticket": [r#"otp_store_errors_total{script="send",kind="timeout"}"# bad(10.0)];
    OtpHashQueueFull "page": [
        r#"otp_requests_total{operation="send",outcome="overloaded"}"# bad(10.0),
        r#"otp_store_errors_total{script="send",kind="overloaded"}"# always(0.0)
    ];
    OtpNotScraped "page": [];
    OtpDeliveryFailing "page": [
        r#"otp_deliveries_total{outcome="failed"}"# bad(5.0),
        r#"otp_deliveries_total{outcome="delivered"}"# always(2.0)
    ];
    OtpDeliveryQueue "page": ["otp_delivery_oldest_seconds" Is { well: 0.0, bad: 120.0 }];
    OtpStoreRolledBack "ticket": [r#"otp_store_rollbacks_total{cause="restart"}"# bad(1.0)];
    OtpAuditBacklog "page": [
        "otp_audit_backlog_events" Is { well: 0.0, bad: 900.0 },
        r#"otp_audit_backlog_limit_events{limit="soft"}"# Is { well: 100.0, bad: 100.0 },
        r#"otp_audit_backlog_limit_events{limit="hard"}"# Is { well: 1000.0, bad: 1000.0 }
    ];
    OtpAuditTrailFailing "ticket": [r#"otp_audit_write_errors_total{what="trail"}"# bad(1.0)];
    OtpStoreClockJumped "ticket": ["otp_store_clock_jumps_total" bad(0.2)];
    OtpInternalErrors "ticket": [r#"otp_requests_total{operation="check",outcome="internal"}"# bad(0.2)];
    OtpCertificateBad "ticket": ["otp_tls_certificate_bad" Is { well: 0.0, bad: 1.0 }];
    OtpCertificateExpiring "page": [
        "otp_tls_certificate_expires_timestamp_seconds" Ahead { well: 7_776_000.0, bad: 3600.0 }
    ];
    OtpStorePrimaryDown "page": [
        "otp_store_primaries_up" Is { well: 3.0, bad: 2.0 },
        "otp_store_primaries_down" Is { well: 0.0, bad: 1.0 }
    ];
    OtpUnconfirmed "page": [r#"otp_store_errors_total{script="check",kind="unconfirmed"}"# bad(1.0)];
    OtpEventsShed "ticket": ["otp_audit_events_shed_total" bad(1.0)];
    OtpExporterStuck "ticket": ["otp_audit_lag_seconds" Is { well: 0.1, bad: 400.0 }];
    OtpSinkStuck "ticket": [r#"otp_sink_lag_seconds{sink="webhook"}"# Is { well: 5.0, bad: 400.0 }];
    OtpClocksApart "ticket": ["otp_store_clock_offset_seconds" Is { well: 0.1, bad: -60.0 }];
    OtpRestarting "ticket": [
        "process_start_time_seconds" Changes,
        r#"otp_build_info{version="0.1.0"}"# Is { well: 1.0, bad: 1.0 }
    ];
    OtpAvailabilityBurn "page": [
        r#"otp_requests_total{operation="check",outcome="approved"}"# always(10.0),
        r#"otp_requests_total{operation="check",outcome="store_unavailable"}"# bad(10.0)
    ];
    OtpLatencyBurn "page": [
        r#"otp_requests_total{operation="check",outcome="approved"}"# always(20.0),
        r#"otp_response_seconds_count{operation="check"}"# always(20.0),
        r#"otp_response_seconds_bucket{operation="check",le="0.25"}"# Rises { well: 20.0, bad: 5.0 }
    ];
};

/// What is bad, and since when.
#[derive(Debug)]
struct State {
    started: Instant,
    /// When it became well again.
    well: Option<Instant>,
}

impl State {
    fn text(&self, cause: &Cause) -> Option<String> {
        let all = self.started.elapsed().as_secs_f64();
        let ill = self.well.map_or(all, |well| (well - self.started).as_secs_f64());
        let is_bad = self.well.is_none();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let value = |course: Course| match course {
            Rises { well, bad } => bad * ill + well * (all - ill),
            Is { well, bad } => {
                if is_bad {
                    bad
                } else {
                    well
                }
            }
            Ahead { well, bad } => now + if is_bad { bad } else { well },
            Changes => 1000.0 + (ill / 2.0).floor(),
        };
        let mut text = "up_and_well 1\n".to_owned();
        for (series, course) in cause.series {
            writeln!(text, "{series} {}", value(*course)).unwrap();
        }
        (cause.alert != "OtpNotScraped" || !is_bad).then_some(text)
    }
}

async fn exporter(state: Arc<Mutex<State>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let state = Arc::clone(&state);
            let answer = service_fn(move |request: Request<Incoming>| {
                let cause = CAUSES.iter().find(|cause| cause.path == request.uri().path());
                let text = cause.and_then(|cause| state.lock().unwrap().text(cause));
                async move {
                    let status = if text.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
                    let mut response = Response::new(Full::new(Bytes::from(text.unwrap_or_default())));
                    *response.status_mut() = status;
                    response.headers_mut().insert("content-type", "text/plain; version=0.0.4".parse().unwrap());
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alert_fires_and_stops_and_who_was_told_is_told_that_it_is_over() {
    let covered: BTreeSet<_> = CAUSES.iter().map(|cause| cause.alert).chain([ALWAYS]).map(str::to_owned).collect();
    assert_eq!(covered, alerts(), "each alert has its row here");
    let state = Arc::new(Mutex::new(State { started: Instant::now(), well: None }));
    let address = exporter(Arc::clone(&state)).await;
    let alertmanager = Alertmanager::start().await;
    let target = |cause: &Cause| Target { namespace: cause.alert, address: address.to_string(), path: cause.path };
    let targets: Vec<_> = CAUSES.iter().map(target).collect();
    let _prometheus = Prometheus::start_at(Pace::Minutes, &targets, alertmanager.address());
    let wanted: BTreeSet<Told> =
        CAUSES.iter().map(|cause| (cause.told.to_owned(), cause.alert.to_owned(), cause.alert.to_owned())).collect();
    let missing = |heard: BTreeSet<Told>| wanted.difference(&heard).cloned().collect::<Vec<_>>();
    let told = || async { missing(alertmanager.told()).is_empty().then_some(()) };
    wait::until_async("all to be told", SOON, told).await;
    state.lock().unwrap().well = Some(Instant::now());
    let over = || async { missing(alertmanager.over()).is_empty().then_some(()) };
    wait::until_async("all to be told that it is over", SOON, over).await;
    let always = ("heartbeat".to_owned(), String::new(), ALWAYS.to_owned());
    assert!(alertmanager.told().contains(&always) && !alertmanager.over().contains(&always));
}
