//! `otp-sidecar serve`: a checklist from the environment to two listeners, and back down again.

mod apart;
mod background;
mod budget;
mod certificate;
mod notify;
mod parts;
mod stop;
mod trail;
mod watch;

use std::{
    ffi::OsString,
    io::{IsTerminal as _, Write},
    sync::Arc,
    time::Instant,
};

use tokio::{runtime, sync::watch as signal};

use super::{Exit, check_config};
use crate::{
    audit::sink::Sink,
    config::{Config, Diagnostic, LogFormat},
    http::{Connections, Limits, Listener, calls, raise_descriptor_limit, serve},
    telemetry,
};
use apart::apart;
use background::Background;
use certificate::Look;
use notify::Notify;
use parts::Parts;
pub(super) use parts::exit_of_embedded;
use stop::Stop;

/// Most threads that answer requests. One Redis is busy with what two of them bring.
const MOST_WORKERS: usize = 4;
/// Descriptors beside the connections: listeners, store, files.
const SPARE_DESCRIPTORS: u64 = 64;

/// Serves until SIGTERM or SIGINT.
pub fn run(env: impl IntoIterator<Item = (OsString, OsString)>, path: &str, err: &mut impl Write) -> Exit {
    let env: Vec<_> = env.into_iter().collect();
    let notify = Notify::new(&env, std::process::id());
    let (config, warnings) = match Config::from_env(env) {
        Ok(checked) => checked,
        Err(mistakes) => {
            // The exit code tells it as well.
            let _ = check_config::complain(&mistakes, err);
            return Exit::Config;
        }
    };
    let format = telemetry::format(config.log_format);
    let Ok(_log) = telemetry::start(&config.log, format) else {
        // Without it nothing can be told but by the exit code.
        return Exit::Fault;
    };
    crate::http::log_panics_without_content();
    for warning in &warnings {
        match format {
            LogFormat::Text if warning.variable == "OTP_PRESET" => {
                // Whoever closed standard error does not want to read it.
                let _ = writeln!(err, "{}", conspicuous(warning, std::io::stderr().is_terminal()));
            }
            _ => tracing::warn!("{warning}"),
        }
    }
    // The only provider in the tree; a second start in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(warning) = raise_descriptors(config.max_connections) {
        tracing::warn!("{warning}");
    }
    let started = Instant::now();
    let Ok(runtime) = runtime() else {
        tracing::error!("cannot start threads");
        return Exit::Fault;
    };
    let exit = runtime.block_on(async {
        // Before anything can be reached, so that whoever sees us can also stop us.
        let Ok(stop) = Stop::new() else { return Exit::Fault };
        let listeners = match bind(&config) {
            Ok(listeners) => listeners,
            Err(exit) => return exit,
        };
        let parts = Parts::new(&config, path);
        match parts.and_then(|parts| Ok((trail::sink(&config.audit, &config.data_dir, &parts)?, parts))) {
            Ok((sink, parts)) => {
                let draining = parts.draining();
                tokio::select! {
                    exit = up(&config, listeners, (parts, sink), stop, (format, started), &notify) => exit,
                    never = notify.live(draining) => match never {},
                }
            }
            Err((exit, why)) => {
                tracing::error!("{why}");
                exit
            }
        }
    });
    runtime.shutdown_timeout(budget::RUNTIME);
    exit
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
fn runtime() -> std::io::Result<runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match (cores / 2).min(MOST_WORKERS) {
        0 | 1 => runtime::Builder::new_current_thread().enable_all().build(),
        workers => runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
    }
}

fn bind(config: &Config) -> Result<[Listener; 2], Exit> {
    let bind = |name, address| {
        let bound = Listener::bind(address).map(|listener| listener.with_tls(config.tls.clone()));
        bound.map_err(|error| {
            tracing::error!(listener = name, "{error}");
            parts::exit_of(&error)
        })
    };
    Ok([bind("app", &config.listen)?, bind("admin", &config.admin_listen)?])
}

async fn up(
    config: &Config,
    [app_listener, admin_listener]: [Listener; 2],
    (parts, sink): (Parts, Sink),
    mut signals: Stop,
    (format, started): (LogFormat, Instant),
    notify: &Notify,
) -> Exit {
    let (stop, stopped) = signal::channel(false);
    let connections = [Connections::new(config.max_connections), Connections::new(config.max_connections)];
    let secure = [(&app_listener, &connections[0]), (&admin_listener, &connections[1])];
    let secure =
        secure.into_iter().filter(|(listener, _)| listener.is_secure()).map(|(_, of)| Arc::clone(of)).collect();
    let look = config.tls.as_ref().map(|tls| Look::new(Arc::clone(tls), secure)).transpose();
    let Ok(look) = look else { return Exit::Fault };
    let looking = look.map(|look| tokio::spawn(look.run_or_tell(parts.metrics(), parts.draining())));
    let addresses = [app_listener.address().to_string(), admin_listener.address().to_string()];
    for (listener, address) in ["app", "admin"].iter().zip(&addresses) {
        tracing::info!(listener, address, "listening");
    }
    let (app, admin) = parts.listeners(config, &connections);
    let [app_connections, admin_connections] = connections;
    let until = |mut stopped: signal::Receiver<bool>| async move {
        let _ = stopped.wait_for(|&stop| stop).await;
    };
    let serving_app = tokio::spawn(serve(
        app_listener,
        Limits::default(),
        app_connections,
        move |request| calls::app::App::handle(Arc::clone(&app), request),
        until(stopped.clone()),
    ));
    let serving_admin = serve(
        admin_listener,
        Limits::default(),
        admin_connections,
        move |request| calls::admin::Admin::handle(Arc::clone(&admin), request),
        until(stopped.clone()),
    );
    let Ok(serving_admin) = apart("admin", serving_admin) else {
        tracing::error!("cannot start threads");
        return Exit::Fault;
    };
    notify.waiting();
    let looked = tokio::select! {
        looked = parts.first_look() => Some(looked),
        () = signals.wait() => None,
    };
    let mut background = None;
    match looked {
        Some(Err(why)) => {
            tracing::error!("{why}");
            return Exit::Unreachable;
        }
        Some(Ok(())) => {
            let ready_in_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(version = env!("CARGO_PKG_VERSION"), ready_in_ms, "ready");
            notify.ready();
            parts.greet(config, &addresses[0], format);
            match Background::start(&parts, sink) {
                Ok(started) => background = Some(started),
                Err(error) => {
                    tracing::error!(%error, "cannot start threads");
                    return Exit::Fault;
                }
            }
            signals.wait().await;
        }
        // Told to stop before the store was ever seen.
        None => {}
    }
    tracing::info!("stopping");
    looking.inspect(|looking| looking.abort());
    notify.stopping();
    parts.drain();
    signals.wait_at_most(budget::NOTICE).await;
    let _ = stop.send(true);
    let _ = tokio::join!(serving_app, serving_admin);
    if let Some(background) = background {
        background.stop(budget::LAST_EXPORT).await;
    }
    Exit::Done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_on_descriptors_that_cannot_be_raised_is_told_with_both_numbers() {
        assert_eq!(raise_descriptors(1), None);
        let told = raise_descriptors(usize::MAX >> 8).unwrap();
        assert!(told.starts_with("OTP_MAX_CONNECTIONS is 72057594037927935"), "{told}");
        assert!(told.contains("144115188075855934 descriptors") && told.contains("ulimit -Hn"), "{told}");
    }

    #[test]
    fn only_a_terminal_is_shown_colours() {
        let warning = Diagnostic { variable: "OTP_PRESET".into(), problem: "is development".into() };
        assert_eq!(conspicuous(&warning, true), "\x1b[33mOTP_PRESET is development\x1b[0m");
        assert_eq!(conspicuous(&warning, false), "OTP_PRESET is development");
    }
}
