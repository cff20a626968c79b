use super::*;
use crate::secret::Reference;

#[test]
fn an_event_reads_back_and_unknown_tags_are_skipped() {
    let mut value = vec![1, 2, 12, 0, 0, 0, 0, 1, 0, 0, 3, 1, 0, 0, 0, 0, 2, 0];
    let context = EventContext {
        subject: &Reference([7; 16]),
        request_id: "r-1",
        tenant: "shop",
        purpose: "login",
        network: Some(&Reference([8; 16])),
        device: None,
        who: &[5, 6],
        actor: "",
        channel: "email",
        test: false,
        signals: &[],
    };
    value.extend(context.packed());
    value.extend([99, 0, 2, 1, 1, 12, 0, 1, 3, 13, 0, 1, 2]);
    value.extend([9, 0, 12, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9]);
    let event = Event::unpack(Bucket::all().nth(7).unwrap(), "1-42", &value).unwrap();
    let json = serde_json::to_value(&event).unwrap();
    assert_eq!(json["type"], "check");
    assert_eq!(json["outcome"], "wrong_code");
    assert_eq!((json["bucket"].as_u64(), json["epoch"].as_u64(), json["seq"].as_u64()), (Some(7), Some(1), Some(42)));
    assert_eq!(
        (json["time_ms"].as_u64(), json["failures"].as_u64(), json["until_ms"].as_u64()),
        (Some(256), Some(3), Some(512))
    );
    assert_eq!((json["tenant"].as_str(), json["request_id"].as_str()), (Some("shop"), Some("r-1")));
    assert_eq!(
        (&json["channel"], &json["tries"], &json["reason"]),
        (&"email".into(), &3.into(), &"unreachable".into())
    );
    assert_eq!(json["ip_ref"], "08".repeat(16));
    assert_eq!(event.ended, [256, 9]);
    assert_eq!((event.who, json.get("who"), json.get("actor")), (vec![5, 6], None, None));
    for cut in 0..value.len() {
        let _ = Event::unpack(Bucket::all().next().unwrap(), "1-42", &value[..cut]);
    }
}
