//! The contract as a program: plain lists of what happened, and what each call must answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    call::{Call, Door, Meaning, Target, Tenant},
    expect::{Expect, Gauge, SOME_TEXT, rfc3339},
    rules::Rules,
    subject::{Code, Subject},
    window::{Room, Times},
};

/// Codes of one subject that may be pending at a time.
const PENDING_MAX: usize = 16;
/// How long an answer is remembered for its `Idempotency-Key`, ms.
const ANSWER_KEPT: u64 = 60_000;
const HOUR: u64 = 3_600_000;
/// By how much `requests_last_hour` may be late in forgetting where no quota needs it exact, ms: an hour in 64 parts.
const HOUR_GRAIN: u64 = HOUR / 64;

/// What is counted for one network of one tenant.
#[derive(Debug, Clone, Default)]
struct Network {
    sends: Times,
    failures: Times,
}

/// An answer that is given again.
#[derive(Debug, Clone)]
struct Kept {
    body: String,
    expect: Expect,
    until: u64,
    /// The code that it holds.
    code: Option<usize>,
}

/// See the module.
#[derive(Debug)]
pub struct Contract {
    pub rules: Rules,
    pub now: u64,
    pub codes: Vec<Code>,
    subjects: BTreeMap<(Tenant, usize), Subject>,
    networks: BTreeMap<(Tenant, usize), Network>,
    kept: BTreeMap<(Tenant, &'static str, usize, String), Kept>,
}

impl Contract {
    /// Nothing has happened yet.
    pub fn new(rules: Rules, now: u64) -> Self {
        let (codes, subjects, networks, kept) = Default::default();
        Self { rules, now, codes, subjects, networks, kept }
    }

    /// The next moments at which something ends, in order.
    pub fn ends(&self) -> Vec<u64> {
        let mut ends: Vec<u64> = self.subjects.values().flat_map(|subject| subject.ends(&self.rules)).collect();
        ends.extend(self.codes.iter().flat_map(|code| [code.expires(), code.expires() + code.lifetime]));
        ends.extend(self.kept.values().map(|kept| kept.until));
        for network in self.networks.values() {
            ends.extend(self.rules.ip_sends.iter().flat_map(|(_, w)| network.sends.0.iter().map(move |at| at + w)));
            ends.extend(
                self.rules.ip_failures.iter().flat_map(|(_, w)| network.failures.0.iter().map(move |at| at + w)),
            );
        }
        ends.retain(|at| *at > self.now);
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    fn subject(&mut self, tenant: Tenant, subject: usize) -> &mut Subject {
        let settled = self.subjects.entry((tenant, subject)).or_default();
        settled.settle(&self.rules, self.now);
        settled
    }

    fn network(&mut self, tenant: Tenant, net: usize) -> &mut Network {
        self.networks.entry((tenant, net)).or_default()
    }

    fn ip_sends(&self, tenant: Tenant, net: Option<usize>) -> Option<Room> {
        let network = self.networks.get(&(tenant, net?)).cloned().unwrap_or_default();
        network.sends.room(self.rules.ip_sends, self.now)
    }

    fn ip_failures(&self, tenant: Tenant, net: Option<usize>) -> Option<Room> {
        let network = self.networks.get(&(tenant, net?)).cloned().unwrap_or_default();
        network.failures.room(self.rules.ip_failures, self.now)
    }

    fn fail_network(&mut self, tenant: Tenant, net: Option<usize>) {
        if let (Some(net), Some(_)) = (net, self.rules.ip_failures) {
            let now = self.now;
            self.network(tenant, net).failures.0.push(now);
        }
    }

    /// What a call must answer now; a code that it issues has its id and text yet to be read from the answer.
    pub fn expect(&mut self, call: &Call) -> Expect {
        let tenant = call.tenant;
        match call.meaning.clone() {
            Meaning::Send { door, net, decoy } => {
                if net.is_none() && self.rules.ip_sends.is_some() {
                    return Expect::invalid("ip");
                }
                let now = self.now;
                self.once(call, "send", door.subject, |model| {
                    let refused = model.refused_send(tenant, door.purpose, door.subject, net);
                    if let Some(refused) = refused {
                        return (refused, None);
                    }
                    let place = model.place(tenant, door, decoy);
                    model.spend(tenant, door.subject, door.purpose, net);
                    (model.issued(tenant, door, net, now), Some(place))
                })
            }
            Meaning::Check { target, typed, net } => self.check(call, target, typed, net),
            Meaning::Get(code) => self.get(code),
            Meaning::Cancel(code) => self.cancel(code),
            Meaning::Deliver(code) => self.noted(code),
            Meaning::Report(code) => {
                let expect = self.noted(code);
                self.end(code, "canceled");
                expect
            }
            Meaning::Status(door) => self.status(tenant, door),
            Meaning::GuardRequest { door, net } => {
                if net.is_none() && self.rules.ip_sends.is_some() {
                    return Expect::invalid("ip");
                }
                if let Some(refused) = self.refused_send(tenant, door.purpose, door.subject, net) {
                    return refused;
                }
                self.spend(tenant, door.subject, door.purpose, net);
                let (left, wait) = self.after_send(tenant, door, net);
                let body = json!({"allowed": true, "sends_left": left, "resend_in": wait.div_ceil(1000)});
                Expect::json(200, body).gauged(self.send_gauges(tenant, door.subject, door.purpose, net))
            }
            Meaning::GuardFailure { door, net } => self.guard_failure(tenant, door, net),
            Meaning::GuardSuccess(door) => self.guard_success(tenant, door),
        }
    }

    /// Answers as before where the key came before; else decides, and keeps a 2xx answer.
    fn once(
        &mut self,
        call: &Call,
        operation: &'static str,
        subject: usize,
        decide: impl FnOnce(&mut Self) -> (Expect, Option<usize>),
    ) -> Expect {
        let Some(key) = &call.key else { return decide(self).0 };
        let key = (call.tenant, operation, subject, key.clone());
        if let Some(kept) = self.kept.get(&key).filter(|kept| self.now <= kept.until).cloned() {
            if kept.body != call.body {
                return Expect::problem(422, "idempotency_key_reused", None);
            }
            let mut again = kept.expect;
            again.replayed = true;
            if let Some(code) = kept.code.map(|code| &self.codes[code]) {
                again.body["id"] = json!(code.id);
                again.body["code"] = json!(code.code);
                // The code is erased with its verification; the rest of the answer stays. A code dies by the store's own
                // clock of keys, which counts the very millisecond of the end as alive.
                if code.ended.is_some() || self.now > code.expires() {
                    again.body.as_object_mut().unwrap().remove("code");
                }
            }
            return again;
        }
        let (expect, code) = decide(self);
        if expect.status < 300 {
            let kept = Kept { body: call.body.clone(), expect: expect.clone(), until: self.now + ANSWER_KEPT, code };
            self.kept.insert(key, kept);
        }
        expect
    }

    // ===== sends =====

    fn send_gauges(&mut self, tenant: Tenant, subject: usize, purpose: usize, net: Option<usize>) -> Vec<Gauge> {
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
    fn refused_send(&mut self, tenant: Tenant, purpose: usize, subject: usize, net: Option<usize>) -> Option<Expect> {
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
    fn blocked(&mut self, tenant: Tenant, subject: usize, net: Option<usize>) -> Option<Expect> {
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

    fn ip_blocked(&self, tenant: Tenant, net: Option<usize>) -> Option<Expect> {
        let wait = self.ip_failures(tenant, net)?.wait;
        let limit = limit_facts("ip_failures", self.rules.ip_failures);
        (wait > 0).then(|| Expect::problem(429, "ip_blocked", Some(wait)).with("limit", limit))
    }

    fn spend(&mut self, tenant: Tenant, subject: usize, purpose: usize, net: Option<usize>) {
        let now = self.now;
        self.subject(tenant, subject).sends.push((now, purpose));
        if let (Some(net), Some(_)) = (net, self.rules.ip_sends) {
            self.network(tenant, net).sends.0.push(now);
        }
    }

    /// A new code takes the place of the one before it, and perhaps of the oldest. Answers its number.
    fn place(&mut self, tenant: Tenant, door: Door, decoy: bool) -> usize {
        let now = self.now;
        let pending = |code: &Code| {
            code.tenant == tenant && code.door.subject == door.subject && code.status(now) == Some("pending")
        };
        let before = self.codes.iter_mut().filter(|code| pending(code) && code.door.purpose == door.purpose);
        before.for_each(|code| code.ended = Some("superseded"));
        let others: Vec<usize> = (0..self.codes.len()).filter(|n| pending(&self.codes[*n])).collect();
        if others.len() >= PENDING_MAX {
            self.codes[others[0]].ended = Some("superseded");
        }
        let lifetime = self.rules.lifetime(door.purpose);
        let (id, code) = Default::default();
        self.codes.push(Code { tenant, door, id, code, decoy, issued: now, lifetime, ended: None });
        self.codes.len() - 1
    }

    /// Sends left, and ms until the next may pass.
    fn after_send(&mut self, tenant: Tenant, door: Door, net: Option<usize>) -> (Value, u64) {
        let (rules, now) = (self.rules.clone(), self.now);
        let network = self.ip_sends(tenant, net);
        let subject = self.subject(tenant, door.subject);
        let rooms: Vec<Room> = subject.room(&rules, door.purpose, now).into_iter().chain(network).collect();
        let pause = subject.pause(&rules, door.purpose, now);
        let left = rooms.iter().map(|room| room.left).min();
        (json!(left), rooms.iter().map(|room| room.wait).max().unwrap_or(0).max(pause))
    }

    fn issued(&mut self, tenant: Tenant, door: Door, net: Option<usize>, now: u64) -> Expect {
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

    // ===== checks =====

    fn check_gauges(&mut self, tenant: Tenant, subject: usize, net: Option<usize>) -> Vec<Gauge> {
        let (rules, now) = (self.rules.clone(), self.now);
        let network = self.ip_failures(tenant, net).and_then(|room| room.gauge("ip_failures", rules.ip_failures));
        [Some(self.subject(tenant, subject).failures_gauge(&rules, now)), network].into_iter().flatten().collect()
    }

    fn check(&mut self, call: &Call, target: Target, typed: Option<String>, net: Option<usize>) -> Expect {
        let tenant = call.tenant;
        let purpose = match target {
            Target::Code(code) => self.codes[code].door.purpose,
            Target::Door(door) => door.purpose,
            Target::Nothing { purpose } => purpose,
        };
        if net.is_none() && self.rules.ip_failures.is_some() {
            return Expect::invalid("ip");
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
    fn invalid_code(&self, call: &Call, target: Target) -> Expect {
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
    fn at(&self, tenant: Tenant, door: Door) -> Option<usize> {
        let here =
            |code: &Code| (code.tenant, code.door.subject, code.door.purpose) == (tenant, door.subject, door.purpose);
        let last = (0..self.codes.len()).rev().find(|n| here(&self.codes[*n]))?;
        (self.codes[last].door == door && self.codes[last].status(self.now).is_some()).then_some(last)
    }

    /// An id of nobody: it counts against its network and is not remembered for its key.
    fn nothing(&mut self, tenant: Tenant, net: Option<usize>) -> Expect {
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

    fn verdict(&mut self, tenant: Tenant, code: Option<usize>, typed: &str, net: Option<usize>) -> Expect {
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

    fn burn(&mut self, tenant: Tenant, subject: usize) {
        let now = self.now;
        let of = |code: &&mut Code| code.tenant == tenant && code.door.subject == subject;
        for code in self.codes.iter_mut().filter(of).filter(|code| code.status(now) == Some("pending")) {
            code.ended = Some("burnt");
        }
    }

    // ===== the rest =====

    fn status_of(&self, code: Option<usize>) -> Option<(&Code, &'static str)> {
        let code = &self.codes[code?];
        Some((code, code.status(self.now)?))
    }

    fn end(&mut self, code: Option<usize>, how: &'static str) {
        if let Some((_, "pending")) = self.status_of(code) {
            self.codes[code.unwrap()].ended = Some(how);
        }
    }

    fn get(&mut self, code: Option<usize>) -> Expect {
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

    fn cancel(&mut self, code: Option<usize>) -> Expect {
        self.end(code, "canceled");
        let Some((code, status)) = self.status_of(code) else { return Expect::unknown() };
        let purpose = self.rules.purpose(code.door.purpose);
        Expect::json(200, json!({"id": code.id, "status": status, "purpose": purpose}))
    }

    fn noted(&self, code: Option<usize>) -> Expect {
        self.status_of(code).map_or_else(Expect::unknown, |_| Expect::json(204, Value::Null))
    }

    fn status(&mut self, tenant: Tenant, door: Door) -> Expect {
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

    fn guard_failure(&mut self, tenant: Tenant, door: Door, net: Option<usize>) -> Expect {
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

    fn guard_success(&mut self, tenant: Tenant, door: Door) -> Expect {
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

fn rejected(status: &str, reason: &str) -> Expect {
    Expect::json(200, json!({"valid": false, "status": status, "reason": reason}))
}

fn limit_facts(name: &str, limit: super::rules::Quota) -> Value {
    limit.map_or(Value::Null, |(max, window)| json!({"name": name, "max": max, "window": window.div_ceil(1000)}))
}
