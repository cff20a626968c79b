//! Apps at work in the background.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use hyper::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{Answer, Client, client::fresh_ip, wait};

const VERIFICATIONS: &str = "/v1/verifications";
const CHECK: &str = "/v1/verifications/check";

/// Sends and checks, subject after subject, until stopped. The test's runtime must have threads to spare.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    pairs: Arc<AtomicUsize>,
    answers: Arc<AtomicUsize>,
    odd: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts `connections` apps. Each ends for good at the first call that gets no answer.
    pub fn start(client: &Client, connections: usize) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            pairs: Arc::default(),
            answers: Arc::default(),
            odd: Arc::default(),
            tasks: JoinSet::new(),
        };
        for app in 0..connections {
            let client = client.clone();
            let (stop, pairs, odd) = (load.stop.clone(), load.pairs.clone(), load.odd.clone());
            let answers = load.answers.clone();
            load.tasks.spawn(async move {
                for turn in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    match pair(&client, &format!("app{app}-{turn}"), &answers).await {
                        Ok(Ok(())) => {
                            pairs.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Err(answer)) => odd.lock().unwrap().push(format!("{answer:?}")),
                        Err(error) => return odd.lock().unwrap().push(format!("no answer: {error}")),
                    }
                }
            });
        }
        load
    }

    /// Codes issued and approved so far.
    pub fn pairs(&self) -> usize {
        self.pairs.load(Ordering::Relaxed)
    }

    /// Counts the answers of any kind that reached an app; live, so it can be read after [`Load::stop`].
    pub fn answers(&self) -> Arc<AtomicUsize> {
        self.answers.clone()
    }

    /// Waits until this many more were approved.
    pub async fn wait_pairs(&self, more: usize) {
        let goal = self.pairs() + more;
        let reached = || async { (self.pairs() >= goal).then_some(()) };
        wait::until_async("the load to make progress", wait::PATIENCE, reached).await;
    }

    /// Lets each app finish its call, and answers whatever was not as in quiet times.
    pub async fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        std::mem::take(&mut *self.odd.lock().unwrap())
    }
}

/// One code, issued and approved, or the answer that was neither.
async fn pair(client: &Client, subject: &str, answers: &AtomicUsize) -> io::Result<Result<(), Answer>> {
    let body = json!({"subject": subject, "ip": fresh_ip()}).to_string();
    let sent = client.try_call(Method::POST, VERIFICATIONS, body.into()).await?;
    answers.fetch_add(1, Ordering::Relaxed);
    if sent.status != 201 {
        return Ok(Err(sent));
    }
    let body = json!({"id": sent.body["id"], "code": sent.body["code"], "ip": fresh_ip()}).to_string();
    let checked = client.try_call(Method::POST, CHECK, body.into()).await?;
    answers.fetch_add(1, Ordering::Relaxed);
    Ok(if checked.body["valid"] == json!(true) { Ok(()) } else { Err(checked) })
}
