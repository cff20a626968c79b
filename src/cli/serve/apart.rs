//! A thread for what must not stand before anybody's answer.

use std::{io, thread};

use tokio::{runtime, sync::oneshot};

/// Whoever waits for an answer of the app comes first (nice(2)): so much less than the app may operators and sinks take of the
/// processors where there are too few. Threads that are started from theirs, to read and sort events, inherit it.
pub const OPERATORS: i32 = 10;
/// The same of the exporter: what is left of the processors is far more than the trail needs.
pub const EXPORTER: i32 = 5;

/// Runs `future` on a thread and a runtime of its own, called `name` and so much less important, and with it all that it starts
/// and all connections that it makes; what is returned has what it ends with.
///
/// # Errors
/// If there can be no thread, or no runtime on it.
pub fn apart<F>(name: &str, niceness: i32, future: F) -> io::Result<oneshot::Receiver<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, ended) = oneshot::channel();
    thread::Builder::new().name(name.into()).spawn(move || {
        // Where a thread may not be less important, it is as important as all others.
        let _ = rustix::process::nice(niceness);
        // Nobody may be waiting any more.
        let _ = done.send(runtime.block_on(future));
        runtime.shutdown_background();
    })?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_runs_apart_and_what_it_starts_give_way() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let apart = apart("test", OPERATORS, async move { [nice(), tokio::task::spawn_blocking(nice).await.unwrap()] });
        assert_eq!(apart.unwrap().await.unwrap(), [before + OPERATORS; 2]);
        assert_eq!(nice(), before);
    }
}
