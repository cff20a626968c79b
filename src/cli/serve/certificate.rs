//! The look at the listeners' certificate: every 10 s, and at once on SIGHUP.

use std::{
    io,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    http::{Connections, calls::health::Draining, limits::DRAIN},
    metrics::Metrics,
    tls::{News, Tls, settled},
};

/// Short beside the days for which a certificate is renewed before it ends; three small files are read.
const EVERY: Duration = Duration::from_secs(10);

/// For how long new files must be the same before they are used: whoever writes one after the other is done by then.
const SETTLED: Duration = Duration::from_secs(1);

/// The last second that has a name: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

/// Takes the listeners' certificate anew when its files have changed.
#[derive(Debug)]
pub struct CertificateWatcher {
    tls: Arc<Tls>,
    connections: Vec<Arc<Connections>>,
    hangup: Signal,
}

impl CertificateWatcher {
    /// Begins to listen for SIGHUP. `connections` are those on which `tls` is spoken.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new(tls: Arc<Tls>, connections: Vec<Arc<Connections>>) -> io::Result<Self> {
        Ok(Self { tls, connections, hangup: signal(SignalKind::hangup())? })
    }

    /// Looks until aborted, or tells that it does no more.
    pub async fn run_or_tell(self, metrics: Arc<Metrics>, draining: Arc<Draining>) {
        let _ = tokio::spawn(self.run(metrics)).await;
        tracing::error!("the look at the TLS certificate ended; no longer ready");
        draining.begin();
    }

    async fn run(mut self, metrics: Arc<Metrics>) {
        tell(&self.tls, &metrics, Some(&News::Good { callers: false }));
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = self.hangup.recv() => {}
            }
            let news = settled(&self.tls, || sleep(SETTLED)).await;
            if news == Some(News::Good { callers: true }) {
                // Whoever showed a certificate that is not taken any more must not go on for as long as he likes.
                for connections in &self.connections {
                    let connections = Arc::clone(connections);
                    tokio::spawn(async move { connections.renew(DRAIN).await });
                }
            }
            tell(&self.tls, &metrics, news.as_ref());
        }
    }
}

fn tell(tls: &Tls, metrics: &Metrics, news: Option<&News>) {
    let ends = tls.ends();
    match news {
        Some(News::Good { .. }) => {
            let expires = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(ends.min(LAST)));
            tracing::info!(%expires, "TLS certificate in use");
        }
        Some(News::Bad(bad)) => tracing::error!("{bad}; new connections get the TLS certificate from before"),
        None => {}
    }
    metrics.tls_certificate_bad.set(i64::from(tls.is_bad()));
    metrics.tls_certificate_expires.set(ends as f64);
}
