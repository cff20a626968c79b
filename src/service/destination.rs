//! Where a code goes, and whether it may: what is charged for it before its send is decided, and given back when it was not issued or was proven.

use std::{collections::BTreeMap, sync::Arc};

use zeroize::Zeroizing;

use super::{Caller, Service, ServiceError};
use crate::{
    delivery::address::AddressKind,
    metrics::Metrics,
    policy::{Outcome, Quota, Subject},
    secret::{Generation, MessageAbout, Reference, Way},
    store::{Barred, Store},
};

/// Where a code goes that the caller does not deliver.
#[derive(Clone)]
pub struct Destination {
    /// Which way, and which other ways where that fails; at least one.
    pub ways: Vec<Way>,
    /// The words' language, if the caller named one.
    pub locale: Option<String>,
    /// What an app on the phone knows its message by.
    pub app_hash: Option<String>,
    /// What the app calls itself in this message, where that is not as everywhere.
    pub app: Option<String>,
    /// The caller's own code.
    pub code: Option<Zeroizing<String>>,
    /// Whether it is a test recipient's, to whom nothing is sent.
    pub test: bool,
}

impl Destination {
    pub(super) fn first(&self) -> Option<&Way> {
        self.ways.first()
    }

    /// What a message there is about, as it is sealed.
    pub(super) fn about(
        &self,
        subject: &Reference,
        tenant: &str,
        name: String,
        purpose: &str,
        known: bool,
    ) -> MessageAbout {
        MessageAbout {
            subject_ref: subject.hex(),
            tenant: tenant.to_owned(),
            subject: name,
            purpose: purpose.to_owned(),
            ways: self.ways.clone(),
            locale: self.locale.clone(),
            app_hash: self.app_hash.clone(),
            app: self.app.clone(),
            decoy: (!known).into(),
        }
    }
}

/// The telephone numbers among these; a mail address may begin like one.
pub(super) fn numbers(ways: &[Way]) -> impl Iterator<Item = &str> {
    ways.iter().map(|way| &*way.to).filter(|to| AddressKind::Phone.takes(to))
}

/// What an issue was charged.
pub(super) struct Charges {
    store: Arc<Store>,
    budgets: Vec<Reference>,
    generation: Generation,
}

impl Charges {
    /// Gives all of it back. Nobody waits for it, and what is not given back ends with its window.
    pub(super) fn give_back(self) {
        if self.budgets.is_empty() {
            return;
        }
        tokio::spawn(async move {
            for budget in &self.budgets {
                if let Err(error) = self.store.give_back_budget(budget, &self.generation).await {
                    tracing::debug!(%error, "what a destination was charged stays");
                }
            }
        });
    }
}

impl Service {
    /// Whether one of its numbers may never be called.
    pub(super) fn is_denied(&self, to: &Destination) -> bool {
        numbers(&to.ways).any(|number| !self.policy.destinations.prefixes.of(number).1)
    }

    /// Charges a code that is to go there, whoever it is for; answers why it must not.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing is issued; what was charged ends with its window.
    pub(super) async fn charge(
        &self,
        caller: Caller<'_>,
        subject: &Reference,
        to: &Destination,
        generation: Generation,
    ) -> Result<(Charges, Option<Barred>), ServiceError> {
        let mut charges = Charges { store: Arc::clone(&self.store), budgets: Vec::new(), generation };
        let destinations = &self.policy.destinations;
        let mut wanted: BTreeMap<Reference, (Quota, Outcome, &str)> = BTreeMap::new();
        for number in numbers(&to.ways) {
            let (prefix, allowed) = destinations.prefixes.of(number);
            if !allowed {
                count(&self.metrics, prefix, "denied");
                return Ok((charges, Some(Barred { why: Outcome::DestinationNotAllowed, wait_ms: 0 })));
            }
            let budget = self.prefix_budget(caller.tenant, prefix);
            wanted.extend(destinations.unproven.map(|quota| (budget, (quota, Outcome::QuotaDestination, prefix))));
        }
        for way in &to.ways {
            let Ok(recipient) = Subject::new(&way.to) else { continue };
            // The subject's own limits count those to itself.
            let is_own = self.index.subject(caller.tenant, &recipient) == *subject;
            if let Some(quota) = destinations.recipient.filter(|_| !is_own) {
                let budget = self.index.destination(caller.tenant, recipient.normal());
                wanted.insert(budget, (quota, Outcome::QuotaRecipient, ""));
            }
        }
        for (budget, (quota, why, prefix)) in wanted {
            let full = self.store.charge_budget(&budget, &charges.generation, quota).await?;
            if let Some(wait_ms) = full {
                if why == Outcome::QuotaDestination {
                    count(&self.metrics, prefix, "budget");
                }
                return Ok((charges, Some(Barred { why, wait_ms })));
            }
            charges.budgets.push(budget);
        }
        Ok((charges, None))
    }

    /// A code to a number was proven: its budget is there for others.
    pub(super) fn proven_at(&self, about: &MessageAbout, step: u8, generation: Generation) {
        let prefixes = &self.policy.destinations.prefixes;
        for number in about.ways.get(usize::from(step)).into_iter().flat_map(|way| numbers(std::slice::from_ref(way))) {
            self.metrics.phone_codes.with_label_values(&[prefixes.of(number).0, "proven"]).inc();
        }
        let budgets = numbers(&about.ways).map(|number| self.prefix_budget(&about.tenant, prefixes.of(number).0));
        let budgets = budgets.filter(|_| self.policy.destinations.unproven.is_some()).collect();
        Charges { store: Arc::clone(&self.store), budgets, generation }.give_back();
    }

    /// Counts a code that goes to a number.
    pub(super) fn count_sent_to(&self, to: &Destination) {
        if let Some(number) = numbers(&to.ways).next() {
            self.metrics.phone_codes.with_label_values(&[self.policy.destinations.prefixes.of(number).0, "sent"]).inc();
        }
    }

    fn prefix_budget(&self, tenant: &str, prefix: &str) -> Reference {
        self.index.destination(tenant, &format!("prefix {prefix}"))
    }
}

fn count(metrics: &Metrics, prefix: &str, action: &'static str) {
    metrics.destination_refusals.with_label_values(&[prefix, action]).inc();
}

// Nobody's address gets into a log by accident.
crate::policy::opaque!(Destination);
