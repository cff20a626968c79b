//! The webhook: one signed POST an event, as Standard Webhooks has them. Any 2xx confirms it; nothing else does, and no
//! redirect is followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::{Stuck, shape::Message};
use crate::{config::WebhookTarget, event::time::rfc3339, net::Answer};

/// Most requests at once.
const UNDER_WAY: usize = 8;
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

    /// Sends messages, those of them that were not taken before, a few at once; each result goes to `count`.
    ///
    /// # Errors
    /// Some have to be sent again. Once one has, no more are begun.
    pub async fn send(&mut self, messages: &[Message], count: impl Fn(&str, u64)) -> Result<(), Stuck> {
        let Self { target, done, refused } = self;
        let open: Vec<&Message> = messages.iter().filter(|message| !done.contains(&message.id)).collect();
        let (mut open, mut under_way, mut stuck) = (open.into_iter(), FuturesUnordered::new(), None);
        loop {
            while stuck.is_none()
                && under_way.len() < UNDER_WAY
                && let Some(message) = open.next()
            {
                under_way.push(post(target, message));
            }
            let Some((Message { id, .. }, answer)) = under_way.next().await else { break };
            let (why, wait) = match answer {
                Ok(Answer { status: 200..300, .. }) => {
                    count("sent", 1);
                    done.insert(id.clone());
                    continue;
                }
                Ok(Answer { status, .. }) if is_hopeless(status, || refused_for(refused, id)) => {
                    tracing::warn!(event = id, status, "an event was given up (OTP_WEBHOOK_URL)");
                    count("given_up", 1);
                    done.insert(id.clone());
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
                done.clear();
                refused.clear();
                Ok(())
            }
        }
    }
}

fn refused_for(refused: &mut BTreeMap<String, Instant>, id: &str) -> Duration {
    refused.entry(id.to_owned()).or_insert_with(Instant::now).elapsed()
}

/// Answers with what was met instead where there was no answer, or no request could be made.
async fn post<'a>(target: &WebhookTarget, message: &'a Message) -> (&'a Message, Result<Answer, String>) {
    let WebhookTarget { client, signer, .. } = target;
    let Message { id, kind, time_ms, data, .. } = message;
    let request = signer.post(&client.endpoint.path, id, &format!("otp.{kind}"), &rfc3339(*time_ms), data);
    let answer = match request {
        Ok(request) => client.send(request, false).await.map_err(|lost| lost.why),
        Err(error) => Err(error.to_string()),
    };
    (message, answer)
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
