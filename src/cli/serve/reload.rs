//! The reload: on SIGHUP, secrets that came by file are read again. [`super::watched`] does so with certificates.

use std::{convert::Infallible, ffi::OsString, future::pending, io, sync::Arc};

use secrecy::SecretSlice;
use serde_json::Value;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};

use crate::{
    config::{Config, Keys, ListenAddr, Secrets},
    http::{Authenticator, calls::admin::input::Tenants},
    renewable::Renewable,
    secret::PepperRing,
    service::Service,
};

/// Who may call either listener, shared with what answers there.
#[derive(Debug, Clone)]
pub struct Callers {
    /// Of the app's listener.
    pub app: Authenticator,
    /// Of the operator's listener.
    pub admin: Authenticator,
    /// Whose users there are.
    pub tenants: Arc<Renewable<Tenants>>,
    /// What operators are shown of the settings.
    pub in_force: Arc<Renewable<Vec<(String, Value)>>>,
}

impl Callers {
    /// Takes those that a start was given.
    pub fn new(config: &Config) -> Self {
        Self::of(&config.keys, &config.listen, &config.admin_listen, config.in_force.clone())
    }

    fn of(keys: &Keys, listens: &ListenAddr, admin_listens: &ListenAddr, in_force: Vec<(String, Value)>) -> Self {
        let tenants = Tenants::named(keys.api.iter().map(|key| key.name.as_str()));
        Self {
            app: Authenticator::new(&keys.api, listens.into()),
            admin: Authenticator::of_operators(&keys.admin, &keys.viewer, admin_listens.into()),
            tenants: Arc::new(Renewable::new(tenants)),
            in_force: Arc::new(Renewable::new(in_force)),
        }
    }

    /// Puts others in their place.
    fn renew(&self, secrets: &Secrets, config: &Config) {
        let new = Self::of(&secrets.keys, &config.listen, &config.admin_listen, Vec::new());
        self.app.renew(&new.app);
        self.admin.renew(&new.admin);
        self.tenants.set(new.tenants.get());
        let new = |name: &str| secrets.in_force.iter().find(|shown| shown.0 == name).map(|shown| shown.1.clone());
        let shown = self.in_force.get();
        let shown = shown.iter().map(|(name, value)| (name.clone(), new(name).unwrap_or_else(|| value.clone())));
        self.in_force.set(Arc::new(shown.collect()));
    }
}

/// Reads secrets again whenever SIGHUP asks for it, which would end us otherwise.
#[derive(Debug)]
pub struct Reloader {
    hangup: Signal,
    environment: Vec<(OsString, OsString)>,
    held: Vec<SecretSlice<u8>>,
}

impl Reloader {
    /// Begins to listen for SIGHUP. `environment` is what the start was given.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new(environment: &[(OsString, OsString)], config: &Config) -> io::Result<Self> {
        let held = [&config.index_key, &config.audit.key].into_iter().flatten().cloned().collect();
        Ok(Self { hangup: signal(SignalKind::hangup())?, environment: environment.to_vec(), held })
    }

    /// Reads them on each signal, until dropped. What cannot be read changes nothing.
    pub async fn run(mut self, config: &Config, callers: Callers, service: Arc<Service>) -> Infallible {
        while self.hangup.recv().await.is_some() {
            let (environment, held) = (self.environment.clone(), self.held.clone());
            match spawn_blocking(move || Secrets::read(environment, &held)).await {
                Ok(Ok(secrets)) => {
                    callers.renew(&secrets, config);
                    // Without any, the private server's own stays.
                    if let Some(ring) = PepperRing::new(&secrets.peppers) {
                        service.renew_peppers(ring);
                    }
                    // Numbers, by which whoever added or removed one sees that it was read.
                    let Keys { api, admin, viewer } = &secrets.keys;
                    tracing::info!(
                        api_keys = api.len(),
                        admin_keys = admin.len(),
                        viewer_keys = viewer.len(),
                        peppers = secrets.peppers.len(),
                        "secrets read again"
                    );
                }
                Ok(Err(mistakes)) => {
                    mistakes.iter().for_each(|mistake| tracing::error!("{mistake}; all secrets stay as they were"));
                }
                Err(error) => tracing::error!(%error, "secrets could not be read again"),
            }
        }
        pending().await
    }
}
