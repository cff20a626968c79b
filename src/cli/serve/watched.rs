//! The look at the listeners' certificate and at the location files: every 10 s, and at once on SIGHUP.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    event::time::rfc3339_seconds,
    http::{Connections, limits::DRAIN},
    metrics::Metrics,
    risk::geo::{self, Locations},
    tls::{self, Tls},
    watched::{Watched, settled},
};

/// Short beside the days or weeks for which such files are good; three small ones are read, or none.
const EVERY: Duration = Duration::from_secs(10);
/// For how long new files must be the same before they are used: whoever writes one after the other is done by then.
const SETTLED: Duration = Duration::from_secs(1);

/// Looks until dropped, and has each look `told`; SIGHUP is listened for from now on.
///
/// # Errors
/// If the operating system refuses.
fn watch<W: Watched>(
    files: Arc<W>,
    mut told: impl FnMut(Option<W::News>) + Send,
) -> io::Result<impl Future<Output = ()> + Send> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = hangup.recv() => {}
            }
            told(settled(&files, || sleep(SETTLED)).await);
        }
    })
}

/// Takes the listeners' certificate anew when its files have changed; `connections` are those on which it is spoken.
///
/// # Errors
/// If the operating system refuses.
pub fn certificate(
    tls: Arc<Tls>,
    connections: Vec<Arc<Connections>>,
    metrics: Arc<Metrics>,
) -> io::Result<impl Future<Output = ()> + Send> {
    let watched = Arc::clone(&tls);
    let told = move |news: Option<tls::News>| {
        let ends = tls.ends();
        match &news {
            Some(tls::News::Good { callers }) => {
                // Whoever showed a certificate that is not taken any more must not go on for as long as he likes.
                for connections in connections.iter().filter(|_| *callers) {
                    let connections = Arc::clone(connections);
                    tokio::spawn(async move { connections.renew(DRAIN).await });
                }
                let expires = rfc3339_seconds(ends.saturating_mul(1000));
                tracing::info!(%expires, "TLS certificate in use");
            }
            Some(tls::News::Bad(bad)) => {
                tracing::error!("{bad}; new connections get the TLS certificate from before");
            }
            None => {}
        }
        metrics.tls_certificate_bad.set(i64::from(tls.is_bad()));
        metrics.tls_certificate_expires.set(ends as f64);
    };
    told(Some(tls::News::Good { callers: false }));
    watch(watched, told)
}

/// Takes location files anew when they have changed.
///
/// # Errors
/// If the operating system refuses.
pub fn locations(locations: Arc<Locations>, metrics: Arc<Metrics>) -> io::Result<impl Future<Output = ()> + Send> {
    let watched = Arc::clone(&locations);
    let told = move |news| {
        match news {
            Some(geo::News::Good) => tracing::info!("location files read again"),
            Some(geo::News::Bad(why)) => tracing::error!("OTP_GEO_DB {why}; locations are those from before"),
            None => {}
        }
        metrics.geo_bad.set(locations.is_bad().into());
        metrics.geo_built.set(locations.built() as f64);
    };
    told(None);
    watch(watched, told)
}
