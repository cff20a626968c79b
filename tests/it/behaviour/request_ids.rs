//! One id from the caller through the answer to the log.

use crate::support::{Answer, Rig};

fn id(answer: &Answer) -> &str {
    answer.header("x-request-id").expect("a request id")
}

#[tokio::test]
async fn the_callers_id_comes_back_on_success_and_refusal() {
    let rig = Rig::start(&[]);
    let longest = "~".repeat(64);
    for given in ["a", "7f3c:42/!", &longest] {
        let client = rig.client.clone().with_header("x-request-id", given);
        assert_eq!(id(&client.send(given).await.is(201)), given);
        assert_eq!(id(&client.send(given).await.refused(429, "resend_cooldown")), given);
        assert_eq!(id(&client.get("/nowhere").await.refused(404, "not_found")), given);
        assert_eq!(id(&client.get("/livez").await), given);
    }
}

#[tokio::test]
async fn without_a_usable_id_each_answer_has_a_new_one() {
    let rig = Rig::start(&[]);
    let (first, second) = (rig.client.get("/livez").await, rig.client.get("/livez").await);
    assert_ne!(id(&first), id(&second));
    let long = "a".repeat(65);
    for given in ["", "two words", &long] {
        let answer = rig.client.clone().with_header("x-request-id", given).get("/livez").await;
        let new = id(&answer);
        assert!(new != given && (1..=64).contains(&new.len()) && new.bytes().all(|c| c.is_ascii_graphic()), "{new}");
    }
}

#[tokio::test]
async fn bytes_beyond_ascii_are_not_repeated() {
    let rig = Rig::start(&[]);
    let request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: \xc3\xa4\xff\r\nConnection: close\r\n\r\n";
    let answer = rig.client.raw(request).await;
    assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
    assert!(answer.is_ascii(), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_trace_parent_is_no_hindrance() {
    let rig = Rig::start(&[]);
    for parent in ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "nonsense", ""] {
        rig.client.clone().with_header("traceparent", parent).get("/livez").await.is(200);
    }
}
