//! Sends of a code whose digest takes time: reserved, hashed, and stored (`lua/reserve.lua`).

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{About, Answer, CallKeys},
    functions,
    network::{Charge, RemoteIpState},
    send::{Candidate, Sent},
};
use crate::policy::Outcome;

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
        let (reply, network) = self.about_charged(&functions::RESERVE, &about, Charge::Send, &args).await?;
        let answer = Answer::read(reply, Sent::read)?;
        self.give_back(&network, answer.new_one().is_some_and(|sent| sent.outcome == Outcome::Reserved));
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
        let about = About { keys: *keys, ..About::new(&candidate.subject, candidate.purpose, context) };
        let (packed, answer) = (candidate.packed(digest), keys.body_and_name());
        let args: [&[u8]; 5] = [&packed, &answer, sealed, &reservation.operation, candidate.message];
        Sent::read(self.about(&functions::STORE, &about, &reservation.network, &args).await?.packed()?)
    }
}
