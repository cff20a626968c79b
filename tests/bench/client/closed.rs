//! Closed loop: every connection asks again as soon as it has its answer, which shows the most that can be had.

use std::{
    io,
    mem::MaybeUninit,
    time::{Duration, Instant},
};

use rustix::{event::epoll, time::Timespec};

use super::{Client, EVENTS, LAST_WITHIN, Told, Work};

impl Client {
    /// Asks on all connections for `lasts`, or until there is nothing left to ask.
    ///
    /// # Errors
    /// If a connection breaks, or an answer is 10 s late.
    pub fn closed(&mut self, work: &mut dyn Work, lasts: Duration) -> io::Result<Told> {
        let mut told = Told::default();
        let start = Instant::now();
        let mut under_way = 0;
        for connection in &mut self.connections {
            under_way += usize::from(connection.ask(start, |out| work.ask(out))?);
        }
        let mut asking = true;
        while under_way > 0 {
            let mut events = [MaybeUninit::<epoll::Event>::uninit(); EVENTS];
            let wait = Timespec { tv_sec: LAST_WITHIN.as_secs() as i64, tv_nsec: 0 };
            let (ready, _) = epoll::wait(&self.poll, &mut events, Some(&wait))?;
            if ready.is_empty() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for event in ready {
                let connection = &mut self.connections[event.data.u64() as usize];
                let judged = connection.read(|of, status, body| (of.since, work.judge(of.of, status, body)))?;
                let Some((since, judged)) = judged else { continue };
                let now = Instant::now();
                told.note(judged, now - since);
                under_way -= 1;
                asking = asking && now - start < lasts;
                under_way += usize::from(asking && connection.ask(now, |out| work.ask(out))?);
            }
        }
        told.seconds = start.elapsed().as_secs_f64();
        Ok(told)
    }
}
