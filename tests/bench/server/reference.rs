//! The reference: hyper, and one script over one shared multiplexed connection that counts sends and stores a code, on one
//! thread. No keyed digest, no event, no check of what came in: what is left is what any server in this place must do.

use std::sync::Arc;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
};
use rand::RngExt;
use redis::{AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection};
use serde::Deserialize;

use super::{answer, on_one_thread, serve};

const SCRIPT: &str = include_str!("reference.lua");
/// What the script decides by, as the `hardened` preset has it: lifetime, pause, sends, their window; times in ms.
const LIMITS: [u32; 4] = [300_000, 60_000, 3, 3_600_000];
const DIGEST: usize = 16;

#[derive(Deserialize)]
struct Body<'a> {
    subject: &'a str,
}

/// Serves on the address that the first word is, over the Redis that the second is.
pub fn run(words: &[String]) {
    let address = words[0].parse().expect("an address");
    on_one_thread(async move {
        let url = words[1].replace("unix://", "redis+unix://");
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let client = Client::open(url).expect("a Redis URL");
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.expect("Redis");
        let script = Script::new(SCRIPT);
        script.prepare_invoke().load_async(&mut connection).await.expect("a script that loads");
        let sha: Arc<str> = script.get_hash().into();
        serve(&address, move |request| send(request, connection.clone(), Arc::clone(&sha))).await;
    });
}

async fn send(request: Request<Incoming>, mut redis: MultiplexedConnection, sha: Arc<str>) -> Response<Full<Bytes>> {
    if request.method() == Method::GET {
        return answer(200, "{}");
    }
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let Ok(Body { subject }) = serde_json::from_slice(&body) else { return answer(400, "{}") };
    let (digest, code) = {
        let mut random = rand::rng();
        (random.random::<[u8; DIGEST]>(), random.random_range(0..1_000_000))
    };
    let mut call = redis::cmd("EVALSHA");
    call.arg(&*sha).arg(1).arg(subject);
    call.arg(&LIMITS);
    let packed: Vec<u8> = match call.arg(&digest).query_async(&mut redis).await {
        Ok(packed) => packed,
        Err(_) => return answer(503, "{}"),
    };
    // Outcome, sends left, milliseconds since 1970 at which the code ends.
    match packed[..] {
        [1, left, ref expires @ ..] => {
            let expires = expires.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            let id = u128::from_be_bytes(digest);
            answer(
                201,
                format!(
                    r#"{{"id":"{id:032x}","status":"pending","code":"{code:06}","expires_at":{expires},"expires_in":300,"resend_in":60,"sends_left":{left},"attempts_left":5}}"#
                ),
            )
        }
        _ => answer(429, r#"{"status":429,"code":"resend_cooldown"}"#),
    }
}
