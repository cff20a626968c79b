//! What the contract says of all calls but sends and checks.

use serde_json::{Value, json};

use super::{
    call::{Door, Tenant},
    contract::Contract,
    expect::{Expect, rfc3339},
    subject::Code,
    window::Times,
};

const HOUR: u64 = 3_600_000;
/// By how much `requests_last_hour` may be late in forgetting where no quota needs it exact, ms: an hour in 64 parts.
const HOUR_GRAIN: u64 = HOUR / 64;

impl Contract {
    pub(super) fn status_of(&self, code: Option<usize>) -> Option<(&Code, &'static str)> {
        let code = &self.codes[code?];
        Some((code, code.status(self.now)?))
    }

    pub(super) fn end(&mut self, code: Option<usize>, how: &'static str) {
        if let Some((_, "pending")) = self.status_of(code) {
            self.codes[code.unwrap()].ended = Some(how);
        }
    }

    pub(super) fn get(&mut self, code: Option<usize>) -> Expect {
        let (rules, now) = (self.rules.clone(), self.now);
        let Some((code, status)) = self.status_of(code) else { return Expect::unknown() };
        let code = code.clone();
        let expires_in = if status == "pending" { (code.expires() - now).div_ceil(1000) } else { 0 };
        let attempts_left = self.subject(code.tenant, code.door.subject).attempts_left(&rules, now);
        let body = json!({
            "id": code.id, "status": status, "purpose": rules.purpose(code.door.purpose), "channel": "return",
            "expires_at": rfc3339(code.expires()), "expires_in": expires_in, "attempts_left": attempts_left,
        });
        Expect::json(200, body)
    }

    pub(super) fn cancel(&mut self, code: Option<usize>) -> Expect {
        self.end(code, "canceled");
        let Some((code, status)) = self.status_of(code) else { return Expect::unknown() };
        let purpose = self.rules.purpose(code.door.purpose);
        Expect::json(200, json!({"id": code.id, "status": status, "purpose": purpose}))
    }

    pub(super) fn noted(&self, code: Option<usize>) -> Expect {
        self.status_of(code).map_or_else(Expect::unknown, |_| Expect::json(204, Value::Null))
    }

    pub(super) fn status(&mut self, tenant: Tenant, door: Door) -> Expect {
        let (rules, now) = (self.rules.clone(), self.now);
        let of = |code: &&Code| code.tenant == tenant && code.door.subject == door.subject;
        let pending = self.codes.iter().filter(of).filter(|code| code.status(now) == Some("pending")).count();
        let subject = self.subject(tenant, door.subject);
        let room = subject.room(&rules, door.purpose, now);
        let lock = subject.locked(now);
        let wait = subject.pause(&rules, door.purpose, now).max(room.map_or(0, |room| room.wait));
        let wait = wait.max(lock.map_or(0, |lock| lock.until - now));
        let sends = Times(subject.sends.iter().map(|(at, _)| *at).collect());
        let hour = |hour: u64| sends.within(hour, now).len() as u64;
        let in_hour = hour(HOUR);
        // The contract does not say how long a last attempt is told: at least as long as what it led to.
        let failed = subject.failed() > 0 && subject.last_attempt == Some(subject.last_failure);
        let held = now < subject.attempt_kept || failed || lock.is_some() || subject.disabled;
        let body = json!({
            "locked": lock.is_some(), "locked_until": lock.map(|lock| rfc3339(lock.until)),
            "lock_level": subject.lock.map_or(0, |lock| lock.level), "disabled": subject.disabled,
            "can_request": wait == 0 && !subject.disabled,
            "next_request_in": (!subject.disabled).then(|| wait.div_ceil(1000)),
            "requests_last_hour": in_hour, "sends_left": room.map(|room| room.left),
            "failed_attempts": lock.map_or(subject.failed(), |lock| lock.failures),
            "attempts_left": subject.attempts_left(&rules, now),
            "last_request_at": sends.0.last().map(|at| rfc3339(*at)),
            "last_attempt_at": subject.last_attempt.map(rfc3339), "pending": pending,
        });
        let mut expect = Expect::json(200, body);
        expect.bounds.push(("requests_last_hour", in_hour..=hour(HOUR + HOUR_GRAIN)));
        if in_hour == 0 {
            expect.forgettable.push("last_request_at");
        }
        if !held {
            expect.forgettable.push("last_attempt_at");
        }
        expect
    }

    pub(super) fn guard_failure(&mut self, tenant: Tenant, door: Door, net: Option<usize>) -> Expect {
        let (rules, now) = (self.rules.clone(), self.now);
        if net.is_none() && rules.ip_failures.is_some() {
            return Expect::invalid("ip");
        }
        let expect = match self.blocked(tenant, door.subject, net) {
            Some(refused) => refused,
            None => {
                self.fail_network(tenant, net);
                let subject = self.subject(tenant, door.subject);
                subject.attempt_kept = 0;
                let (locks, _) = subject.fail(&rules, now, door.purpose, true);
                let (left, lock) = (subject.attempts_left(&rules, now), subject.lock);
                let expect = Expect::json(200, json!({"locked": locks, "attempts_left": left}));
                match lock.filter(|_| locks) {
                    Some(lock) => {
                        self.burn(tenant, door.subject);
                        expect
                            .with("locked_until", json!(rfc3339(lock.until)))
                            .with("retry_after", json!((lock.until - now).div_ceil(1000)))
                    }
                    None => expect,
                }
            }
        };
        let gauges = self.check_gauges(tenant, door.subject, net);
        expect.gauged(gauges)
    }

    pub(super) fn guard_success(&mut self, tenant: Tenant, door: Door) -> Expect {
        let (rules, now) = (self.rules.clone(), self.now);
        let expect = match self.blocked(tenant, door.subject, None) {
            Some(refused) => refused,
            None => {
                let subject = self.subject(tenant, door.subject);
                subject.failures.entry(door.purpose).or_default().guard = 0;
                let left = subject.attempts_left(&rules, now);
                Expect::json(200, json!({"locked": false, "attempts_left": left}))
            }
        };
        let gauges = self.check_gauges(tenant, door.subject, None);
        expect.gauged(gauges)
    }
}
