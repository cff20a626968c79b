//! What calls share between the callers and the store, piece by piece, without a sidecar.

mod denial_cache;
mod hashing;
mod loopback;
