//! How full the limits are after a call.

use super::Service;
use crate::{
    policy::{Gauge, PurposePolicy, Quota, refusal::seconds_up},
    store::{Limit, check::Checked, send::Sent},
};

fn quota(name: &'static str, quota: Option<Quota>, limit: Limit) -> Option<Gauge> {
    let (quota, left) = (quota?, limit.left?);
    Some(Gauge { name, max: quota.max, window: seconds_up(quota.window), left, reset: limit.reset_ms.div_ceil(1000) })
}

impl Service {
    pub(super) fn send_gauges(&self, policy: &PurposePolicy, sent: &Sent) -> Vec<Gauge> {
        let pause = (!policy.cooldown.is_zero()).then(|| Gauge {
            name: "cooldown",
            max: 1,
            window: seconds_up(policy.cooldown),
            left: u32::from(sent.pause == 0),
            reset: sent.pause.div_ceil(1000),
        });
        let subject = quota("subject", policy.sends, sent.subject_limit);
        let ip = quota("ip", self.policy.ip_sends, sent.network_limit);
        [subject, ip, pause].into_iter().flatten().collect()
    }

    pub(super) fn check_gauges(&self, checked: &Checked) -> Vec<Gauge> {
        let lockout = &self.policy.lockout;
        let reset = match checked.lock.until.saturating_sub(checked.now) {
            0 => checked.reset,
            locked => locked,
        };
        let failures = Gauge {
            name: "failures",
            max: u32::from(lockout.max_failures),
            window: seconds_up(lockout.memory),
            left: checked.attempts_left,
            reset: reset.div_ceil(1000),
        };
        let ip = self.ip_gauge(checked.network_limit);
        [Some(failures), ip].into_iter().flatten().collect()
    }

    pub(super) fn ip_gauge(&self, network: Limit) -> Option<Gauge> {
        quota("ip_failures", self.policy.ip_failures, network)
    }
}
