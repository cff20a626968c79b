//! What the contract says of sends and requests.

use serde_json::{Value, json};

use super::{
    call::{Door, Tenant},
    contract::Contract,
    expect::{Expect, Gauge, SOME_TEXT, rfc3339},
    rules::Quota,
    subject::Code,
    window::Room,
};

/// Codes of one subject that may be pending at a time.
const PENDING_MAX: usize = 16;

/// Replaced codes that are known still.
const REPLACED_KEPT: usize = 2;

impl Contract {
    pub(super) fn send_gauges(
        &mut self,
        tenant: Tenant,
        subject: usize,
        purpose: usize,
        net: Option<usize>,
    ) -> Vec<Gauge> {
        let (rules, now) = (self.rules.clone(), self.now);
        let network = self.ip_sends(tenant, net).and_then(|room| room.gauge("ip", rules.ip_sends));
        let subject = self.subject(tenant, subject);
        let sends = subject.room(&rules, purpose, now).and_then(|room| room.gauge("subject", rules.sends(purpose).0));
        let pause = subject.pause(&rules, purpose, now);
        let cooldown = rules.cooldown(purpose).0;
        let pause = (cooldown > 0).then_some(Gauge {
            name: "cooldown",
            max: 1,
            window: cooldown.div_ceil(1000),
            left: u64::from(pause == 0),
            reset: pause.div_ceil(1000),
        });
        [sends, network, pause].into_iter().flatten().collect()
    }

    /// Disabled, locked, network blocked; then of pause and quotas the one with the longest wait.
    pub(super) fn refused_send(
        &mut self,
        tenant: Tenant,
        purpose: usize,
        subject: usize,
        net: Option<usize>,
    ) -> Option<Expect> {
        let (rules, now) = (self.rules.clone(), self.now);
        let gauges = self.send_gauges(tenant, subject, purpose, net);
        if let Some(refused) = self.blocked(tenant, subject, net) {
            return Some(refused.gauged(gauges));
        }
        let network = self.ip_sends(tenant, net);
        let subject = self.subject(tenant, subject);
        let (cooldown, sends) = (rules.cooldown(purpose).0, rules.sends(purpose).0);
        let waits = [
            ("resend_cooldown", "subject_cooldown", Some((1, cooldown)), subject.pause(&rules, purpose, now)),
            ("quota_subject", "subject_sends", sends, subject.room(&rules, purpose, now).map_or(0, |room| room.wait)),
            ("quota_ip", "ip_sends", rules.ip_sends, network.map_or(0, |room| room.wait)),
        ];
        let longest = waits.iter().map(|(.., wait)| *wait).max().unwrap_or(0);
        let (code, name, limit, wait) = waits.into_iter().find(|(.., wait)| *wait > 0 && *wait == longest)?;
        let refused = Expect::problem(429, code, Some(wait)).with("limit", limit_facts(name, limit));
        Some(refused.gauged(gauges))
    }

    /// What stops any call: disabled, locked, network blocked.
    pub(super) fn blocked(&mut self, tenant: Tenant, subject: usize, net: Option<usize>) -> Option<Expect> {
        let (rules, now) = (self.rules.clone(), self.now);
        let subject = self.subject(tenant, subject);
        if subject.disabled {
            return Some(Expect::problem(429, "subject_disabled", None));
        }
        if let Some(lock) = subject.locked(now) {
            let limit = limit_facts("subject_failures", Some((rules.max_failures, rules.memory)));
            let refused = Expect::problem(429, "subject_locked", Some(lock.until - now)).with("limit", limit);
            return Some(
                refused.with("locked_until", json!(rfc3339(lock.until))).with("lock_level", json!(lock.level)),
            );
        }
        self.ip_blocked(tenant, net)
    }

    pub(super) fn ip_blocked(&self, tenant: Tenant, net: Option<usize>) -> Option<Expect> {
        let wait = self.ip_failures(tenant, net)?.wait;
        let limit = limit_facts("ip_failures", self.rules.ip_failures);
        (wait > 0).then(|| Expect::problem(429, "ip_blocked", Some(wait)).with("limit", limit))
    }

    pub(super) fn spend(&mut self, tenant: Tenant, subject: usize, purpose: usize, net: Option<usize>) {
        let now = self.now;
        self.subject(tenant, subject).sends.push((now, purpose));
        if let (Some(net), Some(_)) = (net, self.rules.ip_sends) {
            self.network(tenant, net).sends.0.push(now);
        }
    }

    /// A new code takes the place of the one before it, and perhaps of the oldest. Answers its number.
    pub(super) fn place(&mut self, tenant: Tenant, door: Door, decoy: bool) -> usize {
        let now = self.now;
        let pending = |code: &Code| {
            code.tenant == tenant && code.door.subject == door.subject && code.status(now) == Some("pending")
        };
        let mut replaced = Vec::new();
        for (n, code) in self.codes.iter_mut().enumerate() {
            if pending(code) && code.door.purpose == door.purpose {
                code.ended = Some("superseded");
                replaced = [code.replaced.as_slice(), &[n]].concat();
            }
        }
        replaced.retain(|n| now < self.codes[*n].expires());
        replaced.drain(..replaced.len().saturating_sub(REPLACED_KEPT));
        let others: Vec<usize> = (0..self.codes.len()).filter(|n| pending(&self.codes[*n])).collect();
        if others.len() >= PENDING_MAX {
            self.codes[others[0]].ended = Some("superseded");
        }
        let lifetime = self.rules.lifetime(door.purpose);
        let (id, code) = Default::default();
        self.codes.push(Code { tenant, door, id, code, decoy, issued: now, lifetime, ended: None, replaced });
        self.codes.len() - 1
    }

    /// Sends left, and ms until the next may pass.
    pub(super) fn after_send(&mut self, tenant: Tenant, door: Door, net: Option<usize>) -> (Value, u64) {
        let (rules, now) = (self.rules.clone(), self.now);
        let network = self.ip_sends(tenant, net);
        let subject = self.subject(tenant, door.subject);
        let rooms: Vec<Room> = subject.room(&rules, door.purpose, now).into_iter().chain(network).collect();
        let pause = subject.pause(&rules, door.purpose, now);
        let left = rooms.iter().map(|room| room.left).min();
        (json!(left), rooms.iter().map(|room| room.wait).max().unwrap_or(0).max(pause))
    }

    pub(super) fn issued(&mut self, tenant: Tenant, door: Door, net: Option<usize>, now: u64) -> Expect {
        let (rules, lifetime) = (self.rules.clone(), self.rules.lifetime(door.purpose));
        let (left, wait) = self.after_send(tenant, door, net);
        let gauges = self.send_gauges(tenant, door.subject, door.purpose, net);
        let attempts_left = self.subject(tenant, door.subject).attempts_left(&rules, now);
        let body = json!({
            "id": SOME_TEXT, "status": "pending", "purpose": rules.purpose(door.purpose), "channel": "return",
            "code": SOME_TEXT, "expires_at": rfc3339(now + lifetime), "expires_in": lifetime.div_ceil(1000),
            "resend_in": wait.div_ceil(1000), "sends_left": left, "attempts_left": attempts_left,
        });
        Expect::json(201, body).gauged(gauges)
    }
}

fn limit_facts(name: &str, limit: Quota) -> Value {
    limit.map_or(Value::Null, |(max, window)| json!({"name": name, "max": max, "window": window.div_ceil(1000)}))
}
