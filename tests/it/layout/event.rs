//! An event, its time and its bucket.

use otp_sidecar::{
    event::{
        Bucket, Event, EventContext,
        time::{rfc3339, rfc3339_or_never},
    },
    secret::Reference,
};
use serde_json::Value;

#[test]
fn an_event_reads_back_and_unknown_tags_are_skipped() {
    let mut value = vec![1, 2, 12, 0, 0, 0, 0, 1, 0, 0, 3, 1, 0, 0, 0, 0, 2, 0];
    let context = EventContext {
        subject: Reference([7; 16]),
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
        verification: &[],
    };
    value.extend(context.packed());
    value.extend([99, 0, 2, 1, 1, 12, 0, 1, 3, 13, 0, 1, 2]);
    value.extend([9, 0, 12, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9]);
    let event = Event::unpack(Bucket::all().nth(7).unwrap(), "1-42", &value).unwrap();
    let json: Value = serde_json::from_slice(&event.json()).unwrap();
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

/// CRC-16/XMODEM, as the Redis Cluster specification defines a key's slot.
fn slot(tag: &str) -> u16 {
    tag.bytes().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |c, _| if c & 0x8000 == 0 { c << 1 } else { c << 1 ^ 0x1021 })
    }) % 16384
}

#[test]
fn the_buckets_slots_lie_256_apart() {
    for bucket in Bucket::all() {
        assert_eq!(slot(bucket.tag()), bucket.slot(), "{}", bucket.tag());
    }
}

#[test]
fn milliseconds_are_kept() {
    assert_eq!(rfc3339(1_767_261_900_123), "2026-01-01T10:05:00.123Z");
    assert_eq!(rfc3339_or_never(0), None);
}

#[test]
fn no_time_is_too_late_to_be_written() {
    for late in [253_402_300_799_999, (1 << 48) - 1, u64::MAX] {
        assert_eq!(rfc3339(late), "9999-12-31T23:59:59.999Z");
    }
}
