//! What a sidecar holds of risk in memory: the settings, the locations, and copies of what users share and of what is flagged,
//! which somebody else reads from the store every few seconds.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Context, families,
    geo::Locations,
    level::Level,
    profile::Profile,
    settings::{Mode, Settings},
    signals::{ALLOWED, Signals},
    table::Table,
};
use crate::{
    policy::Outcome,
    renewable::Renewable,
    secret::{Reference, TenantNames},
};

/// A table that was not read for so long tells nothing any more.
const STALE: Duration = Duration::from_secs(3600);
/// An operator that hands out new addresses so often, in quarters, tells nobody's network from a stranger's.
const CHURNS: usize = 2;

/// What tenants' users share, as it was read; `None` = it was not yet.
type Tables = HashMap<String, Option<(Arc<Table>, Instant)>>;

/// A network or a subject that a pattern was found of, as its flag is named.
pub type Flag = [u8; 17];

/// A pattern over several calls that is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// Strangers fail from one network.
    Spraying = b'n' as isize,
    /// Many networks fail at one subject.
    Guessing = b's' as isize,
}

impl Pattern {
    /// What events call it.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Spraying => Outcome::Spraying,
            Self::Guessing => Outcome::Guessing,
        }
    }

    /// The flag of the network or subject that it was found of.
    pub fn flag(self, about: &Reference) -> Flag {
        let mut flag = [self as u8; 17];
        flag.iter_mut().skip(1).zip(about.0).for_each(|(to, from)| *to = from);
        flag
    }
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

    /// What is known of a sign-in beside its user's profile.
    pub fn context(&self, tenant: &str, subject: &Reference, network: Option<&Reference>) -> Context {
        let flagged = self.flagged.get();
        let is = |pattern: Pattern, about| flagged.contains(&pattern.flag(about));
        Context {
            table: self.table(tenant),
            spraying: network.is_some_and(|network| is(Pattern::Spraying, network)),
            guessing: is(Pattern::Guessing, subject),
        }
    }

    /// Whether a user is a stranger where this came from: one without a history, or to whom the network is new and its operator
    /// too, unless that hands out new addresses all the time. In an allowed network nobody is.
    pub fn is_stranger(&self, tenant: &str, signals: &Signals, profile: &Profile) -> bool {
        let is_new = |level| !profile.knows(level, signals);
        let churns = || self.table(tenant).is_some_and(|table| table.churn(signals.operator) >= CHURNS);
        let stranger = profile.sign_ins == 0 || is_new(Level::Network) && (is_new(Level::Operator) || !churns());
        stranger && signals.flags & ALLOWED == 0
    }

    /// What a tenant's users share, if it was read within the hour. One that is asked for is read from then on.
    pub fn table(&self, tenant: &str) -> Option<Arc<Table>> {
        let mut tables = self.tables();
        if let Some(held) = tables.get(tenant) {
            return held.as_ref().filter(|(_, read)| read.elapsed() < STALE).map(|(table, _)| Arc::clone(table));
        }
        tables.insert(tenant.to_owned(), None);
        None
    }

    /// Tenants whose tables are wanted, or those of them that were never read.
    pub fn wanted(&self, unread: bool) -> Vec<String> {
        let tables = self.tables();
        tables.iter().filter(|(_, held)| !unread || held.is_none()).map(|(tenant, _)| tenant.clone()).collect()
    }

    /// Takes what was read.
    pub fn renew_table(&self, tenant: String, table: Table) {
        self.tables().insert(tenant, Some((Arc::new(table), Instant::now())));
    }

    /// Adds what was just written to the store, which is read only every few seconds.
    pub fn add(&self, tenant: &str, learned: &Table) {
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
