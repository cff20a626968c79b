//! Sends of a code whose digest takes time: reserved, hashed, and stored (`lua/send.lua`).

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{About, Answer, CallKeys, Decision as _},
    functions,
    network::{Charge, RemoteIpState},
    send::{Candidate, Sent},
};

/// A send that was decided and waits for its digest.
#[derive(Debug)]
pub struct Reservation {
    /// Names the send.
    operation: [u8; 8],
    /// The client's network.
    network: RemoteIpState,
}

impl Store {
    /// Decides and spends a send whose digest is yet to be computed.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was issued, though the limits may be spent.
    pub async fn reserve(
        self: &Arc<Self>,
        candidate: &Candidate<'_>,
        keys: &CallKeys,
        context: &[u8],
    ) -> Result<(Answer<Sent>, Reservation), StoreError> {
        let operation: [u8; 8] = rand::random();
        let about = About { keys: *keys, ..About::new(&candidate.subject, candidate.purpose, context) };
        let args: [&[u8]; 3] = [&candidate.generation.0, keys.body(), &operation];
        let (answer, network) = self.decided(&functions::RESERVE, &about, Charge::Send, &args).await?;
        Ok((answer, Reservation { operation, network }))
    }

    /// Stores the digest of a send that was reserved.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was issued that anyone could check.
    pub async fn store(
        &self,
        candidate: &Candidate<'_>,
        digest: &[u8],
        reservation: &Reservation,
        keys: &CallKeys,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Sent, StoreError> {
        let about = About::new(&candidate.subject, candidate.purpose, context).with(keys, &reservation.network);
        let (packed, answer) = (candidate.packed(digest), keys.body_and_name());
        let args: [&[u8]; 5] = [&packed, &answer, sealed, &reservation.operation, candidate.message];
        Sent::read(self.about(&functions::STORE, &about, &args).await?.packed()?)
    }
}
