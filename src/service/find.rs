//! Finding: a verification by whom it is for, or by a short name, where a caller has no id ([`crate::secret::sid`]).

use super::{Caller, Service, ServiceError};
use crate::{
    event::Bucket,
    policy::{Outcome, Subject},
    secret::{Id, sid},
    store::target::Target,
};

/// The latest time that the store can be told, ms since 1970.
const NEVER: u64 = (1 << 48) - 1;

/// What a caller has of a verification.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// Whom it is for.
    Subject(&'a str),
    /// Its short name.
    Name(&'a [u8; 16]),
}

/// A verification that was found.
#[derive(Debug)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its short name.
    pub name: [u8; 16],
    /// Whom it is for.
    pub subject: String,
    /// Which way its code goes or went, where we deliver it.
    pub channel: Option<String>,
    /// How it stands.
    pub state: Outcome,
    /// When it was issued, by Redis's clock, ms since 1970.
    pub issued_at: u64,
}

impl Service {
    /// Finds the last verification for `purpose`, or the one of a short name.
    ///
    /// # Errors
    /// [`ServiceError::UnknownVerification`] too where its code was replaced; [`ServiceError`].
    pub async fn find(&self, caller: Caller<'_>, purpose: &str, by: By<'_>) -> Result<Known, ServiceError> {
        const UNKNOWN: ServiceError = ServiceError::UnknownVerification;
        let (text, issue) = match by {
            By::Subject(text) => (text.to_owned(), None),
            By::Name(name) => {
                let (bucket, generation) = sid::open(&self.index, caller.tenant, name).ok_or(UNKNOWN)?;
                let bucket = Bucket::of_number(bucket).ok_or(UNKNOWN)?;
                let held = self.store.message(bucket, &generation).await?.ok_or(UNKNOWN)?;
                let about = self.about(&generation, &held.about).ok_or(UNKNOWN)?;
                let ours = about.tenant == caller.tenant && about.purpose == purpose;
                let way = about.ways.into_iter().next().filter(|_| ours).ok_or(UNKNOWN)?;
                (way.to, Some((generation, NEVER)))
            }
        };
        let subject = Subject::new(&text).map_err(|_| UNKNOWN)?;
        let (reference, spelling) =
            (self.index.subject(caller.tenant, &subject), self.index.spelling(caller.tenant, &subject));
        let target = Target { subject: reference, purpose, tag: self.index.purpose(purpose), spelling, issue };
        let seen = self.store.get(&target).await?;
        let found = seen.found.ok_or(UNKNOWN)?;
        let id = Id {
            reference,
            spelling,
            purpose: purpose.to_owned(),
            length: found.length,
            generation: found.generation,
            epoch: found.epoch,
            expires: found.expires,
            lifetime: found.lifetime,
            alphabet: found.alphabet,
            subject: self.named(&subject),
        };
        Ok(Known {
            name: sid::name(&self.index, caller.tenant, Bucket::of(&reference).number(), &id.generation),
            id: self.ids.seal(caller.tenant, &id).ok_or(ServiceError::Internal)?,
            subject: subject.spelling().to_owned(),
            channel: seen.message.map(|held| held.channel),
            state: seen.state,
            issued_at: id.issued_at(),
        })
    }

    /// The short name of a verification that was just issued, and when that was, ms since 1970.
    ///
    /// # Errors
    /// [`ServiceError::UnknownVerification`] for an id that is not ours.
    pub fn short_name(&self, caller: Caller<'_>, id: &str) -> Result<([u8; 16], u64), ServiceError> {
        let id = self.verification(caller, id)?;
        let bucket = Bucket::of(&id.reference).number();
        Ok((sid::name(&self.index, caller.tenant, bucket, &id.generation), id.issued_at()))
    }
}
