//! Finding: a verification by whom it is for, or by a short name, where a caller has no id ([`crate::secret::sid`]).

use super::{Caller, Service, ServiceError};
use crate::{
    event::Bucket,
    policy::{Outcome, Subject},
    secret::{Id, MessageAbout, sid},
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

/// What is told of a verification, as far as it is known.
#[derive(Debug, Default)]
pub struct Described {
    /// Its short name, where it can be found by that: where we deliver its code, and still know where to.
    pub name: Option<[u8; 16]>,
    /// Whom it is for.
    pub subject: String,
    /// Which way its code goes or went, where we deliver it.
    pub channel: Option<String>,
    /// When it was issued, by Redis's clock, ms since 1970.
    pub issued_at: Option<u64>,
}

/// A verification that was found.
#[derive(Debug)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub state: Outcome,
    /// What is told of it.
    pub described: Described,
}

impl Service {
    /// Finds the last verification for `purpose`, or the one of a short name.
    ///
    /// # Errors
    /// [`ServiceError::UnknownVerification`] too where its code was replaced; [`ServiceError`].
    pub async fn find(&self, caller: Caller<'_>, purpose: &str, by: By<'_>) -> Result<Known, ServiceError> {
        const UNKNOWN: ServiceError = ServiceError::UnknownVerification;
        let (subject, issue) = match by {
            By::Subject(text) => (Subject::new(text).ok(), None),
            By::Name(name) => {
                let (bucket, generation) = sid::open(&self.index, caller.tenant, name).ok_or(UNKNOWN)?;
                let bucket = Bucket::of_number(bucket).ok_or(UNKNOWN)?;
                let held = self.store.message(bucket, &generation).await?.ok_or(UNKNOWN)?;
                let about = self.outbox.as_ref().and_then(|outbox| outbox.open_about(&generation, &held.about));
                let about = about.filter(|about| about.tenant == caller.tenant && about.purpose == purpose);
                (about.and_then(|about| self.addressee(&about)), Some((generation, NEVER)))
            }
        };
        let subject = subject.ok_or(UNKNOWN)?;
        let spelt = self.spelt(caller, &subject);
        let target = Target { issue, ..self.target_of(&spelt, purpose) };
        let seen = self.store.get(&target).await?;
        let id = self.id(&spelt, purpose.to_owned(), &seen.found.ok_or(UNKNOWN)?, Some(&subject));
        let about = seen.message.as_ref().and_then(|held| self.about(&spelt.subject, &id.generation, &held.about));
        let is_told = about.is_some_and(|about| self.addressee(&about).is_some());
        let described = self.described(caller, &id);
        let described = Described {
            name: described.name.filter(|_| is_told),
            subject: subject.spelling().to_owned(),
            channel: seen.message.map(|held| held.channel),
            ..described
        };
        let id = self.ids.seal(caller.tenant, &id).ok_or(ServiceError::Internal)?;
        Ok(Known { id, state: seen.state, described })
    }

    /// Tells of a verification that was just issued what its id tells.
    ///
    /// # Errors
    /// [`ServiceError::UnknownVerification`] for an id that is not ours.
    pub fn describe(&self, caller: Caller<'_>, id: &str) -> Result<Described, ServiceError> {
        Ok(self.described(caller, &self.verification(caller, id)?))
    }

    fn described(&self, caller: Caller<'_>, id: &Id) -> Described {
        let name = sid::name(&self.index, caller.tenant, Bucket::of(&id.reference).number(), &id.generation);
        Described { name: Some(name), issued_at: Some(id.issued_at()), ..Described::default() }
    }

    /// Whom a message was for: by name, else by where it went, where that is the subject itself.
    fn addressee(&self, about: &MessageAbout) -> Option<Subject> {
        let named = [Some(&about.subject), about.ways.first().map(|way| &way.to)].into_iter().flatten();
        let mut subjects = named.filter_map(|text| Subject::new(text).ok());
        subjects.find(|subject| about.is_of(&self.index.subject(&about.tenant, subject)))
    }
}
