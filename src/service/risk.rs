//! Risk, as answers tell it: what is said of a send or a right code that is not like its user's. It never refuses.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use super::{Caller, Service, ServiceError, client::Client};
use crate::{
    event::{EventContext, Kind},
    policy::Outcome,
    risk::{
        Case, Mode, Risk, Score, Signals,
        profile::Profile,
        score::{Level, Reason},
        state::network_flag,
    },
    secret::{Id, Reference},
    store::note::Note,
};

/// How often flags are read, and every so many times what users share.
pub const EVERY: Duration = Duration::from_secs(2);
const TABLES: u32 = 5;

/// What an answer tells.
#[derive(Debug, Serialize)]
pub struct Told {
    score: u8,
    level: Level,
    action: &'static str,
    sign_ins: u8,
    reasons: Vec<Reason>,
}

/// Whose send or check it is.
pub(super) struct Whose<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) subject: &'a Reference,
    pub(super) network: Option<&'a Reference>,
    pub(super) client: &'a Client,
}

impl Service {
    /// The same with what is learned of sign-ins, and where clients are.
    #[must_use]
    pub fn judging(self, risk: Option<Arc<Risk>>) -> Self {
        Self { risk, ..self }
    }

    /// What is known of a client. What is not to be kept is not looked at.
    pub(super) fn signals(&self, client: &Client) -> Signals {
        let Some(risk) = &self.risk else { return Signals::default() };
        let user_agent = client.user_agent.as_deref().filter(|_| !client.security_only);
        let (signals, found) = risk.signals(client.ip, user_agent);
        if let Some(found) = found {
            self.metrics.geo_lookups.of(if found { "hit" } else { "miss" }).inc();
        }
        signals
    }

    /// Does what a call does, with the user's profile read beside it where answers tell of risk.
    pub(super) async fn beside_profile<T>(
        &self,
        subject: &Reference,
        call: impl Future<Output = T>,
    ) -> (T, Option<Option<Profile>>) {
        if !self.risk.as_ref().is_some_and(|risk| risk.answers()) {
            return (call.await, None);
        }
        // Both are on their way before either is answered.
        let (read, answer) = futures_util::future::join(Box::pin(self.store.profile(subject)), call).await;
        let profile = match read {
            Ok(None) => Some(None),
            Ok(Some(bytes)) => Profile::read(&bytes).map(Some),
            Err(_) => None,
        };
        if profile.is_none() {
            self.metrics.risk_unscored.of("store").inc();
        }
        (answer, profile)
    }

    /// What an answer tells of risk; nothing where the profile could not be read.
    pub(super) fn told(
        &self,
        whose: &Whose<'_>,
        profile: Option<Option<Profile>>,
        now: u64,
        approved: bool,
    ) -> Option<Told> {
        let (risk, profile) = (self.risk.as_ref()?, profile?);
        let Whose { caller, subject, network, client } = *whose;
        let device = client.device_id.as_deref().filter(|device| !device.is_empty() && !client.security_only);
        let device = device.map(|device| self.index.device(caller.tenant, device));
        let signals = &self.signals(client).with(network, device.as_ref());
        let case = Case { tenant: caller.tenant, subject, network, signals, at_ms: now, approved };
        let score = risk.judge(profile.as_ref(), &case);
        Some(Told::of(&score, risk.settings.mode))
    }

    /// Reads what is flagged, and now and then what users share, until aborted.
    pub async fn watch_risk(&self) {
        let Some(risk) = self.risk.as_ref().filter(|risk| risk.is_on()) else { return };
        let mut rounds = 0;
        loop {
            let now = self.store.clock_ms().unwrap_or_default();
            match self.store.flagged(now).await {
                Ok(flagged) => risk.renew_flagged(flagged),
                Err(error) => tracing::debug!(%error, "what is flagged was not read"),
            }
            for tenant in risk.unread().into_iter().chain(if rounds % TABLES == 0 { risk.wanted() } else { Vec::new() })
            {
                match self.store.shared(&risk.tenants.of(&tenant)).await {
                    Ok(table) => risk.renew_table(tenant, table),
                    Err(error) => tracing::debug!(%error, "what users share was not read"),
                }
            }
            self.metrics.risk_table_age.set(risk.oldest_table().as_secs_f64());
            rounds += 1;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Notes that the user of an approved verification was asked for more, and gave it.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was noted is unknown. [`ServiceError::NotApproved`]: nothing was approved by that id.
    pub async fn confirm(&self, caller: Caller<'_>, id: &str) -> Result<(), ServiceError> {
        let verification = self.verification(caller, id)?;
        match self.store.get(&self.target(&verification)).await?.state {
            Outcome::Used => {}
            Outcome::NotFound => return Err(ServiceError::UnknownVerification),
            _ => return Err(ServiceError::NotApproved),
        }
        let Id { reference, generation, .. } = &verification;
        let (first, _) = generation.0.split_at(4);
        let context = EventContext {
            request_id: caller.request_id,
            tenant: caller.tenant,
            purpose: &verification.purpose,
            verification: first,
            ..EventContext::about(reference)
        };
        let note = Note::new(*reference, Kind::Report, Outcome::Confirmed, context.packed());
        // Whoever says it again within a minute says nothing new; later nothing waits any more.
        let mut operation = *b"was_me..........";
        operation.iter_mut().skip(8).zip(generation.0).for_each(|(to, from)| *to = from);
        Ok(self.store.note_event(&note, &operation).await?)
    }

    /// Takes away what is flagged of a network.
    pub(super) async fn unflag(&self, network: &Reference) -> Result<(), ServiceError> {
        match self.risk.as_ref().filter(|risk| risk.is_on()) {
            Some(_) => Ok(self.store.unflag(network, &network_flag(network)).await?),
            None => Ok(()),
        }
    }
}

impl Told {
    fn of(score: &Score, mode: Mode) -> Self {
        Self {
            score: score.points,
            level: score.level,
            action: if score.step_up && mode == Mode::StepUp { "step_up" } else { "none" },
            sign_ins: score.sign_ins,
            reasons: score.told().to_vec(),
        }
    }
}
