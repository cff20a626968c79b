//! The contract as a program: plain lists of what happened, and what each call must answer.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    call::{Call, Meaning, Tenant},
    expect::Expect,
    rules::Rules,
    subject::{Code, Subject},
    window::{Room, Times},
};

/// How long an answer is remembered for its `Idempotency-Key`, ms.
const ANSWER_KEPT: u64 = 60_000;

/// What is counted for one network of one tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    pub sends: Times,
    pub failures: Times,
}

/// An answer that is given again.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub body: String,
    pub expect: Expect,
    pub until: u64,
    /// The code that it holds.
    pub code: Option<usize>,
}

/// See the module.
#[derive(Debug)]
pub struct Contract {
    pub rules: Rules,
    pub now: u64,
    pub codes: Vec<Code>,
    pub(super) subjects: BTreeMap<(Tenant, usize), Subject>,
    pub(super) networks: BTreeMap<(Tenant, usize), Network>,
    pub(super) kept: BTreeMap<(Tenant, &'static str, usize, String), Kept>,
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

    pub(super) fn subject(&mut self, tenant: Tenant, subject: usize) -> &mut Subject {
        let settled = self.subjects.entry((tenant, subject)).or_default();
        settled.settle(&self.rules, self.now);
        settled
    }

    pub(super) fn network(&mut self, tenant: Tenant, net: usize) -> &mut Network {
        self.networks.entry((tenant, net)).or_default()
    }

    pub(super) fn ip_sends(&self, tenant: Tenant, net: Option<usize>) -> Option<Room> {
        let network = self.networks.get(&(tenant, net?)).cloned().unwrap_or_default();
        network.sends.room(self.rules.ip_sends, self.now)
    }

    pub(super) fn ip_failures(&self, tenant: Tenant, net: Option<usize>) -> Option<Room> {
        let network = self.networks.get(&(tenant, net?)).cloned().unwrap_or_default();
        network.failures.room(self.rules.ip_failures, self.now)
    }

    pub(super) fn fail_network(&mut self, tenant: Tenant, net: Option<usize>) {
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
            Meaning::Unlock(door) => self.unlock(tenant, door),
            Meaning::Unblock(net) => self.unblock(tenant, net),
            Meaning::Lock(door, minutes) => self.lock(tenant, door, minutes),
        }
    }

    /// Answers as before where the key came before; else decides, and keeps a 2xx answer.
    pub(super) fn once(
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
}
