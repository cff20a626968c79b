//! The real thing beside the model: two sidecars over one Redis whose clock is held.

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{
    call::{Call, Door, Meaning, Target, Tenant},
    contract::Contract,
    expect::Expect,
    held_clock::HeldClock,
    op::{Find, Guess, Net, Op, Pick, Who},
    rules::Rules,
};
use crate::support::{Answer, Client, Redis, Sidecar, client::nth_wrong_code, keys, launch::Builder};

const SEND: &str = "/v1/verifications";
const CHECK: &str = "/v1/verifications/check";
const NETWORKS: usize = 3;

/// Sidecars are dropped before their Redis.
pub struct World {
    rules: Rules,
    runtime: Runtime,
    builder: Builder,
    sidecars: Vec<(Sidecar, [Client; 2])>,
    on: usize,
    clock: HeldClock,
    _redis: Redis,
    cases: u32,
}

/// One sequence at work: its own subjects, networks and keys in a world that goes on.
struct Case<'a> {
    world: &'a mut World,
    model: Contract,
    number: u32,
    last: Option<Call>,
}

impl World {
    /// Starts all of it.
    #[track_caller]
    pub fn start(rules: Rules) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (clock, redis) = HeldClock::start();
        let environment = rules.environment();
        let set = environment.into_iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(&name, &value));
        let builder = set.on(&redis);
        let sidecars = [(); 2].map(|()| start(&builder)).into();
        Self { rules, runtime, builder, sidecars, on: 0, clock, _redis: redis, cases: 0 }
    }

    /// Runs one sequence, comparing every answer with the model's.
    ///
    /// # Errors
    /// The step that differed, and how.
    pub fn run(&mut self, ops: &[Op]) -> Result<(), String> {
        self.cases += 1;
        let model = Contract::new(self.rules.clone(), self.clock.now());
        let number = self.cases;
        let mut case = Case { world: self, model, number, last: None };
        for (n, op) in ops.iter().enumerate() {
            case.step(op).map_err(|wrong| format!("step {n}, {op:?}, at {}:\n{wrong}", case.model.now))?;
            case.move_to(case.model.now + 1);
        }
        Ok(())
    }

    fn ask(&self, call: &Call) -> Answer {
        let client = self.sidecars[self.on].1[call.tenant].clone();
        let client = match &call.key {
            Some(key) => client.with_header("idempotency-key", key),
            None => client,
        };
        self.runtime.block_on(async {
            match call.get {
                true => client.get(&call.path).await,
                false => client.post_text(&call.path, call.body.clone()).await,
            }
        })
    }
}

fn start(builder: &Builder) -> (Sidecar, [Client; 2]) {
    let sidecar = builder.clone().start();
    let clients = [keys::KEY, keys::OTHER_KEY].map(|key| sidecar.client().with_key(key));
    (sidecar, clients)
}

impl Case<'_> {
    fn move_to(&mut self, now: u64) {
        self.model.now = now;
        self.world.clock.set(now);
    }

    fn step(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Wait(ms) => self.move_to(self.model.now + ms),
            Op::Until(nth, offset) => {
                let ends = self.model.ends();
                if let Some(end) = ends.get(usize::from(*nth) % ends.len().max(1)) {
                    self.move_to(end.saturating_add_signed(i64::from(*offset)).max(self.model.now));
                }
            }
            Op::Switch => self.world.on = 1 - self.world.on,
            Op::Restart { kill } => {
                let on = self.world.on;
                let ended = &mut self.world.sidecars[on].0;
                if *kill {
                    ended.kill();
                } else {
                    assert!(ended.terminate().0.success());
                }
                self.world.sidecars[on] = start(&self.world.builder);
            }
            _ => {
                if let Some(call) = self.call(op) {
                    return self.compare(call);
                }
            }
        }
        Ok(())
    }

    fn compare(&mut self, call: Call) -> Result<(), String> {
        let expect = self.model.expect(&call);
        let answer = self.world.ask(&call);
        let compared = expect.compare(&answer).map_err(|wrong| format!("{call:?}\n{wrong}"));
        self.learn(&expect, &answer)?;
        if call.key.is_some() {
            self.last = Some(call);
        }
        compared
    }

    /// Reads what only the answer knows of a code just issued.
    fn learn(&mut self, expect: &Expect, answer: &Answer) -> Result<(), String> {
        if expect.status != 201 || expect.replayed || answer.status != 201 {
            return Ok(());
        }
        let (id, code) = (answer.str("id").to_owned(), answer.str("code").to_owned());
        let known = self.model.codes.iter().any(|other| other.id == id);
        let issued = self.model.codes.last_mut().expect("a code that the model issued");
        let length = self.model.rules.length(issued.door.purpose) as usize;
        if known || code.len() != length || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("an id that was there before, or no code: {answer:?}"));
        }
        (issued.id, issued.code) = (id, code);
        Ok(())
    }

    // ===== from small numbers to a call =====

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

    fn call(&self, op: &Op) -> Option<Call> {
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
            Op::Wait(_) | Op::Until(..) | Op::Switch | Op::Restart { .. } => return None,
        })
    }

    fn about(&self, who: Who, net: Net, path: &str, meaning: impl Fn(Door, Option<usize>) -> Meaning) -> Call {
        let (tenant, door) = self.who(who);
        let mut body = json!({"subject": self.name(door), "purpose": self.purpose(door)});
        let net = self.put_address(&mut body, net);
        self.post(tenant, path, &body, meaning(door, net))
    }

    /// A blank more in the body makes it another one that means the same.
    fn reuse(&self) -> Option<Call> {
        let mut call = self.last.clone()?;
        call.body.push(' ');
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
            Guess::Padded => (json!(format!(" \t{right}\r\n")), Some(right)),
            Guess::Wrong(n) => {
                let wrong = nth_wrong_code(&right, u64::from(n) + 1);
                (json!(wrong), Some(wrong))
            }
            Guess::Of(pick) => {
                let other = self.pick(pick).map_or(right, |code| self.model.codes[code].code.clone());
                (json!(other), Some(other))
            }
            Guess::Malformed(kind) => (malformed(kind, &right), None),
        };
        body["code"] = code;
        // What is no code at all is a mistake even where the address is missing too; which one is told is not promised.
        let net = net.or(typed.is_none().then_some((0, 0)));
        let net = self.put_address(&mut body, net);
        self.post(tenant, CHECK, &body, Meaning::Check { target, typed, net })
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
        6 => json!("०१२३४५"),
        _ => Value::Null,
    }
}
