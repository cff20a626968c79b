//! From the small numbers of a step to a call, and what it means.

use serde_json::{Value, json};

use super::{
    call::{Call, Door, Meaning, Target, Tenant},
    op::{Find, Guess, Net, Op, Pick, Who},
    world::Case,
};
use crate::support::client::nth_wrong_code;

const SEND: &str = "/v1/verifications";
const CHECK: &str = "/v1/verifications/check";
const NETWORKS: usize = 3;
/// The tenants of the test's keys, as operators name them.
const TENANTS: [&str; 2] = ["shop", "bank"];

impl Case<'_> {
    /// Two subjects of the first tenant and one of the second, which has the name of the first tenant's first.
    fn who(&self, Who(subject, spelling, purpose): Who) -> (Tenant, Door) {
        let subject = usize::from(subject % 3);
        let purpose = usize::from(purpose) % self.model.rules.purposes.len();
        (subject / 2, Door { subject: subject % 2, spelling: usize::from(spelling % 2), purpose })
    }

    fn name(&self, door: Door) -> String {
        let case = self.number;
        match door.spelling {
            0 => format!("ada{}.case{case}@example.org", door.subject),
            _ => format!("ADA{}.Case{case}@Example.org", door.subject),
        }
    }

    fn purpose(&self, door: Door) -> &'static str {
        self.model.rules.purpose(door.purpose)
    }

    fn address(&self, (net, notation): (u8, u8)) -> (usize, String) {
        let [_, _, high, low] = self.number.to_be_bytes();
        let net = usize::from(net) % NETWORKS;
        let text = match (net, notation % 2) {
            (0, 0) => format!("198.18.{high}.{low}"),
            (0, _) => format!("::ffff:198.18.{high}.{low}"),
            (1, 0) => format!("2001:db8:{high:x}:{low:x}::1"),
            (1, _) => format!("2001:db8:{high:x}:{low:x}:ffff::2"),
            _ => format!("198.19.{high}.{low}"),
        };
        (net, text)
    }

    /// Adds the client's address to a body; answers which network it is of.
    fn put_address(&self, body: &mut Value, net: Net) -> Option<usize> {
        let (net, text) = self.address(net?);
        body["ip"] = json!(text);
        Some(net)
    }

    fn pick(&self, pick: Pick) -> Option<usize> {
        let issued = self.model.codes.len();
        (issued > 0).then(|| issued - 1 - usize::from(pick.back) % issued)
    }

    fn key(&self, key: Option<u8>) -> Option<String> {
        key.map(|key| format!("case{}-key{key}", self.number))
    }

    fn post(&self, tenant: Tenant, path: &str, body: &Value, meaning: Meaning) -> Call {
        Call { tenant, get: false, path: path.into(), body: body.to_string(), key: None, meaning }
    }

    /// A call about an id: of a code, or forged while there is none.
    fn by_id(&self, pick: Pick, what: &str, body: &Value, meaning: impl Fn(Option<usize>) -> Meaning) -> Call {
        let picked = self.pick(pick);
        let id = picked.map_or("never-issued", |code| &self.model.codes[code].id);
        let owner = picked.map_or(0, |code| self.model.codes[code].tenant);
        let tenant = if pick.foreign { 1 - owner } else { owner };
        let path = format!("{SEND}/{id}{what}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let meaning = meaning(picked.filter(|_| !pick.foreign));
        Call { tenant, get: what.is_empty(), path, body, key: None, meaning }
    }

    /// The call of a step; none for steps that are no call.
    pub(super) fn call(&self, op: &Op) -> Option<Call> {
        Some(match op {
            Op::Send { who, net, decoy, key } => {
                let (tenant, door) = self.who(*who);
                let mut body = json!({"subject": self.name(door), "purpose": self.purpose(door)});
                let net = self.put_address(&mut body, *net);
                if *decoy {
                    body["subject_known"] = json!(false);
                }
                let call = self.post(tenant, SEND, &body, Meaning::Send { door, net, decoy: *decoy });
                Call { key: self.key(*key), ..call }
            }
            Op::Check { find, guess, net, key } => Call { key: self.key(*key), ..self.check(*find, *guess, *net) },
            Op::Again => self.last.clone()?,
            Op::Reuse => self.reuse()?,
            Op::Get(pick) => self.by_id(*pick, "", &Value::Null, Meaning::Get),
            Op::Cancel(pick) => self.by_id(*pick, "/cancel", &Value::Null, Meaning::Cancel),
            Op::Deliver(pick, delivered) => {
                let outcome = if *delivered { "delivered" } else { "failed" };
                self.by_id(*pick, "/delivery", &json!({"outcome": outcome}), Meaning::Deliver)
            }
            Op::Report(pick) => self.by_id(*pick, "/report", &json!({"reason": "not_me"}), Meaning::Report),
            Op::Status(who) => self.about(*who, None, "/v1/status", |door, _| Meaning::Status(door)),
            Op::GuardRequest(who, net) => {
                self.about(*who, *net, "/v1/guard/request", |door, net| Meaning::GuardRequest { door, net })
            }
            Op::GuardFailure(who, net) => {
                self.about(*who, *net, "/v1/guard/failure", |door, net| Meaning::GuardFailure { door, net })
            }
            Op::GuardSuccess(who) => self.about(*who, None, "/v1/guard/success", |door, _| Meaning::GuardSuccess(door)),
            Op::Unlock(who) => self.act(*who, "/admin/v1/unlock", json!({}), Meaning::Unlock),
            Op::Lock(who, minutes) => {
                let minutes = u64::from(*minutes).max(1);
                self.act(*who, "/admin/v1/lock", json!({"minutes": minutes}), |door| Meaning::Lock(door, minutes))
            }
            Op::Unblock(who, net) => {
                let (tenant, _) = self.who(*who);
                let (net, ip) = self.address(*net);
                let body = json!({"ip": ip, "tenant": TENANTS[tenant], "reason": "a model"});
                self.post(tenant, "/admin/v1/unlock", &body, Meaning::Unblock(net))
            }
            Op::Wait(_) | Op::Until(..) | Op::Switch | Op::Restart { .. } => return None,
        })
    }

    fn about(&self, who: Who, net: Net, path: &str, meaning: impl Fn(Door, Option<usize>) -> Meaning) -> Call {
        let (tenant, door) = self.who(who);
        let mut body = json!({"subject": self.name(door), "purpose": self.purpose(door)});
        let net = self.put_address(&mut body, net);
        self.post(tenant, path, &body, meaning(door, net))
    }

    /// A call of an operator, who names the tenant.
    fn act(&self, who: Who, path: &str, mut body: Value, meaning: impl Fn(Door) -> Meaning) -> Call {
        let (tenant, door) = self.who(who);
        body["subject"] = json!(self.name(door));
        body["tenant"] = json!(TENANTS[tenant]);
        body["reason"] = json!("a model");
        self.post(tenant, path, &body, meaning(door))
    }

    /// A device in the body makes it another one that is decided alike.
    fn reuse(&self) -> Option<Call> {
        let mut call = self.last.clone()?;
        let mut body: Value = serde_json::from_str(&call.body).expect("JSON");
        let device = body["device_id"].as_str().unwrap_or_default();
        body["device_id"] = json!(format!("{device}x"));
        call.body = body.to_string();
        Some(call)
    }

    fn check(&self, find: Find, guess: Guess, net: Net) -> Call {
        let (tenant, target, mut body) = self.find(find);
        let meant = match target {
            Target::Code(code) => Some(code),
            Target::Door(door) => (0..self.model.codes.len())
                .rev()
                .find(|n| self.model.codes[*n].tenant == tenant && self.model.codes[*n].door == door),
            Target::Nothing { .. } => None,
        };
        let length = match target {
            Target::Code(code) => self.model.rules.length(self.model.codes[code].door.purpose),
            Target::Door(door) => self.model.rules.length(door.purpose),
            Target::Nothing { purpose } => self.model.rules.length(purpose),
        };
        let right = meant.map_or_else(|| "7".repeat(length as usize), |code| self.model.codes[code].code.clone());
        let (code, typed) = match guess {
            Guess::Right => (json!(right), Some(right)),
            Guess::Padded => {
                let (one, other) = right.split_at(2);
                (json!(format!(" \t{one}-\u{200b}{other}\u{a0}\r\n")), Some(right))
            }
            Guess::Wrong(n) => {
                let wrong = nth_wrong_code(&right, u64::from(n) + 1);
                (json!(wrong), Some(wrong))
            }
            Guess::Of(pick) => {
                let other = self.pick(pick).map_or(right, |code| self.model.codes[code].code.clone());
                (json!(other), Some(other))
            }
            Guess::Older(back) => {
                let older = meant.and_then(|n| self.older(n, back)).map_or(right, |n| self.model.codes[n].code.clone());
                (json!(older), Some(older))
            }
            Guess::Malformed(kind) => (malformed(kind, &right), None),
        };
        body["code"] = code;
        // What is no code at all is a mistake even where the address is missing too; which one is told is not promised.
        let net = net.or(typed.is_none().then_some((0, 0)));
        let net = self.put_address(&mut body, net);
        self.post(tenant, CHECK, &body, Meaning::Check { target, typed, net })
    }

    /// The code that was issued so many before this one to the same user for the same purpose.
    fn older(&self, n: usize, back: u8) -> Option<usize> {
        let of = |n: usize| {
            let code = &self.model.codes[n];
            (code.tenant, code.door.subject, code.door.purpose)
        };
        (0..n).rev().filter(|older| of(*older) == of(n)).nth(usize::from(back) - 1)
    }

    fn find(&self, find: Find) -> (Tenant, Target, Value) {
        let code = |pick: Pick| Some((pick.foreign, self.pick(pick)?));
        let by_id = |foreign: bool, n: usize, agrees: bool, purpose: Option<usize>| {
            let owner = self.model.codes[n].tenant;
            match (foreign, agrees) {
                (true, _) => (1 - owner, Target::Nothing { purpose: purpose.unwrap_or(0) }),
                // The id is ours, so it says how long its code is.
                (_, false) => (owner, Target::Nothing { purpose: self.model.codes[n].door.purpose }),
                _ => (owner, Target::Code(n)),
            }
        };
        match find {
            Find::Subject(who) => {
                let (tenant, door) = self.who(who);
                (tenant, Target::Door(door), json!({"subject": self.name(door), "purpose": self.purpose(door)}))
            }
            Find::Forged(purpose) => self.forged(purpose),
            Find::Id(pick)
            | Find::SubjectOf(pick)
            | Find::Both(pick)
            | Find::IdAndPurpose(pick, _)
            | Find::IdAndSubject(pick, _) => {
                let Some((foreign, n)) = code(pick) else { return self.forged(None) };
                let issued = &self.model.codes[n];
                let names = json!({"subject": self.name(issued.door), "purpose": self.purpose(issued.door)});
                let mut id = json!({"id": issued.id});
                match find {
                    Find::SubjectOf(_) => (issued.tenant, Target::Door(issued.door), names),
                    Find::Both(_) => {
                        (id["subject"], id["purpose"]) = (names["subject"].clone(), names["purpose"].clone());
                        let (tenant, target) = by_id(foreign, n, true, Some(issued.door.purpose));
                        (tenant, target, id)
                    }
                    Find::IdAndPurpose(_, purpose) => {
                        let purpose = usize::from(purpose) % self.model.rules.purposes.len();
                        id["purpose"] = json!(self.model.rules.purpose(purpose));
                        let (tenant, target) = by_id(foreign, n, purpose == issued.door.purpose, Some(purpose));
                        (tenant, target, id)
                    }
                    Find::IdAndSubject(_, who) => {
                        let door = self.who(who).1;
                        id["subject"] = json!(self.name(door));
                        let agrees = (door.subject, door.spelling) == (issued.door.subject, issued.door.spelling);
                        let (tenant, target) = by_id(foreign, n, agrees, None);
                        (tenant, target, id)
                    }
                    _ => {
                        let (tenant, target) = by_id(foreign, n, true, None);
                        (tenant, target, id)
                    }
                }
            }
        }
    }

    fn forged(&self, purpose: Option<u8>) -> (Tenant, Target, Value) {
        let mut body = json!({"id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
        let purpose = purpose.map(|purpose| usize::from(purpose) % self.model.rules.purposes.len());
        if let Some(purpose) = purpose {
            body["purpose"] = json!(self.model.rules.purpose(purpose));
        }
        (0, Target::Nothing { purpose: purpose.unwrap_or(0) }, body)
    }
}

fn malformed(kind: u8, right: &str) -> Value {
    match kind % 8 {
        0 => json!(""),
        1 => json!(&right[1..]),
        2 => json!(format!("{right}0")),
        3 => json!(format!("{}a", &right[1..])),
        4 => json!(format!("{} {}", &right[..2], &right[3..])),
        5 => json!(right.parse::<u64>().unwrap()),
        6 => json!("①②③④⑤⑥"),
        _ => Value::Null,
    }
}
