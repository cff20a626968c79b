//! Sends offered to a sidecar, one new subject each: by apps that wait for their answers, or at a rate of their own.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::Method;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::support::{Answer, Client, Rig, client::fresh_ip};

/// What became of the calls of one stretch.
#[derive(Debug, Default)]
pub struct Told {
    /// Codes issued.
    pub accepted: usize,
    pub overloaded: usize,
    /// Subjects of the calls that were `overloaded`.
    pub subjects: Vec<String>,
    /// What was neither, in words.
    pub odd: Vec<String>,
    /// How long answers took, from when each call was due.
    took: Vec<Duration>,
    refused_took: Vec<Duration>,
    pub lasted: Duration,
}

impl Told {
    /// Codes issued in a second.
    pub fn goodput(&self) -> f64 {
        self.accepted as f64 / self.lasted.as_secs_f64()
    }

    /// What accepted calls took in the worst hundredth.
    pub fn p99(&self) -> Duration {
        percentile(&self.took, 99)
    }

    /// What half of the refusals took at most.
    pub fn refused_within(&self) -> Duration {
        percentile(&self.refused_took, 50)
    }

    /// Calls that were not accepted, for whatever reason.
    pub fn refused(&self) -> usize {
        self.overloaded + self.odd.len()
    }

    fn note(&mut self, (subject, answer): (String, std::io::Result<Answer>), took: Duration) {
        match answer {
            Ok(answer) if answer.status == 201 => {
                self.accepted += 1;
                self.took.push(took);
            }
            Ok(answer) if answer.body["code"] == "overloaded" => {
                answer.refused(503, "overloaded");
                self.overloaded += 1;
                self.subjects.push(subject);
                self.refused_took.push(took);
            }
            Ok(answer) => self.odd.push(format!("{} {}", answer.status, answer.body["code"])),
            Err(error) => self.odd.push(error.to_string()),
        }
    }
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

async fn send(client: &Client) -> (String, std::io::Result<Answer>) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let subject = format!("user{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let body = json!({"subject": subject, "ip": fresh_ip()}).to_string();
    (subject, client.try_call(Method::POST, "/v1/verifications", body.into()).await)
}

/// After a refusal, an app that waits for answers leaves it be for so long.
const REST: Duration = Duration::from_millis(50);

/// From `apps` connections, each of which waits for its answer before it asks again.
pub async fn closed(rig: &Rig, apps: usize, lasts: Duration) -> Told {
    let told = Arc::new(Mutex::new(Told::default()));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..apps {
        let (client, told) = (rig.client.clone(), Arc::clone(&told));
        tasks.spawn(async move {
            while start.elapsed() < lasts {
                let due = Instant::now();
                let answer = send(&client).await;
                let refused = answer.1.as_ref().is_ok_and(|answer| answer.status == 503);
                told.lock().unwrap().note(answer, due.elapsed());
                if refused {
                    sleep(REST).await;
                }
            }
        });
    }
    tasks.join_all().await;
    finish(told, start)
}

/// So many a second, whether or not the ones before were answered.
pub async fn open(rig: &Rig, rate: f64, lasts: Duration) -> Told {
    let told = Arc::new(Mutex::new(Told::default()));
    let free: Arc<Mutex<Vec<Client>>> = Arc::default();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..(rate * lasts.as_secs_f64()) as u32 {
        let due = start + Duration::from_secs_f64(f64::from(n) / rate);
        sleep_until(due).await;
        let client = free.lock().unwrap().pop().unwrap_or_else(|| rig.client.clone());
        let (free, told) = (Arc::clone(&free), Arc::clone(&told));
        tasks.spawn(async move {
            let answer = send(&client).await;
            told.lock().unwrap().note(answer, due.elapsed());
            free.lock().unwrap().push(client);
        });
    }
    tasks.join_all().await;
    finish(told, start)
}

fn finish(told: Arc<Mutex<Told>>, start: Instant) -> Told {
    let mut told = std::mem::take(&mut *told.lock().unwrap());
    told.lasted = start.elapsed();
    told
}

/// Asks for what must be answered whatever else is asked, again and again until dropped.
#[derive(Debug)]
pub struct Probes {
    _tasks: JoinSet<()>,
    waits: Arc<Mutex<Vec<(u16, Duration)>>>,
}

impl Probes {
    pub fn start(rig: &Rig) -> Self {
        let waits: Arc<Mutex<Vec<_>>> = Arc::default();
        let mut tasks = JoinSet::new();
        let admin = rig.sidecar.admin_client();
        for (client, path) in [
            (rig.client.clone(), "/livez"),
            (rig.client.clone(), "/readyz"),
            (admin.clone(), "/metrics"),
            (admin, "/readyz"),
        ] {
            let waits = Arc::clone(&waits);
            tasks.spawn(async move {
                loop {
                    let asked = Instant::now();
                    let answer = client.get(path).await;
                    waits.lock().unwrap().push((answer.status, asked.elapsed()));
                    sleep(Duration::from_millis(20)).await;
                }
            });
        }
        Self { _tasks: tasks, waits }
    }

    /// How often all were answered together since this was last asked, and what the worst hundredth waited.
    ///
    /// # Panics
    /// If one was answered otherwise than in quiet times.
    pub fn take(&self) -> (usize, Duration) {
        let waits = std::mem::take(&mut *self.waits.lock().unwrap());
        let odd: Vec<_> = waits.iter().filter(|(status, _)| *status != 200).collect();
        assert!(odd.is_empty(), "{odd:?}");
        let waits: Vec<_> = waits.into_iter().map(|(_, wait)| wait).collect();
        (waits.len(), percentile(&waits, 99))
    }
}
