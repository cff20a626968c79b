//! The first two calls, for a newcomer.

use std::io::Write;

use crate::config::{Config, ListenAddr, LogFormat, StoreTarget};

/// Prints them to `err` where everything is its default; `address` is where the app's interface listens.
pub fn print_quickstart(config: &Config, address: &str, format: LogFormat, err: &mut impl Write) {
    let is_default = matches!(config.store, StoreTarget::Embedded { .. }) && config.keys.api.is_empty();
    if !is_default || format != LogFormat::Text {
        return;
    }
    let to = match &config.listen {
        ListenAddr::Tcp(_) if config.tls.is_some() => format!("https://{address}"),
        ListenAddr::Tcp(_) => format!("http://{address}"),
        ListenAddr::Unix(path) => format!("--unix-socket {} http://localhost", path.display()),
    };
    let json = "-H 'content-type: application/json'";
    // Whoever closed standard error does not want to read it.
    let _ = write!(
        err,
        "\n  otp-sidecar is ready. Ask for a code:\n\n    \
         curl -s {to}/v1/verifications {json} -d '{{\"subject\":\"ann@example.com\",\"ip\":\"203.0.113.7\"}}'\n\n  \
         and check it, with the code from the answer in place of 000000:\n\n    \
         curl -s {to}/v1/verifications/check {json} -d '{{\"subject\":\"ann@example.com\",\"code\":\"000000\",\"ip\":\"203.0.113.7\"}}'\n\n"
    );
}
