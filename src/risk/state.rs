//! What a sidecar holds of risk in memory: the settings, the locations, and copies of what users share and of what is flagged,
//! which somebody else reads from the store every few seconds.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Judged, Score, families,
    geo::Locations,
    profile::Profile,
    score,
    settings::{Mode, Settings},
    signals::{Signals, short},
    table::{Learned, Table},
};
use crate::{
    renewable::Renewable,
    secret::{Reference, TenantNames},
};

/// A table that was not read for so long tells nothing any more.
const STALE: Duration = Duration::from_secs(3600);

/// What tenants' users share, as it was read; `None` = it was not yet.
type Tables = HashMap<String, Option<(Arc<Table>, Instant)>>;

/// A network or a subject that a pattern was found of, as its flag is named.
pub type Flag = [u8; 17];

/// The flag of a network from which strangers fail.
pub fn network_flag(network: &Reference) -> Flag {
    flag(b'n', network)
}

/// The flag of a subject at whom many networks fail.
pub fn subject_flag(subject: &Reference) -> Flag {
    flag(b's', subject)
}

fn flag(kind: u8, reference: &Reference) -> Flag {
    let mut flag = [kind; 17];
    flag.iter_mut().skip(1).zip(reference.0).for_each(|(to, from)| *to = from);
    flag
}

/// What a sidecar holds.
#[derive(Debug)]
pub struct Risk {
    /// What operators set.
    pub settings: Settings,
    /// The location files, where there are any.
    pub locations: Option<Arc<Locations>>,
    /// Names tenants in the store.
    pub tenants: TenantNames,
    tables: Mutex<Tables>,
    flagged: Renewable<HashSet<Flag>>,
}

/// A sign-in or a send that is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Whose user.
    pub tenant: &'a str,
    /// Who.
    pub subject: &'a Reference,
    /// From where.
    pub network: Option<&'a Reference>,
    /// What it shows.
    pub signals: &'a Signals,
    /// When, ms since 1970.
    pub at_ms: u64,
    /// Whether it was a right code.
    pub approved: bool,
}

impl Risk {
    /// Holds nothing yet.
    pub fn new(settings: Settings, locations: Option<Arc<Locations>>, tenants: TenantNames) -> Self {
        Self { settings, locations, tenants, tables: Mutex::default(), flagged: Renewable::new(HashSet::new()) }
    }

    /// Whether anything is learned.
    pub fn is_on(&self) -> bool {
        self.settings.mode != Mode::Off
    }

    /// Whether answers tell it.
    pub fn answers(&self) -> bool {
        self.settings.mode >= Mode::Report
    }

    /// What is known of a client, and whether the location files knew its address; `None` = they were not asked.
    pub fn signals(&self, ip: Option<IpAddr>, user_agent: Option<&str>) -> (Signals, Option<bool>) {
        let mut signals = Signals::default();
        let found = self.locations.as_ref().zip(ip).map(|(locations, ip)| locations.locate(ip, &mut signals));
        if self.is_on() {
            (signals.system, signals.browser) = user_agent.map_or((0, 0), families::of);
            self.settings.allow.mark(ip, &mut signals);
        }
        (signals, found)
    }

    /// Scores a case.
    pub fn judge(&self, profile: Option<&Profile>, case: &Case<'_>) -> Score {
        let table = self.table(case.tenant);
        let flagged = self.flagged.get();
        let judged = Judged {
            signals: case.signals,
            at_ms: case.at_ms,
            approved: case.approved,
            table: table.as_deref(),
            spraying: case.network.is_some_and(|network| flagged.contains(&network_flag(network))),
            guessing: flagged.contains(&subject_flag(case.subject)),
        };
        score(profile, &judged, self.settings.limits)
    }

    /// What a tenant's users share, if it was read within the hour. One that is asked for is read from then on.
    pub fn table(&self, tenant: &str) -> Option<Arc<Table>> {
        let mut tables = self.tables();
        match tables.get(tenant) {
            Some(held) => held.as_ref().filter(|(_, read)| read.elapsed() < STALE).map(|(table, _)| Arc::clone(table)),
            None => {
                tables.insert(tenant.to_owned(), None);
                None
            }
        }
    }

    /// Tenants whose tables are wanted.
    pub fn wanted(&self) -> Vec<String> {
        self.tables().keys().cloned().collect()
    }

    /// Those of them that were never read.
    pub fn unread(&self) -> Vec<String> {
        self.tables().iter().filter(|(_, held)| held.is_none()).map(|(tenant, _)| tenant.clone()).collect()
    }

    /// Takes what was read.
    pub fn renew_table(&self, tenant: String, table: Table) {
        self.tables().insert(tenant, Some((Arc::new(table), Instant::now())));
    }

    /// Adds what was just written to the store, which is read only every few seconds.
    pub fn add(&self, tenant: &str, learned: &Learned) {
        if let Some(Some((table, _))) = self.tables().get_mut(tenant) {
            Arc::make_mut(table).add(learned);
        }
    }

    /// Takes what is flagged.
    pub fn renew_flagged(&self, flagged: HashSet<Flag>) {
        self.flagged.set(Arc::new(flagged));
    }

    /// The age of the table that was not read for longest.
    pub fn oldest_table(&self) -> Duration {
        let tables = self.tables();
        tables.values().flatten().map(|(_, read)| read.elapsed()).max().unwrap_or_default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signals {
    /// The same with the network and device that an event names.
    #[must_use]
    pub fn with(self, network: Option<&Reference>, device: Option<&Reference>) -> Self {
        let value = |reference: Option<&Reference>| reference.map_or(0, |reference| short(&reference.0));
        Self { network: value(network), device: value(device), ..self }
    }
}
