//! Reads that are shared: how often the store is asked.

use std::{cell::Cell, sync::Arc};

use otp_sidecar::service::shared::{KEPT, Shared};

#[tokio::test]
async fn many_who_ask_at_once_are_one_read_and_an_act_is_seen_at_once() {
    let (shared, reads) = (Shared::<_, _, 60>::default(), Cell::new(0));
    let ask = |question: usize| {
        shared.get(question, async {
            tokio::task::yield_now().await;
            Ok::<_, ()>(reads.replace(reads.get() + 1))
        })
    };
    let both = tokio::join!(ask(1), ask(1));
    assert_eq!((*both.0.unwrap(), *both.1.unwrap(), *ask(2).await.unwrap()), (0, 0, 1));
    shared.forget();
    assert_eq!(*ask(1).await.unwrap(), 2);
    // No more than so many are kept, and whoever asks for one more is answered all the same.
    for question in 1..=2 * KEPT {
        ask(question).await.unwrap();
    }
    let before = reads.get();
    for question in 1..=2 * KEPT {
        ask(question).await.unwrap();
    }
    assert_eq!(reads.get() - before, KEPT);
}

#[tokio::test]
async fn what_failed_or_is_old_is_read_again() {
    let failing = Shared::<_, _, 60>::default();
    assert_eq!(failing.get(1, async { Err::<u8, _>("down") }).await, Err("down"));
    assert_eq!(failing.get(1, async { Ok::<_, &str>(7) }).await, Ok(Arc::new(7)));
    let old = Shared::<_, _, 0>::default();
    for n in 1..3 {
        assert_eq!(old.get(1, async { Ok::<_, ()>(n) }).await, Ok(Arc::new(n)));
    }
}
