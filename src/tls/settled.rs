//! A look at files that somebody may be about to replace.

use std::sync::Arc;

use rustls::pki_types::UnixTime;
use tokio::task::spawn_blocking;

use super::{News, Tls};

/// How often files that go on changing are waited for, before what is there is taken as it is.
const PATIENCE: usize = 5;

/// [`Tls::look`], once what is in the files is what was there a `pause` before: a certificate that stands beside the key
/// before it, or a list of authorities of which half is written, is over in no time, and must neither be used nor raise
/// an alarm. What is known already is not waited for. `None`: nothing new.
pub async fn settled<P: Future<Output = ()>>(tls: &Arc<Tls>, mut pause: impl FnMut() -> P) -> Option<News> {
    let mut before = blocking(tls, Tls::print).await?;
    for _ in 0..PATIENCE {
        if tls.knows(before) {
            break;
        }
        pause().await;
        let now = blocking(tls, Tls::print).await?;
        if now == before {
            break;
        }
        before = now;
    }
    blocking(tls, |tls| tls.look(UnixTime::now())).await?
}

/// The files may be on a disk that hangs. `None`: it panicked, which was logged.
async fn blocking<T: Send + 'static>(tls: &Arc<Tls>, read: impl FnOnce(&Tls) -> T + Send + 'static) -> Option<T> {
    let tls = Arc::clone(tls);
    spawn_blocking(move || read(&tls)).await.ok()
}
