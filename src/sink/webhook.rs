//! The webhook: one signed POST an event, as Standard Webhooks has them. Any 2xx confirms it; nothing else does, and no
//! redirect is followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::{Request, body::Bytes, header::CONTENT_TYPE};
use serde_json::json;

use super::{Stuck, shape::Message};
use crate::{config::WebhookTarget, event::time::rfc3339, net::Answer};

/// For so long an event is offered to a receiver that says no (4xx).
const REFUSED: Duration = Duration::from_secs(3600);
/// A receiver that asks us to wait longer is asked again all the same.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Sends to one receiver.
pub(super) struct Webhook {
    pub target: Arc<WebhookTarget>,
    /// Those of a batch that were taken, or given up, while others were not.
    done: BTreeSet<String>,
    /// Since when which were refused.
    refused: BTreeMap<String, Instant>,
}

impl Webhook {
    /// Nothing was sent yet.
    pub fn new(target: Arc<WebhookTarget>) -> Self {
        Self { target, done: BTreeSet::new(), refused: BTreeMap::new() }
    }

    /// Sends messages at once, those of them that were not taken before; each result goes to `count`.
    ///
    /// # Errors
    /// Some have to be sent again.
    pub async fn send(&mut self, messages: &[Message], count: impl Fn(&str, u64)) -> Result<(), Stuck> {
        let open: Vec<&Message> = messages.iter().filter(|message| !self.done.contains(&message.id)).collect();
        let answers = join_all(open.iter().map(|message| self.post(message))).await;
        let mut stuck = None;
        for (Message { id, .. }, answer) in open.into_iter().zip(answers) {
            let (why, wait) = match answer {
                Ok(Answer { status: 200..300, .. }) => {
                    count("sent", 1);
                    self.done.insert(id.clone());
                    continue;
                }
                Ok(Answer { status, .. }) if is_hopeless(status, || self.refused_for(id)) => {
                    tracing::warn!(event = id, status, "an event was given up (OTP_WEBHOOK_URL)");
                    count("given_up", 1);
                    self.done.insert(id.clone());
                    continue;
                }
                Ok(Answer { status, retry_after, .. }) => {
                    let asked = retry_after.filter(|_| matches!(status, 429 | 503)).map(Duration::from_secs);
                    (format!("status {status}"), asked.unwrap_or_default().min(WAIT_MAX))
                }
                Err(why) => (why, Duration::ZERO),
            };
            count("again", 1);
            let before = stuck.map_or(Duration::ZERO, |stuck: Stuck| stuck.wait);
            stuck = Some(Stuck { why, wait: wait.max(before), abrupt: false });
        }
        match stuck {
            Some(stuck) => Err(stuck),
            None => {
                self.done.clear();
                self.refused.clear();
                Ok(())
            }
        }
    }

    fn refused_for(&mut self, id: &str) -> Duration {
        self.refused.entry(id.to_owned()).or_insert_with(Instant::now).elapsed()
    }

    /// Answers with what was met instead where there was no answer, or no request could be made.
    async fn post(&self, message: &Message) -> Result<Answer, String> {
        let WebhookTarget { client, signer, .. } = &*self.target;
        let Message { id, kind, time_ms, data, .. } = message;
        let body = json!({"type": format!("otp.{kind}"), "timestamp": rfc3339(*time_ms), "data": data}).to_string();
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let request = Request::post(&client.endpoint.path)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signer.sign(id, seconds, body.as_bytes()))
            .body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| error.to_string())?;
        client.send(request, false).await.map_err(|lost| lost.why)
    }
}

/// Whether a receiver that answers so will never take an event.
fn is_hopeless(status: u16, refused_for: impl FnOnce() -> Duration) -> bool {
    match status {
        410 => true,
        // They mean another time, and not this event.
        408 | 425 | 429 => false,
        400..500 => refused_for() >= REFUSED,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_for_an_hour_is_given_up_and_nothing_else() {
        let just_before = REFUSED - Duration::from_millis(1);
        assert!(is_hopeless(400, || REFUSED) && !is_hopeless(400, || just_before));
        assert!([302, 408, 425, 429, 500, 503].into_iter().all(|status| !is_hopeless(status, || 2 * REFUSED)));
        assert!(is_hopeless(410, || Duration::ZERO));
    }
}
