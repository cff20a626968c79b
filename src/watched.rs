//! [`Watched`]: files that may be replaced while we run, by somebody who may be in the middle of it.

use std::sync::Arc;

use tokio::task::spawn_blocking;

/// How often files that go on changing are waited for, before what is there is taken as it is.
const PATIENCE: usize = 5;

/// Files of which the last good ones are in use. All of it may block.
pub trait Watched: Send + Sync + 'static {
    /// What tells what is in them from anything else.
    type Stamp: PartialEq + Send + 'static;
    /// What a look finds that was not known before.
    type News: Send + 'static;

    /// Tells what is in the files now from what was there before.
    fn stamp(&self) -> Self::Stamp;

    /// Whether what is in the files was looked at before.
    fn knows(&self, stamp: &Self::Stamp) -> bool;

    /// Reads the files again, and uses them if they are good. `None`: nothing new.
    fn look(&self) -> Option<Self::News>;
}

/// [`Watched::look`], once what is in the files is what was there a `pause` before: a certificate that stands beside the key
/// before it, or a list of which half is written, is over in no time, and must neither be used nor raise an alarm. What is
/// known already is not waited for. `None`: nothing new, or it panicked, which was logged.
pub async fn settled<W: Watched, P: Future<Output = ()>>(
    files: &Arc<W>,
    mut pause: impl FnMut() -> P,
) -> Option<W::News> {
    let mut before = blocking(files, W::stamp).await?;
    for _ in 0..PATIENCE {
        if files.knows(&before) {
            break;
        }
        pause().await;
        let now = blocking(files, W::stamp).await?;
        if now == before {
            break;
        }
        before = now;
    }
    blocking(files, W::look).await?
}

/// The files may be on a disk that hangs.
async fn blocking<W: Watched, T: Send + 'static>(
    files: &Arc<W>,
    read: impl FnOnce(&W) -> T + Send + 'static,
) -> Option<T> {
    let files = Arc::clone(files);
    spawn_blocking(move || read(&files)).await.ok()
}
