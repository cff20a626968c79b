//! Entries of the outbox: any bytes unpack or do not, and what does is one line of JSON.

use super::{Try, choice::Choice};
use otp_sidecar::event::{Bucket, Event};

pub fn start() -> Try {
    Box::new(|data| {
        let mut choice = Choice(data);
        let bucket = Bucket::all().nth(choice.below(64)).unwrap();
        let id = match choice.below(2) {
            0 => "1-1".to_owned(),
            _ => String::from_utf8_lossy(choice.piece()).into_owned(),
        };
        let Some(event) = Event::unpack(bucket, &id, choice.0) else { return };
        let line = String::from_utf8(event.json()).unwrap();
        assert!(!line.contains('\n'), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["bucket"], bucket.number());
        assert!(read["subject_ref"].as_str().is_none_or(|subject| subject.len() == 32));
    })
}
