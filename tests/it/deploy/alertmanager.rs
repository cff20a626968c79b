//! An Alertmanager as it is deployed, only faster, and with somebody at the other end of its receivers.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{
    daemon::{Daemon, place, read, swap},
    prometheus::named,
};
use crate::support::{Address, Client};

/// Receiver, namespace and name of an alert that somebody was told.
pub type Told = (String, String, String);

/// See the module.
#[derive(Debug)]
pub struct Alertmanager {
    /// Ended with it.
    _daemon: Daemon,
    address: SocketAddr,
    told: Arc<Mutex<Heard>>,
}

/// What the receivers heard.
#[derive(Debug, Default)]
struct Heard {
    firing: BTreeSet<Told>,
    resolved: BTreeSet<Told>,
}

impl Alertmanager {
    /// Starts one whose receivers are all listened to.
    pub async fn start() -> Self {
        let told: Arc<Mutex<Heard>> = Arc::default();
        let pager = listen(Arc::clone(&told)).await;
        let mut config = swap(&read("prometheus/alertmanager.yml"), "group_wait: 30s", "group_wait: 0s");
        config = swap(&config, "group_interval: 5m", "group_interval: 1s");
        for receiver in ["page", "ticket", "heartbeat"] {
            let to = format!("  - name: {receiver}\n    webhook_configs: [{{url: \"http://{pager}/{receiver}\"}}]\n");
            config = swap(&config, &format!("  - name: {receiver}\n"), &to);
        }
        let dir = place("alertmanager");
        fs::write(dir.path().join("alertmanager.yml"), config).expect("a configuration");
        let arguments = [
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            "--web.listen-address=127.0.0.1:0",
            "--cluster.listen-address=",
        ];
        let mut daemon = Daemon::start("prometheus-alertmanager", dir, &arguments);
        let address = daemon.listening();
        Self { _daemon: daemon, address, told }
    }

    /// Where Prometheus finds it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What anybody was told so far.
    pub fn told(&self) -> BTreeSet<Told> {
        self.told.lock().unwrap().firing.clone()
    }

    /// Of what anybody was told that it is over.
    pub fn over(&self) -> BTreeSet<Told> {
        self.told.lock().unwrap().resolved.clone()
    }

    /// Namespace and name of the alerts that it knows and tells nobody, because of others.
    pub async fn held_back(&self) -> BTreeSet<(String, String)> {
        let answer = Client::new(Address::Tcp(self.address)).get("/api/v2/alerts").await;
        let alerts = answer.body.as_array().cloned().unwrap_or_default();
        alerts
            .iter()
            .filter(|alert| alert["status"]["state"] == "suppressed")
            .map(|alert| named(&alert["labels"]))
            .collect()
    }
}

/// A server that notes whatever alerts are posted to it, by its path.
async fn listen(told: Arc<Mutex<Heard>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let told = Arc::clone(&told);
            let note = service_fn(move |request| note(request, Arc::clone(&told)));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), note));
        }
    });
    address
}

async fn note(request: Request<Incoming>, told: Arc<Mutex<Heard>>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let receiver = request.uri().path().trim_start_matches('/').to_owned();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut heard = told.lock().unwrap();
    for alert in message["alerts"].as_array().into_iter().flatten() {
        let (namespace, name) = named(&alert["labels"]);
        let what = (receiver.clone(), namespace, name);
        match alert["status"].as_str() {
            Some("firing") => heard.firing.insert(what),
            _ => heard.resolved.insert(what),
        };
    }
    drop(heard);
    Ok(Response::new(Empty::new()))
}
