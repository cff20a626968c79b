//! The real thing beside the model: two sidecars over one Redis whose clock is held.

use tokio::runtime::Runtime;

use super::{call::Call, contract::Contract, expect::Expect, held_clock::HeldClock, op::Op, rules::Rules};
use crate::support::{Answer, Client, Redis, Sidecar, keys, launch::Builder};

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
pub(super) struct Case<'a> {
    world: &'a mut World,
    pub model: Contract,
    pub number: u32,
    /// The last call with a key.
    pub last: Option<Call>,
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
        let (sidecar, clients) = &self.sidecars[self.on];
        let client = match call.path.starts_with("/admin/") {
            true => sidecar.admin_client(),
            false => clients[call.tenant].clone(),
        };
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
        if answer.status == 503 {
            // Nothing is known of the outcome, so nothing can be compared from here on.
            return Err(format!("no decision, as where the machine is overloaded for seconds: {call:?}\n{answer:?}"));
        }
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
}
