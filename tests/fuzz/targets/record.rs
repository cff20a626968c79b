//! What lies in Redis, as the scripts read it: whatever stands there, they answer an error and change nothing, or they
//! answer and leave what they can read again; and no wrong code is ever right.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, aio::MultiplexedConnection};
use serde_json::{Value, json};

use super::{
    Try,
    bench::{Bench, Call},
    choice::Choice,
};
use crate::support::{Redis, RedisOptions};

const IP: &str = "198.51.100.7";
const SUBJECT: &str = "ada";
/// Seconds until what is planted ends by itself.
const LASTS: u32 = 86_400;

/// A value that Redis holds: of a key, or of one field of a hash.
#[derive(Clone)]
struct Held {
    key: Vec<u8>,
    field: Option<Vec<u8>>,
    value: Vec<u8>,
}

type State = Vec<Held>;

/// A subject with a history of its own: all that Redis holds of it.
struct Case {
    id: String,
    code: String,
    slow: bool,
    state: State,
}

struct World {
    benches: [Bench; 2],
    /// On a runtime, which takes no notice of the alarm signal that libFuzzer counts time by.
    connection: MultiplexedConnection,
    cases: Vec<Case>,
    _redis: Redis,
}

pub fn start() -> Try {
    let extra = vec!["--enable-debug-command".to_owned(), "yes".to_owned()];
    let redis = Redis::with(RedisOptions { extra, ..RedisOptions::default() });
    let benches = [false, true].map(|slow| Bench::new(&redis.url(), slow));
    benches.iter().for_each(Bench::examine);
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let client = Client::open(redis.url()).unwrap();
    let connection = benches[0].block_on(client.get_multiplexed_async_connection_with_config(&config)).unwrap();
    let mut world = World { benches, connection, cases: Vec::new(), _redis: redis };
    for slow in [false, true] {
        for past in PASTS {
            let case = world.case(slow, past);
            world.cases.push(case);
        }
    }
    Box::new(move |data| {
        // Codes and names are drawn anew each time: an input alone does not say what was tried.
        let tried = RefCell::new(State::new());
        let attempt = AssertUnwindSafe(|| world.attempt(data, &tried));
        if let Err(panic) = catch_unwind(attempt) {
            for Held { key, field, value } in tried.into_inner() {
                let field = field.unwrap_or_default();
                eprintln!("planted: {} {} = {}", key.escape_ascii(), field.escape_ascii(), value.escape_ascii());
            }
            resume_unwind(panic);
        }
    })
}

/// What happened to a subject; each ends with a code for `login`.
const PASTS: [fn(&Bench) -> Value; 6] = [
    |bench| send(bench, "login"),
    |bench| {
        let sent = send(bench, "login");
        for _ in 0..3 {
            check(bench, &sent["id"], &wrong(&sent["code"]));
        }
        sent
    },
    |bench| {
        let sent = send(bench, "login");
        for _ in 0..5 {
            check(bench, &sent["id"], &wrong(&sent["code"]));
        }
        sent
    },
    |bench| {
        let used = send(bench, "login");
        check(bench, &used["id"], &used["code"]);
        send(bench, "login")
    },
    |bench| {
        for n in 0..20 {
            send(bench, &format!("purpose{n}"));
        }
        send(bench, "login")
    },
    |bench| {
        send(bench, "pay");
        bench.call(Call::GuardFailure, "", json!({"subject": SUBJECT, "ip": IP}).to_string().as_bytes());
        send(bench, "login")
    },
];

fn send(bench: &Bench, purpose: &str) -> Value {
    let body = json!({"subject": SUBJECT, "purpose": purpose, "ip": IP}).to_string();
    let (status, answer) = bench.call(Call::Send, "", body.as_bytes());
    assert_eq!(status, 201, "{answer}");
    answer
}

fn check(bench: &Bench, id: &Value, code: &Value) -> (u16, Value) {
    bench.call(Call::Check, "", json!({"id": id, "code": code, "ip": IP}).to_string().as_bytes())
}

fn wrong(code: &Value) -> Value {
    let code: u32 = code.as_str().unwrap().parse().unwrap();
    format!("{:06}", (code + 1) % 1_000_000).into()
}

impl World {
    fn case(&self, slow: bool, past: fn(&Bench) -> Value) -> Case {
        self.ask::<()>(&redis::cmd("FLUSHDB"));
        let sent = past(&self.benches[usize::from(slow)]);
        let mut keys: Vec<Vec<u8>> = self.ask(redis::cmd("KEYS").arg("otp:{*}:[shi]:*"));
        keys.sort();
        let state = keys.into_iter().flat_map(|key| self.held(key)).collect();
        let text = |name: &str| sent[name].as_str().unwrap().to_owned();
        Case { id: text("id"), code: text("code"), slow, state }
    }

    fn held(&self, key: Vec<u8>) -> State {
        if key[10] != b's' {
            let value = self.ask(redis::cmd("GET").arg(&key));
            return vec![Held { key, field: None, value }];
        }
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = self.ask(redis::cmd("HGETALL").arg(&key));
        fields.sort();
        fields.into_iter().map(|(field, value)| Held { key: key.clone(), field: Some(field), value }).collect()
    }

    fn attempt(&self, data: &[u8], tried: &RefCell<State>) {
        let mut choice = Choice(data);
        let case = choice.below(self.cases.len());
        let call = Call::ALL[choice.below(Call::ALL.len())];
        let how = choice.byte();
        let mut state = self.cases[case].state.clone();
        let edited = choice.below(state.len());
        edit(&mut state[edited].value, &mut choice);
        tried.replace(state.clone());
        let before = self.plant(&state);

        let Case { id, code, slow, .. } = &self.cases[case];
        let bench = &self.benches[usize::from(*slow)];
        let guess = if how & 1 == 0 { wrong(&code.clone().into()) } else { code.clone().into() };
        let body = body(call, how, id, &guess);
        let (status, answer) = bench.call(call, id, &body);
        assert!(status < 300 || matches!(status, 404 | 422 | 429 | 500 | 503), "{status} {answer}");
        let valid = answer["valid"] == true;
        assert!(!valid || how & 1 == 1, "a wrong code was right: {answer}");
        if valid {
            let (_, again) = bench.call(call, id, &body);
            assert!(again["valid"] != true, "right twice: {again}");
        }
        let Held { key, field, value } = &state[edited];
        let record = state.iter().find(|held| held.field.is_some()).map(|held| &held.key).unwrap();
        if status >= 500 {
            // Argon2 takes two scripts, and the second may fail where the first did what it should. So does a check of
            // a digest that is not of the length of a quick one; what is none at all is then our own fault (500).
            let after = self.digest();
            assert!(*slow || status == 500 || before == after, "{call:?} failed half-way: {answer}");
            return;
        }
        let (status, answer) = bench.call(Call::Status, "", json!({"subject": SUBJECT}).to_string().as_bytes());
        // What the call had no need to read may be unreadable still, but only as it was.
        let as_planted = || match field {
            Some(field) => self.ask::<Option<Vec<u8>>>(redis::cmd("HGET").arg(key).arg(field)).as_ref() == Some(value),
            None => false,
        };
        assert!(status == 200 || as_planted(), "{call:?} left what cannot be read: {answer}");
        let lives: i64 = self.ask(redis::cmd("PTTL").arg(record));
        assert!(lives != -1 || answer["disabled"] == true, "{call:?} left a record without an end");
    }

    fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        let mut connection = self.connection.clone();
        self.benches[0].block_on(command.query_async(&mut connection)).unwrap()
    }

    /// Of everything that Redis holds.
    fn digest(&self) -> String {
        self.ask(redis::cmd("DEBUG").arg("DIGEST"))
    }

    /// Makes this all that Redis holds; answers its digest.
    fn plant(&self, state: &State) -> String {
        let mut pipe = redis::pipe();
        pipe.cmd("FLUSHDB").ignore();
        for Held { key, field, value } in state {
            match field {
                Some(field) => pipe.cmd("HSET").arg(key).arg(field).arg(value).ignore(),
                None => pipe.cmd("SET").arg(key).arg(value).ignore(),
            };
            pipe.cmd("EXPIRE").arg(key).arg(LASTS).ignore();
        }
        let mut connection = self.connection.clone();
        self.benches[0].block_on(pipe.exec_async(&mut connection)).unwrap();
        self.digest()
    }
}

fn body(call: Call, how: u8, id: &str, code: &Value) -> Vec<u8> {
    let purpose = ["login", "pay", "purpose3", "other"][usize::from(how >> 2) % 4];
    let body = match call {
        Call::Check if how & 2 == 0 => json!({"id": id, "code": code, "ip": IP}),
        Call::Check => json!({"subject": SUBJECT, "code": code}),
        Call::Delivery => json!({"outcome": "delivered"}),
        Call::Report => json!({"reason": "not_me"}),
        Call::Cancel | Call::Get => return Vec::new(),
        Call::Status | Call::GuardSuccess => json!({"subject": SUBJECT, "purpose": purpose}),
        Call::Send | Call::GuardRequest | Call::GuardFailure => {
            json!({"subject": SUBJECT, "purpose": purpose, "ip": IP})
        }
    };
    body.to_string().into_bytes()
}

/// Changes a value as the input says; to its end.
fn edit(value: &mut Vec<u8>, choice: &mut Choice<'_>) {
    while !choice.is_empty() {
        let how = choice.below(8);
        let at = usize::from(choice.wide()) % (value.len() + 1);
        match how {
            0 => value.truncate(at),
            1 => drop(value.splice(at..at, choice.piece().iter().copied())),
            2 => drop(value.drain(at..(at + choice.below(32)).min(value.len()))),
            3 => *value = choice.take(usize::MAX).to_vec(),
            // A count, and as many more of the bytes that follow it as it says.
            4 => {
                let (count, length) = (choice.byte(), 1 + choice.below(64));
                let unit = value[at..(at + length).min(value.len())].to_vec();
                value.splice(at..at, unit.repeat(usize::from(count)));
            }
            _ if at < value.len() => value[at] = choice.byte(),
            _ => {}
        }
    }
}
