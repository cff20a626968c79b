//! What is counted of a check.

use crate::{policy::Outcome, service::Service, store::check::Checked};

impl Service {
    /// Counts a verdict, or that one was given again.
    pub(super) fn count_check(&self, checked: &Checked, replayed: bool) {
        if checked.outcome == Outcome::InvalidCode {
            return;
        }
        if replayed {
            self.metrics.replays.of("check").inc();
            return;
        }
        self.metrics.lookups.of(if checked.found.is_some() { "hit" } else { "miss" }).inc();
        let wrong =
            matches!(checked.outcome, Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables);
        match (checked.outcome, &checked.found) {
            (Outcome::Approved, Some(found)) => {
                let waited = (checked.now + u64::from(found.lifetime)).saturating_sub(found.expires);
                self.metrics.success_seconds.observe(waited as f64 / 1000.0);
            }
            (Outcome::WrongCodeLocks, _) => self.metrics.lockouts.inc(),
            (Outcome::WrongCodeDisables, _) => {
                self.metrics.disabled.inc();
                self.metrics.lockouts.inc_by(u64::from(checked.lock.until > checked.now));
            }
            _ => {}
        }
        if wrong {
            self.metrics.failed_checks.inc();
        }
        if (checked.outcome as u8) < Outcome::SubjectDisabled as u8 && checked.outcome != Outcome::Approved {
            self.count_network(checked.network_limit.left);
        }
    }

    /// Counts a failure that left its network none.
    pub(in crate::service) fn count_network(&self, left: Option<u32>) {
        if left == Some(0) {
            self.metrics.ip_blocks.inc();
        }
    }
}
