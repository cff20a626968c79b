//! Looks of operators: which are events.

use std::time::{Duration, Instant};

use otp_sidecar::{event::Kind, service::looks::Looks};

#[test]
fn the_first_is_written_and_the_rest_of_ten_minutes_are_one() {
    let (looks, start) = (Looks::default(), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    let over =
        |seconds| -> Vec<_> { looks.over(at(seconds)).into_iter().map(|note| (note.context, note.count)).collect() };
    assert!(!looks.count("ops", Kind::AdminEvents));
    looks.begin("ops", Kind::AdminEvents, vec![1], start);
    assert!((1..600).all(|_| looks.count("ops", Kind::AdminEvents)));
    assert!(!looks.count("ops", Kind::AdminLocks) && !looks.count("eve", Kind::AdminEvents));
    // Whoever begins at the same moment takes nothing from what was counted.
    looks.begin("ops", Kind::AdminEvents, vec![9], at(9));
    assert_eq!((over(599), over(600)), (vec![], vec![(vec![1], 599)]));
    // Whoever looks on after that is written again.
    assert!(!looks.count("ops", Kind::AdminEvents));
    looks.begin("ops", Kind::AdminEvents, vec![2], at(600));
    assert!(over(1200).is_empty(), "one look is one event");
}
