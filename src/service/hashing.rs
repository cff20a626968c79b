//! The hash queue: threads that do nothing but Argon2, and tickets for a place before them.
//!
//! A ticket is taken before anything is charged or spent, so that `overloaded` costs a user nothing. It goes with the work
//! into its thread: a client that hangs up does not free a place whose hash still runs. Each thread keeps its own memory,
//! so the whole never takes more than threads × memory of one hash.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{metrics::Metrics, secret::argon::Scratch};

/// The longest queue that a ticket is still given for: beyond it a user is better told to come again.
const LONGEST_QUEUE: Duration = Duration::from_millis(250);
/// What a hash is thought to take before the first was measured: OWASP's cost on a slow core.
const FIRST_GUESS_US: u64 = 25_000;
/// Hash threads give way to the threads that answer all other calls (nice(2)).
const NICENESS: i32 = 10;

type Work = Box<dyn FnOnce(&mut Scratch) + Send>;

/// See the module.
#[derive(Debug)]
pub struct Hashing {
    work: Sender<Work>,
    load: Arc<Load>,
}

#[derive(Debug)]
struct Load {
    threads: usize,
    taken: AtomicUsize,
    mean_us: AtomicU64,
    metrics: Arc<Metrics>,
}

/// A place in the queue; given back when dropped.
#[derive(Debug)]
pub struct Ticket(Arc<Load>);

/// The queue is too long, or its threads are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded;

impl Hashing {
    /// Starts so many threads.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(threads: usize, metrics: Arc<Metrics>) -> io::Result<Self> {
        let (work, waiting) = channel::<Work>();
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..threads {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().name(format!("hash-{n}")).spawn(move || run(&waiting))?;
        }
        let mean_us = AtomicU64::new(FIRST_GUESS_US);
        Ok(Self { work, load: Arc::new(Load { threads, taken: AtomicUsize::new(0), mean_us, metrics }) })
    }

    /// A place in the queue.
    ///
    /// # Errors
    /// [`Overloaded`] if whoever takes it would wait longer than 250 ms, judged by how long hashes took lately.
    pub fn ticket(&self) -> Result<Ticket, Overloaded> {
        let before = self.load.taken.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket(Arc::clone(&self.load));
        self.load.tell();
        let rounds = (before / self.load.threads.max(1)) as u64;
        let wait = Duration::from_micros(rounds * self.load.mean_us.load(Ordering::Relaxed));
        if wait > LONGEST_QUEUE { Err(Overloaded) } else { Ok(ticket) }
    }

    /// Runs `hash` on one of the threads.
    ///
    /// # Errors
    /// [`Overloaded`] if the threads are gone.
    pub async fn run<T: Send + 'static>(
        &self,
        ticket: Ticket,
        hash: impl FnOnce(&mut Scratch) -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let (done, result) = oneshot::channel();
        let work = move |scratch: &mut Scratch| {
            let started = Instant::now();
            let hashed = hash(scratch);
            ticket.0.took(started.elapsed());
            drop(ticket);
            // Nobody waits any more where the client has hung up.
            let _ = done.send(hashed);
        };
        self.work.send(Box::new(work)).map_err(|_| Overloaded)?;
        result.await.map_err(|_| Overloaded)
    }
}

impl Load {
    fn took(&self, time: Duration) {
        self.metrics.hash_seconds.observe(time.as_secs_f64());
        let took = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // An exponential mean over the last eight or so; two threads that overwrite each other lose one sample.
        let mean = self.mean_us.load(Ordering::Relaxed);
        self.mean_us.store(mean - mean / 8 + took / 8, Ordering::Relaxed);
    }

    fn tell(&self) {
        self.metrics.hash_queue.set(i64::try_from(self.taken.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
        self.0.tell();
    }
}

fn run(waiting: &Mutex<Receiver<Work>>) {
    // Refused where priorities are forbidden; then the scheduler shares out evenly.
    let _ = rustix::process::nice(NICENESS);
    let mut scratch = Scratch::default();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        work(&mut scratch);
    }
}
