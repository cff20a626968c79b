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

use super::shape::Message;
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

/// How a batch ended.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// How many were taken.
    pub sent: u64,
    /// How many were given up.
    pub given_up: u64,
    /// How many are to be sent again.
    pub again: u64,
    /// How long the receiver wants to be left alone.
    pub wait: Option<Duration>,
    /// What it said, or that it did not.
    pub why: String,
}

impl Webhook {
    /// Nothing was sent yet.
    pub fn new(target: Arc<WebhookTarget>) -> Self {
        Self { target, done: BTreeSet::new(), refused: BTreeMap::new() }
    }

    /// Sends messages at once; those of them that were taken before are not sent again.
    pub async fn send(&mut self, messages: &[Message]) -> Posted {
        let open: Vec<&Message> = messages.iter().filter(|message| !self.done.contains(&message.id)).collect();
        let answers = join_all(open.iter().map(|message| self.post(message))).await;
        let mut posted = Posted::default();
        for (Message { id, .. }, answer) in open.into_iter().zip(answers) {
            let Some(Answer { status, retry_after, .. }) = answer else {
                posted.again += 1;
                posted.why = "no answer".to_owned();
                continue;
            };
            let mut refused_for = || self.refused.entry(id.clone()).or_insert_with(Instant::now).elapsed();
            let gives_up = match status {
                200..300 => false,
                410 => true,
                // They mean another time, and not this event.
                408 | 425 | 429 => false,
                400..500 => refused_for() >= REFUSED,
                _ => false,
            };
            match (status, gives_up) {
                (200..300, _) => posted.sent += 1,
                (_, true) => {
                    tracing::warn!(event = id, status, "an event was given up (OTP_WEBHOOK_URL)");
                    posted.given_up += 1;
                }
                _ => {
                    posted.again += 1;
                    posted.why = format!("status {status}");
                    let asked = retry_after.filter(|_| matches!(status, 429 | 503)).map(Duration::from_secs);
                    posted.wait = posted.wait.max(asked.map(|wait| wait.min(WAIT_MAX)));
                    continue;
                }
            }
            self.refused.remove(id);
            self.done.insert(id.clone());
        }
        if posted.again == 0 {
            self.done.clear();
        }
        posted
    }

    /// `None` where there was no answer, or no request could be made.
    async fn post(&self, message: &Message) -> Option<Answer> {
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
        client.send(request.ok()?, false).await.ok()
    }
}
