//! Open loop: calls are due at fixed times, whether or not those before were answered. Times count from when a call was
//! due, so that a server that stands still is charged with all who had to wait (no coordinated omission).

use std::{
    collections::VecDeque,
    io,
    mem::MaybeUninit,
    time::{Duration, Instant},
};

use rustix::{
    event::epoll,
    fd::OwnedFd,
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime},
};

use super::{Client, EVENTS, LAST_WITHIN, Told, Work};

/// What the timer's events are known by; connections count from 0.
const TIMER: u64 = u64::MAX;

impl Client {
    /// Asks `rate` times a second for `lasts`, or until there is nothing left to ask. A call that is due while no connection is free waits for one.
    ///
    /// # Errors
    /// If a connection breaks, or an answer is 10 s late.
    pub fn open(&mut self, work: &mut dyn Work, rate: f64, lasts: Duration) -> io::Result<Told> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        // An edge each time it is set and ends: it need not be read.
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&self.poll, &timer, epoll::EventData::new_u64(TIMER), flags)?;
        let told = self.on_time(work, rate, (rate * lasts.as_secs_f64()) as usize, &timer);
        epoll::delete(&self.poll, &timer)?;
        told
    }

    fn on_time(&mut self, work: &mut dyn Work, rate: f64, mut calls: usize, timer: &OwnedFd) -> io::Result<Told> {
        let mut told = Told::default();
        let mut free: VecDeque<usize> = (0..self.connections.len()).collect();
        let start = Instant::now();
        let due = |call: usize| start + Duration::from_secs_f64(call as f64 / rate);
        let (mut asked, mut answered) = (0, 0);
        while answered < calls {
            let now = Instant::now();
            while asked < calls && due(asked) <= now {
                let Some(connection) = free.pop_front() else { break };
                if !self.connections[connection].ask(due(asked), |out| work.ask(out))? {
                    calls = asked;
                    break;
                }
                asked += 1;
            }
            if answered == calls {
                break;
            }
            if asked < calls && !free.is_empty() {
                set(timer, due(asked).saturating_duration_since(Instant::now()))?;
            }
            let mut events = [MaybeUninit::<epoll::Event>::uninit(); EVENTS];
            let wait = Timespec { tv_sec: LAST_WITHIN.as_secs() as i64, tv_nsec: 0 };
            let (ready, _) = epoll::wait(&self.poll, &mut events, Some(&wait))?;
            if ready.is_empty() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for event in ready.iter().filter(|event| event.data.u64() != TIMER) {
                let index = event.data.u64() as usize;
                let judge = |of: super::UnderWay, status, body: &[u8]| (of.since, work.judge(of.of, status, body));
                let Some((since, judged)) = self.connections[index].read(judge)? else { continue };
                told.note(judged, since.elapsed());
                answered += 1;
                free.push_back(index);
            }
        }
        told.seconds = start.elapsed().as_secs_f64();
        Ok(told)
    }
}

fn set(timer: &OwnedFd, after: Duration) -> io::Result<()> {
    // Zero would switch it off.
    let after = after.max(Duration::from_nanos(1));
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: after.as_secs() as i64, tv_nsec: after.subsec_nanos().into() },
    };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &once)?;
    Ok(())
}
