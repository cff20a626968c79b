//! What calls share between the callers and the store, piece by piece, without a sidecar.

mod denial_cache;
mod hashing;
mod looks;
mod loopback;
mod shared;
