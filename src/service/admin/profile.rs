//! What is held of a user's sign-ins, in words.

use serde_json::{Value, json};

use super::{Service, ServiceError};
use crate::{
    risk::{Signals, families, level::Level, model::evidence, profile::Profile, signals::letters},
    secret::Reference,
    service::time::rfc3339,
};

const DAY_MS: f64 = 86_400_000.0;

impl Service {
    /// What is held, though nothing be learned any more; `None` where nothing is.
    pub(super) async fn held_risk(
        &self,
        reference: &Reference,
        tenant: &str,
        now: u64,
    ) -> Result<Option<Value>, ServiceError> {
        let held = self.store.held_risk(reference, now).await?;
        let profile = held.profile.as_deref().and_then(Profile::read);
        if profile.is_none() && held.failing_networks == 0 && !held.is_flagged {
            return Ok(None);
        }
        let profile = profile.unwrap_or_default();
        let last = |level| profile.values(level).last().unwrap_or_default();
        let signals = Signals {
            country: last(Level::Country) as u16,
            operator: last(Level::Operator),
            network: last(Level::Network),
            device: last(Level::Device),
            system: last(Level::System) as u8,
            browser: last(Level::Browser) as u8,
            ..Signals::default()
        };
        let table = self.risk.as_ref().filter(|risk| risk.is_on()).and_then(|risk| risk.table(tenant));
        let said = evidence(&profile, &signals, table.as_deref(), now as f64 / DAY_MS);
        let odds = said.iter().map(|one| {
            let [new, _] = one.level.traits().codes;
            let what = new.replace('_', " ");
            format!("1 of {:.0} sign-ins of users with such a history comes from a {what}", 1.0 / one.p)
        });
        let odds: Vec<String> = odds.collect();
        let all = |level| profile.values(level);
        Ok(Some(json!({
            "sign_ins": profile.sign_ins,
            "countries": all(Level::Country).filter_map(|country| letters(country as u16)).collect::<Vec<_>>(),
            "operators": all(Level::Operator).collect::<Vec<_>>(),
            "systems": all(Level::System).map(families::system).collect::<Vec<_>>(),
            "networks": all(Level::Network).count(),
            "devices": all(Level::Device).count(),
            "last_at": profile.last.map(|last| rfc3339(last.when)),
            "last_country": profile.last.and_then(|last| letters(last.country)),
            "waiting_since": profile.pending.map(|pending| rfc3339(pending.when)),
            "disowned": profile.pending.is_some_and(|pending| pending.disowned),
            "failing_networks": held.failing_networks,
            "under_guessing": held.is_flagged,
            "odds": odds,
        })))
    }
}
