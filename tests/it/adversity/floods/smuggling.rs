//! One request that others on the way may take for two: the second never runs, and the connection ends.

use hyper::Method;
use serde_json::json;

use crate::support::{Rig, keys};

/// A request that spends a send of this subject, were it to run.
const SMUGGLED: &str = "mallory";

/// A request with these lines in its head and all of `rest` behind it.
fn request(rig: &Rig, lines: &str, rest: &str) -> Vec<u8> {
    let head = format!(
        "POST /v1/status HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        rig.sidecar.app().host(),
        keys::KEY
    );
    format!("{head}{lines}\r\n{rest}").into_bytes()
}

fn hidden(rig: &Rig) -> String {
    let body = json!({"subject": SMUGGLED, "ip": "203.0.113.9"}).to_string();
    let lines = format!("Content-Length: {}\r\n", body.len());
    let request = String::from_utf8(request(rig, &lines, &body)).unwrap();
    request.replace("/v1/status", "/v1/verifications")
}

/// Sends of the subject in question, and calls that were counted as sends at all.
async fn ran(rig: &Rig) -> (u64, f64) {
    let sends = rig.metrics().await.value("otp_requests_total", &[("operation", "send")]);
    (rig.counted(SMUGGLED).await.1, sends)
}

/// Answers what the sidecar said until it closed. It ends by closing: nothing here asks it to.
async fn told(rig: &Rig, bytes: &[u8]) -> String {
    String::from_utf8_lossy(&rig.client.raw(bytes).await).into_owned()
}

/// Each of these has at most one answer, is closed behind, and what lies hidden behind it does not run. Where the head is
/// sound and only the body is not, the request may be answered for what it is.
async fn refused(rig: &Rig, attacks: &[(String, String)], statuses: &[&str]) {
    let hidden = hidden(rig);
    let before = ran(rig).await;
    for (lines, body) in attacks {
        let answer = told(rig, &request(rig, lines, &format!("{body}{hidden}"))).await;
        let attack = || format!("{lines:?} {:?}: {answer}", body.get(..80).unwrap_or(body));
        let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        assert!(status.is_some_and(|status| statuses.contains(&status)), "{}", attack());
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "one answer: {}", attack());
        assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{}", attack());
    }
    assert_eq!(ran(rig).await, before, "nothing ran");
}

/// Else nothing below would prove anything: what is hidden does run where it is not hidden.
#[tokio::test]
async fn what_the_attacks_hide_runs_where_it_stands_in_the_open() {
    let rig = Rig::unlimited(&[]);
    let open = request(&rig, "Content-Length: 17\r\n", "{\"subject\":\"eve\"}");
    let hidden = hidden(&rig).replace("Host:", "Connection: close\r\nHost:");
    let answers = told(&rig, &[&open, hidden.as_bytes()].concat()).await;
    assert!(answers.starts_with("HTTP/1.1 200 ") && answers.contains("HTTP/1.1 201 "), "{answers}");
    assert_eq!(ran(&rig).await, (1, 1.0));
}

#[tokio::test]
async fn a_head_with_two_ends_is_refused_and_hides_nothing() {
    let rig = Rig::unlimited(&[]);
    let length = hidden(&rig).len();
    let heads = [
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".into(),
        "Transfer-Encoding: chunked, identity\r\n".into(),
        "Transfer-Encoding: xchunked\r\n".into(),
        "Transfer-Encoding: \u{b}chunked\r\n".into(),
        "Transfer-Encoding\r\n".into(),
        // White space before the colon.
        "Transfer-Encoding : chunked\r\n".into(),
        "Content-Length : 5\r\n".into(),
        "Content-Length\t: 5\r\n".into(),
        // Folded lines.
        "Content-Length: 0\r\n Transfer-Encoding: chunked\r\n".into(),
        "X: a\r\n\tTransfer-Encoding: chunked\r\n".into(),
        " Transfer-Encoding: chunked\r\n".into(),
        // A carriage return alone.
        "X: a\rTransfer-Encoding: chunked\r\n".into(),
        // Numbers that are none.
        "Content-Length: +5\r\n".into(),
        "Content-Length: -5\r\n".into(),
        "Content-Length: 0x5\r\n".into(),
        "Content-Length: 5, 6\r\n".into(),
        "Content-Length: 5 5\r\n".into(),
        "Content-Length: \r\n".into(),
        "Content-Length: 18446744073709551621\r\n".into(),
        "X: \0\r\nContent-Length: 5\r\n".into(),
    ];
    refused(&rig, &heads.map(|head| (head, "0\r\n\r\n".into())), &["400"]).await;
    // HTTP/1.0 has no chunks.
    let old = String::from_utf8(request(&rig, "Transfer-Encoding: chunked\r\n", "0\r\n\r\n")).unwrap();
    let before = ran(&rig).await;
    let answer = told(&rig, format!("{}{}", old.replacen("HTTP/1.1", "HTTP/1.0", 1), hidden(&rig)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 "), "{answer}");
    assert_eq!((answer.matches(" 400 ").count(), ran(&rig).await), (1, before), "{answer}");
}

/// The chunks decide, and nobody believes anything that stands behind them.
#[tokio::test]
async fn where_length_and_chunks_are_both_told_nothing_behind_them_runs() {
    let rig = Rig::unlimited(&[]);
    let (both, length) = ("Transfer-Encoding: chunked\r\n", hidden(&rig).len());
    let mut attacks = Vec::new();
    for length in [0, 5, length, 11_000] {
        let length = format!("Content-Length: {length}\r\n");
        for lines in [format!("{length}{both}"), format!("{both}{length}"), format!("{length}{both}{length}")] {
            attacks.push((lines.clone(), "0\r\n\r\n".into()));
            attacks.push((lines, "11\r\n{\"subject\":\"eve\"}\r\n0\r\n\r\n".into()));
        }
    }
    refused(&rig, &attacks, &["200", "400"]).await;
}

#[tokio::test]
async fn a_body_of_unsound_chunks_is_refused_and_hides_nothing() {
    let rig = Rig::unlimited(&[]);
    let bodies = [
        // Sizes that are none, and ones that wrap where 64 bits are not enough.
        "z\r\n",
        "\r\n",
        "-1\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "2_\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        // Data longer and shorter than said.
        "1\r\n{}\r\n0\r\n\r\n",
        "3\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        // Lines that end otherwise.
        "2\n{}\n0\n\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\n\r\n",
        // Extensions, which some read to the line feed and some to the carriage return.
        "2;x\n{}\r\n0\r\n\r\n",
        "2;\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0;x\n\r\n",
        // Trailers.
        "2\r\n{}\r\n0\r\nX : a\r\n\r\n",
        "2\r\n{}\r\n0\r\nX\r\n\r\n",
    ];
    refused(&rig, &bodies.map(|body| ("Transfer-Encoding: chunked\r\n".into(), body.into())), &["400"]).await;
    // What takes no end is not read to its end.
    let long = "x".repeat(100_000);
    for body in [format!("2;{long}\r\n{{}}\r\n0\r\n\r\n"), format!("2\r\n{{}}\r\n0\r\nX: {long}\r\n\r\n")] {
        refused(&rig, &[("Transfer-Encoding: chunked\r\n".into(), body)], &["400"]).await;
    }
}

/// What is sound in a frame of chunks means nothing, and the request ends where it ends: what stands behind it is the next.
#[tokio::test]
async fn sound_extensions_trailers_and_leading_zeros_are_taken_and_hide_nothing() {
    let rig = Rig::unlimited(&[]);
    let hidden = hidden(&rig).replace("Host:", "Connection: close\r\nHost:");
    for (n, body) in [
        "11\r\n{\"subject\":\"eve\"}\r\n0\r\n\r\n",
        "0000000000000011\r\n{\"subject\":\"eve\"}\r\n000\r\n\r\n",
        "11;x\r\n{\"subject\":\"eve\"}\r\n0;y=z;\"q\"\r\n\r\n",
        "11\r\n{\"subject\":\"eve\"}\r\n0\r\nX-Checksum: abc\r\nEmpty:\r\n\r\n",
        "11\r\n{\"subject\":\"eve\"}\r\n0\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let first = request(&rig, "Transfer-Encoding: chunked\r\n", body);
        let answers = told(&rig, &[&first, hidden.as_bytes()].concat()).await;
        let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(statuses, ["200", "201"], "{body:?}: {answers}");
        assert_eq!(ran(&rig).await.0, n as u64 + 1, "{body:?}");
    }
}

/// The first is answered for what it is; from the unsound one on nobody knows where a request begins.
#[tokio::test]
async fn behind_a_sound_request_an_unsound_one_hides_nothing_either() {
    let rig = Rig::unlimited(&[]);
    let before = ran(&rig).await;
    let sound = request(&rig, "Content-Length: 17\r\n", "{\"subject\":\"eve\"}");
    let unsound = request(&rig, "Content-Length: 0\r\nContent-Length: 5\r\n", "0\r\n\r\n");
    let answers = told(&rig, &[&sound, &unsound, hidden(&rig).as_bytes()].concat()).await;
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "400"], "{answers}");
    assert_eq!(ran(&rig).await, before);
}

/// A body that is refused unread is not taken for a request either, however much of it looks like one.
#[tokio::test]
async fn a_body_that_nobody_reads_is_no_request() {
    let rig = Rig::unlimited(&[]);
    let before = ran(&rig).await;
    let hidden = hidden(&rig).repeat(40);
    let lines = format!("Connection: close\r\nContent-Length: {}\r\n", hidden.len());
    for (from, to, status) in [("/v1/status", "/nowhere", 404), ("json", "xml", 415), ("Bearer ", "Bearer x", 401)] {
        let carrier = String::from_utf8(request(&rig, &lines, "")).unwrap().replace(from, to);
        let answer = told(&rig, format!("{carrier}{hidden}").as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    assert_eq!(ran(&rig).await, before);
    rig.client.call(Method::GET, "/livez").await.is(200);
}
