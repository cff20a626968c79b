//! What the sidecar is compared with: servers that do less, each a process of its own.

pub mod bare;
pub mod reference;

use std::{convert::Infallible, future::Future};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, UnixListener};

use crate::support::{Address, address::Stream};

/// The word that starts [`reference`].
pub const REFERENCE: &str = "reference";
/// The word that starts [`bare`].
pub const HYPER: &str = "hyper";

/// Answers every request on `address` with `handler`, on one thread, until killed.
async fn serve<H, F>(address: &Address, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Clone + 'static,
    F: Future<Output = Response<Full<Bytes>>> + 'static,
{
    match address {
        Address::Tcp(address) => {
            let listener = TcpListener::bind(address).await.expect("a free address");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("a TCP socket");
                tokio::task::spawn_local(connection(stream, handler.clone()));
            }
        }
        Address::Unix(path) => {
            let listener = UnixListener::bind(path).expect("a free path");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::task::spawn_local(connection(stream, handler.clone()));
            }
        }
    }
}

async fn connection<H, F>(stream: impl Stream + 'static, handler: H)
where
    H: Fn(Request<Incoming>) -> F + 'static,
    F: Future<Output = Response<Full<Bytes>>> + 'static,
{
    let handler = &handler;
    let service = service_fn(move |request| async move { Ok::<_, Infallible>(handler(request).await) });
    // However it ended, the client sees it too.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn answer(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    answer.body(Full::new(body.into())).expect("a well-formed answer")
}

/// Runs `work` on a runtime of one thread.
fn on_one_thread(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, work);
}
