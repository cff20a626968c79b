//! [`Renewable`]: a value that many read and that is now and then replaced as a whole.

use std::sync::{Arc, PoisonError, RwLock};

/// A renewable value: whoever has taken it keeps what they took, whoever comes later gets the new one.
#[derive(Debug, Default)]
pub struct Renewable<T>(RwLock<Arc<T>>);

impl<T> From<Arc<T>> for Renewable<T> {
    fn from(value: Arc<T>) -> Self {
        Self(RwLock::new(value))
    }
}

impl<T> Renewable<T> {
    /// Begins with `value`.
    pub fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// Takes the value as it is now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the value.
    pub fn set(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}
