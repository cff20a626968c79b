//! Reads that many ask for at once: the store is asked once, and all who ask soon after are told the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Answers that are kept, each to another question: beyond these the store is asked each time.
const KEPT: usize = 32;

type Place<T> = Arc<tokio::sync::Mutex<Option<(Instant, Arc<T>)>>>;

/// Shares the answers to questions `K`.
#[derive(Debug)]
pub(super) struct Shared<K, T> {
    fresh_for: Duration,
    kept: Mutex<BTreeMap<K, Place<T>>>,
}

impl<K: Ord, T> Shared<K, T> {
    /// Nothing is read yet; what is will be told for `fresh_for`.
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, kept: Mutex::default() }
    }

    /// Answers what was read for the same question a moment ago; else reads it, once for all who wait for it.
    ///
    /// # Errors
    /// Those of `read`, which are told to nobody else.
    pub(super) async fn get<E>(&self, question: K, read: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let Some(place) = self.place(question) else { return read.await.map(Arc::new) };
        let mut place = place.lock().await;
        if let Some((_, known)) = place.as_ref().filter(|(began, _)| began.elapsed() < self.fresh_for) {
            return Ok(Arc::clone(known));
        }
        let began = Instant::now();
        let known = Arc::new(read.await?);
        *place = Some((began, Arc::clone(&known)));
        Ok(known)
    }

    /// Forgets what was read: what was told is not true any more.
    pub(super) fn forget(&self) {
        self.kept().clear();
    }

    fn place(&self, question: K) -> Option<Place<T>> {
        let mut kept = self.kept();
        // One that somebody reads right now is locked, and stays.
        let is_fresh = |place: &Place<T>| {
            let known = place.try_lock().map(|known| known.as_ref().map(|(began, _)| *began));
            known.map_or(true, |began| began.is_some_and(|began| began.elapsed() < self.fresh_for))
        };
        kept.retain(|_, place| is_fresh(place));
        (kept.len() < KEPT || kept.contains_key(&question)).then(|| Arc::clone(kept.entry(question).or_default()))
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<K, Place<T>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_read_and_an_act_is_seen_at_once() {
        let (shared, reads) = (Shared::new(Duration::from_secs(60)), AtomicUsize::new(0));
        let ask = |question: usize| {
            shared.get(question, async {
                tokio::task::yield_now().await;
                Ok::<_, ()>(reads.fetch_add(1, Ordering::SeqCst))
            })
        };
        let both = tokio::join!(ask(1), ask(1));
        assert_eq!((*both.0.unwrap(), *both.1.unwrap(), *ask(2).await.unwrap()), (0, 0, 1));
        shared.forget();
        assert_eq!(*ask(1).await.unwrap(), 2);
        // No more than so many are kept, and whoever asks for one more is answered all the same.
        for question in 0..2 * KEPT {
            ask(question).await.unwrap();
        }
        assert_eq!(shared.kept().len(), KEPT);
    }

    #[tokio::test]
    async fn what_failed_or_is_old_is_read_again() {
        let failing = Shared::new(Duration::from_secs(60));
        assert_eq!(failing.get(1, async { Err::<u8, _>("down") }).await, Err("down"));
        assert_eq!(failing.get(1, async { Ok::<_, &str>(7) }).await, Ok(Arc::new(7)));
        let old = Shared::new(Duration::ZERO);
        for n in 1..3 {
            assert_eq!(old.get(1, async { Ok::<_, ()>(n) }).await, Ok(Arc::new(n)));
        }
    }
}
