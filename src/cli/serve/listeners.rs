//! Where we are called. Both addresses are taken first; operators and probes are answered from then on, the app once calls can
//! be decided: until then its connections are refused, and whoever can calls another sidecar, having sent nothing.

use std::sync::Arc;

use tokio::{
    sync::{oneshot, watch::Receiver},
    task::JoinHandle,
};

use super::{
    apart::{OPERATORS, apart},
    background::without_end,
    runtime::Runtime,
    watched,
};
use crate::{
    cli::exit::Exit,
    config::{Config, ListenAddr},
    http::{Bound, Connections, Drained, Limits, ListenError, Listener, calls, serve},
};

/// The addresses, nobody being answered there yet.
pub struct Addresses {
    /// The app's.
    pub app: Bound,
    admin: Bound,
}

/// The app's address and its connections, of which there are none yet.
pub struct AppDoor {
    address: Bound,
    connections: Arc<Connections>,
}

/// What answers operators, and looks after the certificate of both listeners.
pub struct Operators {
    pub served: oneshot::Receiver<Drained>,
    pub watching: Option<JoinHandle<()>>,
}

impl Addresses {
    /// Takes both; a mistake has been logged.
    pub fn take(config: &Config) -> Result<Self, Exit> {
        let take = |name, address: &ListenAddr| Bound::to(address).map_err(|error| complain(name, &error));
        Ok(Self {
            app: take("app", &config.listen)?.with_tls(config.tls.clone()),
            admin: take("admin", &config.admin_listen)?.with_tls(config.tls.clone()),
        })
    }

    /// Answers operators until `stopped` says so.
    pub fn open_admin(self, runtime: &Runtime<'_>, stopped: &Receiver<bool>) -> Result<(Operators, AppDoor), Exit> {
        let Self { app, admin } = self;
        let [connections, own] = [(); 2].map(|()| Connections::new(runtime.config.max_connections));
        let secure = [(&app, &connections), (&admin, &own)].into_iter().filter(|(address, _)| address.is_secure());
        let secure = secure.map(|(_, of)| Arc::clone(of)).collect();
        let watching =
            runtime.config.tls.clone().map(|tls| watched::certificate(tls, secure, Arc::clone(&runtime.metrics)));
        let counted = vec![("app", Arc::clone(&connections)), ("admin", Arc::clone(&own))];
        let handler = Arc::new(runtime.admin(counted));
        let served = serve(
            listen("admin", admin)?,
            Limits::default(),
            own,
            move |request| calls::admin::Admin::handle(Arc::clone(&handler), request),
            until(stopped.clone()),
        );
        let served =
            apart("admin", OPERATORS, served).inspect_err(|error| tracing::error!(%error, "cannot start threads"));
        let (Ok(watching), Ok(served)) = (watching.transpose(), served) else { return Err(Exit::Fault) };
        let watching = watching.map(|watching| {
            let what = "the look at the TLS certificate";
            tokio::spawn(without_end(what, Arc::clone(&runtime.draining), watching))
        });
        Ok((Operators { served, watching }, AppDoor { address: app, connections }))
    }
}

impl AppDoor {
    /// Answers the app until `stopped` says so.
    pub fn open(self, runtime: &Runtime<'_>, stopped: &Receiver<bool>) -> Result<JoinHandle<Drained>, Exit> {
        let handler = Arc::new(runtime.app());
        Ok(tokio::spawn(serve(
            listen("app", self.address)?,
            Limits::default(),
            self.connections,
            move |request| calls::app::App::handle(Arc::clone(&handler), request),
            until(stopped.clone()),
        )))
    }
}

fn listen(name: &str, address: Bound) -> Result<Listener, Exit> {
    let listener = address.listen().map_err(|error| complain(name, &error))?;
    tracing::info!(listener = name, address = %listener.address(), "listening");
    Ok(listener)
}

fn complain(listener: &str, error: &ListenError) -> Exit {
    tracing::error!(listener, "{error}");
    Exit::from(error)
}

async fn until(mut stopped: Receiver<bool>) {
    let _ = stopped.wait_for(|&stop| stop).await;
}
