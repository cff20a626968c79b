//! TLS on the listeners: who is served, who is not, and who is too slow.

use std::{process::Command, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

use crate::support::{Address, Authority, Client, Identity, Redis, Sidecar, Trust, client::fresh_ip, keys, wait};

/// Starts one that `trust` can talk to, and waits until both its listeners are ready.
pub async fn start(redis: &Redis, trust: &Trust, variables: &[(&str, &str)]) -> Sidecar {
    let sidecar = Sidecar::builder().on(redis).set_all(variables).start_unready();
    for address in [sidecar.app(), sidecar.admin()] {
        let client = Client::new(address.clone()).over_tls(trust);
        let ready = || async { (get(&client, "/readyz").await.ok()? == 200).then_some(()) };
        wait::until_async("/readyz to be 200", wait::PATIENCE, ready).await;
    }
    sidecar
}

async fn get(client: &Client, path: &str) -> std::io::Result<u16> {
    client.try_call(hyper::Method::GET, path, Bytes::new()).await.map(|answer| answer.status)
}

/// The value of a metric, read over TLS.
pub async fn metric(sidecar: &Sidecar, trust: &Trust, name: &str) -> f64 {
    let text = Client::new(sidecar.admin().clone()).over_tls(trust).get("/metrics").await.is(200).text;
    let values = text.lines().filter_map(|line| line.strip_prefix(name)?.rsplit(' ').next()?.parse::<f64>().ok());
    values.sum()
}

#[tokio::test]
async fn both_listeners_speak_https_over_http_1_and_http_2() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let identity = authority.issue("server");
    let sidecar = start(&redis, &authority.trust(), &identity.variables()).await;
    let client = sidecar.client().over_tls(&authority.trust());
    let issued = client.issue("ada").await;
    client.check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(metric(&sidecar, &authority.trust(), "otp_tls_certificate_bad").await, 0.0);
    let mut last = authority.trust().connect(sidecar.app()).await.unwrap();
    last.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let ended = last.read_to_end(&mut Vec::new()).await;
    assert!(ended.is_ok(), "the end of a connection is told from a cut: {ended:?}");

    let stream = authority.trusting(None, b"h2").connect(sidecar.app()).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = json!({"subject": "grace", "ip": fresh_ip()}).to_string();
    let request = Request::post(format!("https://{}/v1/verifications", sidecar.app().host()))
        .header("authorization", format!("Bearer {}", keys::KEY))
        .header("content-type", "application/json");
    let answer = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.into_body().collect().await.unwrap();
}

#[tokio::test]
async fn unix_sockets_stay_in_the_clear() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let identity = authority.issue("server");
    let sidecar = Sidecar::builder().on(&redis).set_all(&identity.variables()).on_unix_sockets().start();
    sidecar.client().issue("ada").await;
    sidecar.logs("a warning", |line| line.contains("OTP_TLS_CERT is not used"));
}

#[tokio::test]
async fn who_speaks_no_tls_gets_no_answer_and_harms_nobody() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let identity = authority.issue("server");
    let sidecar = start(&redis, &authority.trust(), &identity.variables()).await;
    let client = sidecar.client().over_tls(&authority.trust());
    for bytes in [&b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0; 64]]
    {
        let answer = Client::new(sidecar.app().clone()).raw(bytes).await;
        assert!(answer.len() < 16 && !answer.starts_with(b"HTTP"), "{answer:?}");
    }
    client.issue("ada").await;
    // Whoever trusts somebody else does not trust us.
    let stranger = Authority::new().trust().connect(sidecar.app()).await;
    assert!(stranger.err().expect("no handshake").to_string().contains("UnknownIssuer"));
    client.issue("grace").await;
    let (sidecar, trust, name) = (&sidecar, authority.trust(), "otp_tls_handshakes_failed_total{listener=\"app\"}");
    let counted = || async { (metric(sidecar, &trust, name).await == 4.0).then_some(()) };
    wait::until_async("all four to be counted", wait::PATIENCE, counted).await;
}

#[tokio::test]
async fn where_callers_must_show_a_certificate_nobody_is_served_without() {
    let (redis, authority, stranger) = (Redis::start(), Authority::new(), Authority::new());
    let callers = Authority::new();
    let (identity, ca) = (authority.issue("server"), callers.cert());
    let known = authority.trust_showing(&callers.issue("caller"));
    let variables = [&identity.variables()[..], &[("OTP_TLS_CLIENT_CA", ca.to_str().unwrap())]].concat();
    let sidecar = start(&redis, &known, &variables).await;
    sidecar.client().over_tls(&known).issue("ada").await;
    let foreign = authority.trust_showing(&stranger.issue("caller"));
    let ended = authority.trust_showing(&callers.issue_until("ended", -60));
    for trust in [authority.trust(), foreign, ended] {
        for (address, path) in [(sidecar.app(), "/livez"), (sidecar.admin(), "/readyz"), (sidecar.admin(), "/metrics")]
        {
            assert!(get(&Client::new(address.clone()).over_tls(&trust), path).await.is_err(), "{path}");
        }
    }
    // A certificate is no key.
    Client::new(sidecar.app().clone()).over_tls(&known).send("ada").await.refused(401, "unauthenticated");
}

/// Reads until the other side closes; how long that took.
async fn closed(mut stream: impl tokio::io::AsyncRead + Unpin) -> Duration {
    let began = Instant::now();
    let _ = timeout(Duration::from_secs(30), stream.read_to_end(&mut Vec::new())).await.expect("an end");
    began.elapsed()
}

#[tokio::test]
async fn slow_handshakes_and_records_are_closed_within_10_s_and_hold_up_nobody() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let sidecar = start(&redis, &trust, &identity.variables()).await;
    let mut slow = tokio::task::JoinSet::new();
    for n in 0..60 {
        let mut stream = sidecar.app().connect().await.unwrap();
        // Nothing; a header and no more; a part of a hello.
        stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252][..[0, 5, 9][n % 3]]).await.unwrap();
        slow.spawn(closed(stream));
    }
    for _ in 0..10 {
        let mut tls = trust.connect(sidecar.app()).await.unwrap();
        // After the handshake: a record of which one byte came.
        tls.get_mut().0.write_all(&[23, 3, 3, 1, 0, 7]).await.unwrap();
        slow.spawn(closed(tls));
        // Over HTTP/2: half of what it begins with.
        let mut newer = authority.trusting(None, b"h2").connect(sidecar.app()).await.unwrap();
        newer.write_all(b"PRI * HTTP").await.unwrap();
        slow.spawn(closed(newer));
    }
    let idle = trust.connect(sidecar.app()).await.unwrap();
    assert!(metric(&sidecar, &trust, "otp_connections{listener=\"app\"}").await >= 80.0, "each has a place");
    sidecar.client().over_tls(&trust).issue("ada").await;
    assert!(slow.try_join_next().is_none(), "somebody waited until one was closed");
    for took in slow.join_all().await {
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    assert!(timeout(Duration::from_millis(1), closed(idle)).await.is_err(), "who owes nothing may stay");
}

fn healthcheck(sidecar: &Sidecar, trusted: &Authority, own: Option<&Identity>) -> (i32, String) {
    let own = own.iter().flat_map(|own| [("OTP_ADMIN_TLS_CERT", &own.cert), ("OTP_ADMIN_TLS_KEY", &own.key)]);
    let own: Vec<_> = own.map(|(name, path)| (name, path.to_str().expect("UTF-8"))).collect();
    healthcheck_of("127.0.0.1", sidecar, trusted, &own)
}

fn healthcheck_of(host: &str, sidecar: &Sidecar, trusted: &Authority, more: &[(&str, &str)]) -> (i32, String) {
    let Address::Tcp(address) = sidecar.admin() else { panic!("not TCP") };
    let url = format!("https://{host}:{}", address.port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
    command.env_clear().env("OTP_ADMIN_URL", url).env("SSL_CERT_FILE", trusted.cert()).envs(more.iter().copied());
    let output = command.arg("healthcheck").output().expect("the binary");
    (output.status.code().expect("a code"), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn the_operators_commands_speak_https() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, caller, ca) = (authority.issue("server"), authority.issue("caller"), authority.cert());
    let trust = authority.trust_showing(&caller);
    let open = start(&redis, &authority.trust(), &identity.variables()).await;
    assert_eq!(healthcheck(&open, &authority, None).0, 0);
    let (code, why) = healthcheck(&open, &Authority::new(), None);
    assert!(code == 69 && why.contains("OTP_ADMIN_URL") && why.contains("UnknownIssuer"), "{why}");
    // The certificate is for 127.0.0.1.
    assert_eq!(healthcheck_of("localhost", &open, &authority, &[]).0, 69);
    let named = |name| healthcheck_of("localhost", &open, &authority, &[("OTP_ADMIN_TLS_NAME", name)]).0;
    assert_eq!([named("127.0.0.1"), named("otp.internal"), named("no name")], [0, 69, 64]);
    // Where one side speaks TLS and the other does not.
    let url = format!("http://{}", open.admin().host());
    let (code, why) = healthcheck_of("127.0.0.1", &open, &authority, &[("OTP_ADMIN_URL", &url)]);
    assert!(code == 69 && why.contains("write https://"), "{why}");
    let (code, why) = healthcheck_of("127.0.0.1", &Sidecar::builder().on(&redis).start(), &authority, &[]);
    assert!(code == 69 && why.contains("write http://"), "{why}");

    let variables = [&identity.variables()[..], &[("OTP_TLS_CLIENT_CA", ca.to_str().unwrap())]].concat();
    let closed = start(&redis, &trust, &variables).await;
    assert_eq!(healthcheck(&closed, &authority, Some(&caller)).0, 0);
    assert_eq!(healthcheck(&closed, &authority, None).0, 69);
    let mixed = Identity { key: identity.key.clone(), ..caller };
    assert_eq!(healthcheck(&closed, &authority, Some(&mixed)).0, 64);
}
