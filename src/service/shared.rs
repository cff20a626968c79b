//! Reads that many ask for at once: the store is asked once, and all who ask soon after are told the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;

/// Answers that are kept, each to another question: beyond these the store is asked each time.
pub const KEPT: usize = 32;

/// Shares the answers to questions `K`, each for so many seconds from when it was first asked.
#[derive(Debug)]
pub struct Shared<K, T, const SECONDS: u64>(Mutex<BTreeMap<K, Kept<T>>>);

type Kept<T> = (Instant, Arc<OnceCell<Arc<T>>>);

impl<K, T, const SECONDS: u64> Default for Shared<K, T, SECONDS> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, T, const SECONDS: u64> Shared<K, T, SECONDS> {
    /// Answers what was read for the same question a moment ago; else reads it, once for all who wait for it.
    ///
    /// # Errors
    /// Those of `read`, which are told to nobody else.
    pub async fn get<E>(&self, question: K, read: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let answer = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|_, (began, _)| began.elapsed() < Duration::from_secs(SECONDS));
            let begin = || (Instant::now(), Arc::default());
            let has_room = kept.len() < KEPT || kept.contains_key(&question);
            if has_room { Arc::clone(&kept.entry(question).or_insert_with(begin).1) } else { Arc::default() }
        };
        answer.get_or_try_init(async || read.await.map(Arc::new)).await.cloned()
    }

    /// Forgets what was read: what was told is not true any more.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
