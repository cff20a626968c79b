//! A panic is a fault of ours: it costs the request that met it, and nothing else.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    pin::pin,
    task::Poll,
};

/// The future panicked.
#[derive(Debug)]
pub(super) struct Panicked;

/// Runs `future`; a panic in it ends it and nothing else. What it shared with others must not be left half-changed by a
/// panic, which holds for what requests share: atomics, and locks that are not held across anything that can panic.
pub(super) async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

/// Makes panics log where they happened and not what they say, which may hold a part of a request. Call once, at start.
pub fn log_panics_without_content() {
    set_hook(Box::new(|panic| {
        let place = panic.location();
        tracing::error!(file = place.map(|l| l.file()), line = place.map(|l| l.line()), "panicked");
    }));
}
