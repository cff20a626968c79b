//! TLS and peers that mean harm: what holds in the clear holds here, and what only TLS makes possible is bounded.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    behaviour::tls::{metric, start},
    support::{Authority, Redis, Sidecar, Trust, keys, wait},
};

const SOON: Duration = Duration::from_secs(10);

/// What is answered to `bytes` before the end of the connection, which must be said and not cut.
async fn answer(sidecar: &Sidecar, trust: &Trust, bytes: &[u8]) -> String {
    let mut stream = trust.connect(sidecar.app()).await.expect("a handshake");
    stream.write_all(bytes).await.expect("written");
    let mut answer = Vec::new();
    timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end").expect("a polite one");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_are_looked_at_no_less_than_in_the_clear() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let sidecar = start(&redis, &trust, &identity.variables()).await;
    let two_lengths = "POST /v1/verifications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\
                       Content-Length: 5\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answered = answer(&sidecar, &trust, two_lengths.as_bytes()).await;
    assert!(answered.starts_with("HTTP/1.1 400 ") && answered.matches("HTTP/1.1").count() == 1, "{answered}");
    let long = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let answered = answer(&sidecar, &trust, long.as_bytes()).await;
    assert!(answered.starts_with("HTTP/1.1 431 "), "{answered}");
}

/// Whoever stands between may cut a connection, which must not make a whole request of a part.
#[tokio::test]
async fn what_was_cut_off_is_not_done() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let sidecar = start(&redis, &trust, &identity.variables()).await;
    let body = r#"{"subject":"ada","ip":"203.0.113.7"}"#;
    let head = format!(
        "POST /v1/verifications HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n",
        keys::KEY
    );
    let chunk = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len());
    let longer = format!("Content-Length: {}\r\n\r\n{body}", body.len() + 1);
    for rest in [chunk, longer] {
        let mut stream = trust.connect(sidecar.app()).await.unwrap();
        stream.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        // The socket alone: nothing says that this is the end.
        drop(stream.into_inner());
    }
    let client = sidecar.client().over_tls(&trust);
    let open = || async { (metric(&sidecar, &trust, "otp_connections{listener=\"app\"}").await == 0.0).then_some(()) };
    wait::until_async("both to be gone", SOON, open).await;
    assert_eq!(client.status("ada").await["requests_last_hour"], 0);
    client.issue("ada").await;
    assert_eq!(client.status("ada").await["requests_last_hour"], 1);
}

#[tokio::test]
async fn handshakes_that_never_end_keep_nobody_out() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let variables = [&identity.variables()[..], &[("OTP_MAX_CONNECTIONS", "8")]].concat();
    let sidecar = start(&redis, &trust, &variables).await;
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = sidecar.app().connect().await.unwrap();
        // Those that were closed for later ones may be gone by now.
        let _ = stream.write_all(&[22, 3, 1, 2, 0, 1]).await;
        held.push(stream);
    }
    timeout(Duration::from_secs(4), sidecar.client().over_tls(&trust).issue("ada")).await.expect("a place at once");
    assert!(metric(&sidecar, &trust, "otp_connections{listener=\"app\"}").await <= 8.0);
}

#[tokio::test]
async fn a_hello_may_not_fill_the_memory() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let sidecar = start(&redis, &trust, &identity.variables()).await;
    // It says that 60,000 bytes will come, in records of 16 KiB, each of them complete.
    let mut hello = vec![1, 0, 0xea, 0x60, 3, 3];
    hello.resize(60_000, 0);
    let mut stream = sidecar.app().connect().await.unwrap();
    for part in hello.chunks(16_384) {
        let [.., high, low] = part.len().to_be_bytes();
        // Those after the end of its patience cannot be written.
        let _ = stream.write_all(&[&[22, 3, 1, high, low][..], part].concat()).await;
    }
    let failed = || async {
        let name = "otp_tls_handshakes_failed_total{listener=\"app\"}";
        (metric(&sidecar, &trust, name).await == 1.0).then_some(())
    };
    // One that was only too late would not be counted.
    wait::until_async("the handshake to fail", SOON, failed).await;
    sidecar.client().over_tls(&trust).issue("ada").await;
}

#[tokio::test]
async fn at_the_end_each_connection_is_told_that_it_is_the_end() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let mut sidecar = start(&redis, &trust, &identity.variables()).await;
    let mut silent = trust.connect(sidecar.app()).await.unwrap();
    let mut idle = trust.connect(sidecar.app()).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    let mut half = trust.connect(sidecar.app()).await.unwrap();
    let head =
        "POST /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n";
    half.write_all(format!("{head}Authorization: Bearer {}\r\n\r\n{{\"subject\"", keys::KEY).as_bytes()).await.unwrap();
    half.flush().await.unwrap();
    // The second call on the first connection: by then the other half request has been read too.
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    sidecar.signal_terminate();
    for (who, stream) in [("who rests", &mut idle), ("who never said anything", &mut silent)] {
        let ended = timeout(SOON, stream.read_to_end(&mut Vec::new())).await.expect("an end");
        assert!(ended.is_ok(), "{who}: {ended:?}");
    }
    half.write_all(br#":"ada"}"#).await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(SOON, half.read_to_end(&mut answer)).await.expect("an end");
    assert!(ended.is_ok() && answer.starts_with(b"HTTP/1.1 200 "), "{ended:?}: {}", String::from_utf8_lossy(&answer));
    assert_eq!(sidecar.wait_exit(Duration::from_secs(25)).0.code(), Some(0));
}
