//! What the contract says of checks.

use serde_json::{Value, json};

use super::{
    call::{Call, Door, Meaning, Target, Tenant},
    contract::Contract,
    expect::{Expect, Gauge, rfc3339},
    subject::Code,
};

/// What stands for the code in a body.
fn code_in(body: &str) -> Value {
    serde_json::from_str::<Value>(body).map(|mut body| body["code"].take()).expect("JSON")
}

impl Contract {
    pub(super) fn check_gauges(&mut self, tenant: Tenant, subject: usize, net: Option<usize>) -> Vec<Gauge> {
        let (rules, now) = (self.rules.clone(), self.now);
        let network = self.ip_failures(tenant, net).and_then(|room| room.gauge("ip_failures", rules.ip_failures));
        [Some(self.subject(tenant, subject).failures_gauge(&rules, now)), network].into_iter().flatten().collect()
    }

    pub(super) fn check(&mut self, call: &Call, target: Target, typed: Option<String>, net: Option<usize>) -> Expect {
        let tenant = call.tenant;
        let purpose = match target {
            Target::Code(code) => self.codes[code].door.purpose,
            Target::Door(door) => door.purpose,
            Target::Nothing { purpose } => purpose,
        };
        if net.is_none() && self.rules.ip_failures.is_some() {
            return Expect::invalid("ip");
        }
        // What is no text is the program's mistake, not the user's.
        if typed.is_none() && !code_in(&call.body).is_string() {
            return Expect::problem(422, "invalid_field", None).with("field", json!("code"));
        }
        let length = self.rules.length(purpose);
        let shaped = |typed: &String| typed.len() as u64 == length && typed.bytes().all(|byte| byte.is_ascii_digit());
        let Some(typed) = typed.filter(shaped) else { return self.invalid_code(call, target) };
        let (subject, code) = match target {
            Target::Nothing { .. } => return self.nothing(tenant, net),
            Target::Code(code) => (self.codes[code].door.subject, Some(code)),
            Target::Door(door) => (door.subject, self.at(tenant, door)),
        };
        self.once(call, "check", subject, |model| {
            let expect = match model.blocked(tenant, subject, net) {
                Some(refused) => refused,
                None => model.verdict(tenant, code, &typed, net),
            };
            let gauges = model.check_gauges(tenant, subject, net);
            (expect.gauged(gauges), None)
        })
    }

    /// What cannot be a code. Where its length is for the store to say, a key that came with another body is told first:
    /// either is a 422 of the caller's making, and nothing is evaluated.
    pub(super) fn invalid_code(&self, call: &Call, target: Target) -> Expect {
        if let (Target::Door(door), Some(key), Meaning::Check { typed: Some(_), .. }) =
            (target, &call.key, &call.meaning)
        {
            let kept = self.kept.get(&(call.tenant, "check", door.subject, key.clone()));
            if kept.is_some_and(|kept| self.now <= kept.until && kept.body != call.body) {
                return Expect::problem(422, "idempotency_key_reused", None);
            }
        }
        Expect::invalid("code")
    }

    /// The last code that was issued at a door, if it was for this spelling and is not forgotten.
    pub(super) fn at(&self, tenant: Tenant, door: Door) -> Option<usize> {
        let here =
            |code: &Code| (code.tenant, code.door.subject, code.door.purpose) == (tenant, door.subject, door.purpose);
        let last = (0..self.codes.len()).rev().find(|n| here(&self.codes[*n]))?;
        (self.codes[last].door == door && self.codes[last].status(self.now).is_some()).then_some(last)
    }

    /// An id of nobody: it counts against its network and is not remembered for its key.
    pub(super) fn nothing(&mut self, tenant: Tenant, net: Option<usize>) -> Expect {
        let expect = match self.ip_blocked(tenant, net) {
            Some(refused) => refused,
            None => {
                self.fail_network(tenant, net);
                rejected("not_found", "not_found")
            }
        };
        let gauge = self.ip_failures(tenant, net).and_then(|room| room.gauge("ip_failures", self.rules.ip_failures));
        expect.gauged(gauge)
    }

    pub(super) fn verdict(&mut self, tenant: Tenant, code: Option<usize>, typed: &str, net: Option<usize>) -> Expect {
        let (rules, now) = (self.rules.clone(), self.now);
        let status = code.and_then(|code| self.codes[code].status(now));
        let (Some(n), Some("pending")) = (code, status) else {
            self.fail_network(tenant, net);
            return match status {
                None => rejected("not_found", "not_found"),
                Some("approved") => rejected("used", "already_used"),
                Some("burnt") => rejected("burnt", "too_many_failures"),
                Some(word) => rejected(word, word),
            };
        };
        let Code { door, decoy, .. } = self.codes[n];
        self.subject(tenant, door.subject).attempt_kept = self.codes[n].expires() + self.codes[n].lifetime;
        if self.codes[n].code == typed && !decoy {
            self.codes[n].ended = Some("approved");
            let id = self.codes[n].id.clone();
            let subject = self.subject(tenant, door.subject);
            subject.failures.remove(&door.purpose);
            subject.last_attempt = Some(now);
            return Expect::json(200, json!({"valid": true, "status": "approved", "id": id}));
        }
        self.fail_network(tenant, net);
        if self.is_replaced(n, typed) {
            self.subject(tenant, door.subject).last_attempt = Some(now);
            return rejected("superseded", "superseded");
        }
        let subject = self.subject(tenant, door.subject);
        let (locks, disables) = subject.fail(&rules, now, door.purpose, false);
        let (left, lock) = (subject.attempts_left(&rules, now), subject.lock);
        if locks || disables {
            self.burn(tenant, door.subject);
        }
        let expect = rejected(if locks || disables { "locked" } else { "pending" }, "wrong_code");
        let expect = expect.with("attempts_left", json!(left));
        // Where an operator must act there is no end to name.
        match lock.filter(|_| locks && !disables) {
            Some(lock) => expect
                .with("locked_until", json!(rfc3339(lock.until)))
                .with("retry_after", json!((lock.until - now).div_ceil(1000))),
            None => expect,
        }
    }

    /// Whether what was typed is a code that this one replaced, for the same spelling.
    fn is_replaced(&self, n: usize, typed: &str) -> bool {
        let live = &self.codes[n];
        let older = live.replaced.iter().map(|older| &self.codes[*older]);
        older
            .filter(|older| !older.decoy && older.door.spelling == live.door.spelling && self.now < older.expires())
            .any(|older| older.code == typed)
    }

    pub(super) fn burn(&mut self, tenant: Tenant, subject: usize) {
        let now = self.now;
        let of = |code: &&mut Code| code.tenant == tenant && code.door.subject == subject;
        for code in self.codes.iter_mut().filter(of).filter(|code| code.status(now) == Some("pending")) {
            code.ended = Some("burnt");
        }
    }
}

fn rejected(status: &str, reason: &str) -> Expect {
    Expect::json(200, json!({"valid": false, "status": status, "reason": reason}))
}
