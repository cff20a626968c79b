//! `otp-sidecar serve`: a checklist from the environment to two listeners, and back down again.

mod apart;
mod background;
mod budget;
mod listeners;
mod notify;
mod quickstart;
mod reload;
mod runtime;
mod stop;
mod trail;
mod watch;
mod watched;

use std::{
    ffi::OsString,
    io::{IsTerminal as _, Write, stderr},
    sync::Arc,
    time::Instant,
};

use futures_util::future::OptionFuture;
use tokio::{runtime as threads, sync::watch as signal};

use super::exit::{Exit, Failure, ended};
use crate::{
    config::{Config, Diagnostic, LogFormat},
    http::{limits::READ_AT_ONCE, raise_descriptor_limit},
    telemetry::{self, Log, LostLines},
};
use background::Background;
use listeners::Addresses;
use reload::Reloader;
use runtime::Runtime;
use stop::Stop;
use trail::Opened;

/// Most threads that answer requests. One Redis is busy with what two of them bring.
const MOST_WORKERS: usize = 4;
const NO_THREADS: &str = "cannot start threads";
/// Descriptors beside the connections: listeners, store, files.
const SPARE_DESCRIPTORS: u64 = 64;

/// Serves until SIGTERM or SIGINT.
pub fn run(env: impl IntoIterator<Item = (OsString, OsString)>, path: &str, err: &mut impl Write) -> Exit {
    let environment: Vec<_> = env.into_iter().collect();
    let (config, warnings) = match Config::from_env(environment.iter().cloned()) {
        Ok(read) => read,
        Err(mistakes) => return ended(Err(mistakes.into()), err),
    };
    let format = telemetry::format(config.log_format);
    let log = Log::start(&config.log, format);
    crate::http::log_panics_without_content();
    for warning in &warnings {
        match format {
            LogFormat::Text if warning.variable == "OTP_PRESET" => {
                // Whoever closed standard error does not want to read it.
                let _ = writeln!(err, "{}", conspicuous(warning, stderr().is_terminal()));
            }
            _ => tracing::warn!("{warning}"),
        }
    }
    if let Some(warning) = raise_descriptors(config.max_connections) {
        tracing::warn!("{warning}");
    }
    let started = Instant::now();
    let Ok(threads) = threads() else { return logged(Failure::said(Exit::Fault, NO_THREADS)) };
    let start = Start { config: &config, environment: &environment, path, format, started };
    let done = threads.block_on(start.serve(log.lost()));
    threads.shutdown_timeout(budget::RUNTIME);
    done.err().unwrap_or(Exit::Done)
}

/// Raises the limit on descriptors to what so many connections on each listener need; a warning where it stays below.
fn raise_descriptors(max_connections: usize) -> Option<String> {
    let wanted = 2 * max_connections as u64 + SPARE_DESCRIPTORS;
    let limit = raise_descriptor_limit(wanted);
    let room = limit.saturating_sub(SPARE_DESCRIPTORS) / 2;
    (limit < wanted).then(|| {
        format!(
            "OTP_MAX_CONNECTIONS is {max_connections}, for which {wanted} descriptors are needed, but no more than {limit} may \
             be open: there is room for some {room} connections a listener (raise the hard limit: LimitNOFILE= of systemd, \
             ulimit -Hn, --ulimit nofile= of docker)"
        )
    })
}

/// What must not be passed over on a terminal, where it is written in yellow.
fn conspicuous(warning: &Diagnostic, terminal: bool) -> String {
    if terminal { format!("\x1b[33m{warning}\x1b[0m") } else { warning.to_string() }
}

/// Half the cores, since Redis and the app live beside us. One thread hands nothing over to another and wakes nobody: on
/// two cores it answers more than two threads do.
fn threads() -> std::io::Result<threads::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match (cores / 2).min(MOST_WORKERS) {
        0 | 1 => threads::Builder::new_current_thread().max_io_events_per_tick(READ_AT_ONCE).enable_all().build(),
        workers => threads::Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
    }
}

/// What a start is told.
struct Start<'a> {
    config: &'a Config,
    environment: &'a [(OsString, OsString)],
    path: &'a str,
    format: LogFormat,
    started: Instant,
}

impl Start<'_> {
    /// Opens what others see of us, then what we need, and serves. An error has been logged.
    async fn serve(self, lost: LostLines) -> Result<(), Exit> {
        // Before anything can be reached, so that whoever sees us can also stop us.
        let (Ok(stop), Ok(reloader)) = (Stop::new(), Reloader::new(self.environment, self.config)) else {
            return Err(Exit::Fault);
        };
        let addresses = Addresses::take(self.config)?;
        let runtime = Runtime::new(self.config, self.path).map_err(logged)?;
        let trail = trail::open(&runtime).map_err(logged)?;
        let alive = notify::live(Arc::clone(&runtime.draining));
        let reloading = reloader.run(self.config, runtime.callers.clone(), Arc::clone(&runtime.service));
        tokio::select! {
            done = self.up(addresses, runtime, trail, lost, stop) => done,
            never = alive => match never {},
            never = reloading => match never {},
        }
    }

    async fn up(
        &self,
        addresses: Addresses,
        runtime: Runtime<'_>,
        trail: Opened,
        lost: LostLines,
        mut signals: Stop,
    ) -> Result<(), Exit> {
        let (stop, stopped) = signal::channel(false);
        let address = addresses.app.address().to_string();
        let (operators, app) = addresses.open_admin(&runtime, &stopped)?;
        notify::waiting().await;
        // Or told to stop before the store was ever seen.
        let looked = tokio::select! {
            looked = runtime.first_look() => Some(looked.map_err(logged)?),
            () = signals.wait() => None,
        };
        let (mut callers, mut running) = (None, None);
        if looked.is_some() {
            callers = Some(app.open(&runtime, &stopped)?);
            let ready_in_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(version = env!("CARGO_PKG_VERSION"), ready_in_ms, "ready");
            notify::ready().await;
            quickstart::print_quickstart(self.config, &address, self.format, &mut stderr());
            let started = Background::start(&runtime, trail, lost);
            running =
                Some(started.map_err(|error| logged(Failure::said(Exit::Fault, format!("{NO_THREADS}: {error}"))))?);
            signals.wait().await;
        }
        tracing::info!("stopping");
        operators.watching.inspect(|watching| watching.abort());
        notify::stopping().await;
        runtime.draining.begin();
        signals.wait_at_most(budget::NOTICE).await;
        let _ = stop.send(true);
        let delivered = OptionFuture::from(running.as_ref().map(Background::stop_delivery));
        let _ = tokio::join!(OptionFuture::from(callers), operators.served, delivered);
        if let Some(background) = running {
            background.stop(budget::LAST_EXPORT, budget::LAST_SHIP).await;
        }
        Ok(())
    }
}

/// Says in the log why a start failed.
fn logged(Failure { exit, why }: Failure) -> Exit {
    tracing::error!("{why}");
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_is_shown_colours() {
        let warning = Diagnostic::of("OTP_PRESET", "is development");
        assert_eq!(conspicuous(&warning, true), "\x1b[33mOTP_PRESET is development\x1b[0m");
        assert_eq!(conspicuous(&warning, false), "OTP_PRESET is development");
    }
}
