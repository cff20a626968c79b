//! Finding: a verification by whom it is for, or by a short name, where a caller has no id ([`crate::secret::sid`]).

use super::{Caller, Service, ServiceError};
use crate::{
    event::Bucket,
    policy::{Outcome, Subject},
    secret::{MessageAbout, sid},
    store::target::Target,
};

/// The latest time that the store can be told, ms since 1970.
const NEVER: u64 = (1 << 48) - 1;

/// A verification, as far as it is known.
#[derive(Debug)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub state: Outcome,
    /// Its short name, where it can be found by that: where we deliver its code, and still know where to.
    pub sid: Option<String>,
    /// Whom it is for.
    pub subject: String,
    /// Which way its code goes or went, where we deliver it.
    pub channel: Option<String>,
    /// When it was issued, by Redis's clock, ms since 1970.
    pub issued_at: Option<u64>,
}

impl Service {
    /// Finds the verification of a short name, or the last one for a subject and `purpose`.
    ///
    /// # Errors
    /// [`ServiceError::UnknownVerification`] too where its code was replaced; [`ServiceError`].
    pub async fn find(&self, caller: Caller<'_>, purpose: &str, of: &str) -> Result<Known, ServiceError> {
        const UNKNOWN: ServiceError = ServiceError::UnknownVerification;
        let (subject, issue) = match sid::open(&self.index, caller.tenant, of) {
            None => (Subject::new(of).ok(), None),
            Some((reference, generation)) => {
                let held = self.store.message(Bucket::of(&reference), &generation).await?.ok_or(UNKNOWN)?;
                let about = self.outbox.as_ref().and_then(|outbox| outbox.open_about(&generation, &held.about));
                let about = about.filter(|about| about.tenant == caller.tenant && about.purpose == purpose);
                (about.and_then(|about| self.addressee(&about)), Some((generation, NEVER)))
            }
        };
        let subject = subject.ok_or(UNKNOWN)?;
        let spelt = self.spelt(caller, &subject);
        let seen = self.store.get(&Target { issue, ..self.target_of(&spelt, purpose) }).await?;
        let id = self.id(&spelt, purpose.to_owned(), &seen.found.ok_or(UNKNOWN)?, Some(&subject));
        let about = seen.message.as_ref().and_then(|held| self.about(&spelt.subject, &id.generation, &held.about));
        let is_told = about.is_some_and(|about| self.addressee(&about).is_some());
        let id = self.ids.seal(caller.tenant, &id).ok_or(ServiceError::Internal)?;
        let known = self.describe(caller, &id, seen.state)?;
        let (subject, channel) = (subject.spelling().to_owned(), seen.message.map(|held| held.channel));
        Ok(Known { sid: known.sid.filter(|_| is_told), subject, channel, ..known })
    }

    /// Tells of a verification in this state what its id tells.
    ///
    /// # Errors
    /// [`ServiceError::UnknownVerification`] for an id that is not ours.
    pub fn describe(&self, caller: Caller<'_>, id: &str, state: Outcome) -> Result<Known, ServiceError> {
        let opened = self.verification(caller, id)?;
        let sid = sid::name(&self.index, caller.tenant, Bucket::of(&opened.reference).number(), &opened.generation);
        let (id, issued_at) = (id.to_owned(), Some(opened.issued_at()));
        Ok(Known { id, state, sid: Some(sid), subject: opened.subject, channel: None, issued_at })
    }

    /// Whom a message was for: by name, else by where it went, where that is the subject itself.
    fn addressee(&self, about: &MessageAbout) -> Option<Subject> {
        let named = [Some(&about.subject), about.ways.first().map(|way| &way.to)].into_iter().flatten();
        let mut subjects = named.filter_map(|text| Subject::new(text).ok());
        subjects.find(|subject| about.is_of(&self.index.subject(&about.tenant, subject)))
    }
}
