//! Where lines of the log go: into a buffer, which a thread of its own writes out as a whole.
//!
//! A busy sidecar logs tens of thousands of lines a second. Waking a thread and writing to a descriptor for each of them
//! costs more than deciding what they tell of, so the thread gathers for a moment before it writes.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait for whoever reads our standard error, some 4,000 lines. Lines beyond that are dropped and counted:
/// a reader that stopped must not stop the sidecar.
const WAITING: usize = 1024 * 1024;
/// How long lines are gathered. Nobody reads a log faster than this.
const GATHERED: Duration = Duration::from_millis(2);
/// A buffer that grew beyond this in a burst is given back.
const KEPT: usize = 64 * 1024;

/// How long the end of the log may take where its reader stopped.
pub const LONGEST_FLUSH: Duration = Duration::from_secs(1);

/// Takes lines; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Sink(Arc<Shared>);

/// Writes what is left when dropped, within [`LONGEST_FLUSH`].
#[derive(Debug)]
pub struct Guard(Sink);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to write, or it is time to end.
    something: Condvar,
    /// All is written and the thread has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    dropped: u64,
    /// Whether the thread waits to be told of a line.
    idle: bool,
    stop: bool,
    done: bool,
}

impl Sink {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<(Self, Guard)> {
        let sink = Self(Arc::default());
        let shared = Arc::clone(&sink.0);
        thread::Builder::new().name("log".into()).spawn(move || shared.write(out))?;
        Ok((sink.clone(), Guard(sink)))
    }

    /// Takes one whole line, its end included.
    pub fn line(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.lines.len() + line.len() > WAITING {
            state.dropped += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        if std::mem::take(&mut state.idle) {
            drop(state);
            self.0.something.notify_one();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut state = self.state();
            while state.lines.is_empty() && !state.stop {
                state.idle = true;
                state = self.something.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if !state.stop {
                // Lines that come now find nobody to wake; a stop ends the wait.
                state.idle = false;
                let gathering = self.something.wait_timeout(state, GATHERED);
                state = gathering.unwrap_or_else(PoisonError::into_inner).0;
            }
            std::mem::swap(&mut lines, &mut state.lines);
            let dropped = std::mem::take(&mut state.dropped);
            let last = state.stop;
            drop(state);
            // Whoever closed standard error does not want to read it.
            let _ = out.write_all(&lines);
            if dropped > 0 {
                let _ =
                    writeln!(out, "{{\"level\":\"WARN\",\"message\":\"log lines were dropped\",\"lines\":{dropped}}}");
            }
            let _ = out.flush();
            lines.clear();
            if lines.capacity() > KEPT {
                lines = Vec::new();
            }
            if last {
                break;
            }
        }
        self.state().done = true;
        self.ended.notify_all();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let shared = &self.0.0;
        let mut state = shared.state();
        state.stop = true;
        shared.something.notify_one();
        let until = Instant::now() + LONGEST_FLUSH;
        while !state.done {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return };
            state = shared.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut out = self.0.lock().unwrap();
            out.0.extend_from_slice(bytes);
            out.1 += 1;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_whole_in_order_and_many_at_a_time() {
        let out = Out::default();
        let (sink, guard) = Sink::start(out.clone()).unwrap();
        let expected: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
        expected.split_inclusive('\n').for_each(|line| sink.line(line.as_bytes()));
        drop(guard);
        let out = out.0.lock().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.0), expected);
        assert!(out.1 < 1000, "{} writes", out.1);
    }

    /// A reader that takes nothing until it is let.
    struct Stuck(mpsc::Receiver<()>, Out);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stopped_stops_nobody_and_is_told_what_it_missed() {
        let (let_go, held) = mpsc::channel();
        let out = Out::default();
        let (sink, guard) = Sink::start(Stuck(held, out.clone())).unwrap();
        let line = [b'x'; 1023].into_iter().chain([b'\n']).collect::<Vec<_>>();
        for _ in 0..4 * WAITING / line.len() {
            sink.line(&line);
        }
        drop(let_go);
        drop(guard);
        let text = String::from_utf8(out.0.lock().unwrap().0.clone()).unwrap();
        let written = text.lines().filter(|l| l.starts_with('x')).count();
        let told: usize = text
            .lines()
            .filter_map(|l| l.split("\"lines\":").nth(1)?.trim_end_matches('}').parse::<usize>().ok())
            .sum();
        assert!(told > 0);
        assert_eq!(written + told, 4 * WAITING / line.len());
    }

    #[test]
    fn the_end_waits_no_longer_than_it_may() {
        let (_let_go, held) = mpsc::channel();
        let (sink, guard) = Sink::start(Stuck(held, Out::default())).unwrap();
        sink.line(b"never read\n");
        let begun = Instant::now();
        drop(guard);
        assert!((LONGEST_FLUSH..LONGEST_FLUSH * 3).contains(&begun.elapsed()));
    }
}
