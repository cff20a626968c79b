//! A real rsyslog with the configuration that we ship: killed, frozen, and killed while it is frozen, it has every event in
//! the end.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Identities, all_arrive, all_written, rig};
use crate::support::{
    Authority, TrailDir, process,
    trail::identity,
    wait::{self, PATIENCE},
};

/// rsyslog on a socket, a port and a port with TLS.
pub struct Rsyslog {
    dir: TempDir,
    authority: Authority,
    ports: [u16; 2],
    child: Option<Child>,
}

impl Rsyslog {
    pub fn new() -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = tempfile::Builder::new().prefix("otp-rsyslog-").tempdir().unwrap();
        Self { dir, authority: Authority::new(), ports: [free(), free()], child: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn url(&self, scheme: &str) -> String {
        match scheme {
            "unix" => format!("unix:{}", self.path("log").display()),
            "syslog+tcp" => format!("{scheme}://127.0.0.1:{}", self.ports[0]),
            _ => format!("{scheme}://127.0.0.1:{}", self.ports[1]),
        }
    }

    pub fn start(&mut self) {
        let shipped =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rsyslog/otp-sidecar.conf")).unwrap();
        // The lines about TLS are there for whoever wants it.
        let tls = |line: &str| line.strip_prefix("# ").unwrap_or_default().trim_start().to_owned();
        let wanted = |line: &str| {
            ["global(", "defaultNet", "input(", "streamDriver"].iter().any(|begin| line.starts_with(begin))
        };
        let lines = shipped.lines().map(|line| if wanted(&tls(line)) { tls(line) } else { line.to_owned() });
        let (identity, socket) = (self.authority.issue("rsyslog"), self.path("log"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let text = [
            ("port=\"601\"", format!("port=\"{}\"", self.ports[0])),
            ("port=\"6514\"", format!("port=\"{}\" address=\"127.0.0.1\"", self.ports[1])),
            ("/etc/rsyslog.d/ca.pem", self.authority.cert().display().to_string()),
            ("/etc/rsyslog.d/cert.pem", identity.cert.display().to_string()),
            ("/etc/rsyslog.d/key.pem", identity.key.display().to_string()),
            ("/run/otp-sidecar-log", socket.display().to_string()),
            ("/var/log/otp-sidecar.json", self.path("out").display().to_string()),
        ]
        .iter()
        .fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{from} is not in the configuration");
            text.replace(from, to)
        });
        let ours = format!(
            "global(workDirectory=\"{}\")\nmodule(load=\"imuxsock\" sysSock.use=\"off\")\n{text}\n",
            self.dir.path().display()
        );
        fs::write(self.path("conf"), ours).unwrap();
        let _ = fs::remove_file(&socket);
        let mut command = process::command("rsyslogd");
        let pid = self.path("pid");
        command
            .args(["-n", "-f"])
            .arg(self.path("conf"))
            .arg("-i")
            .arg(&pid)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _ = fs::remove_file(&pid);
        self.child = Some(command.spawn().expect("rsyslogd; `deploy/install-deps.sh tests` installs it"));
        wait::until("rsyslog to listen", PATIENCE, || {
            self.ports.iter().try_for_each(|port| TcpStream::connect(("127.0.0.1", *port)).map(drop)).ok()?;
            socket.exists().then_some(())
        });
    }

    pub fn kill(&mut self) {
        self.child.iter_mut().for_each(process::kill);
        self.child = None;
    }

    pub fn signal(&self, signal: Signal) {
        self.child.iter().for_each(|child| process::signal(child, signal));
    }

    pub fn identities(&self) -> Identities {
        let text = fs::read_to_string(self.path("out")).unwrap_or_default();
        // Killed in the middle of a line, it goes on behind it.
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok());
        events.map(|event| identity(&event)).collect()
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn loses_nothing(scheme: &str) {
    let (mut rsyslog, dir) = (Rsyslog::new(), TrailDir::new());
    rsyslog.start();
    let (url, ca) = (rsyslog.url(scheme), rsyslog.authority.cert().display().to_string());
    let tls = [("OTP_SYSLOG_CA", ca.as_str())];
    let more = [&[("OTP_SYSLOG_URL", url.as_str())][..], if scheme == "syslog+tls" { &tls } else { &[] }].concat();
    let rig = rig(&dir, &more);
    let admin = rig.sidecar.admin_client();
    rig.issue_all("first", 20).await;
    // Names that somebody chose, and an operator's words, are one line of JSON, whatever is in them.
    let body = json!({"subject": "<b>\"\\\u{1f600}", "tenant": "shop", "minutes": 5, "reason": "a\nb\u{7f}\u{85}"});
    admin.post("/admin/v1/lock", &body).await.is(200);
    all_arrive(&dir, &rig.redis, || rsyslog.identities());
    // Killed while it takes what comes.
    rig.issue_all("second", 20).await;
    rsyslog.kill();
    rig.issue_all("third", 20).await;
    rsyslog.start();
    all_arrive(&dir, &rig.redis, || rsyslog.identities());
    // Frozen, and then it goes on.
    rsyslog.signal(Signal::STOP);
    rig.issue_all("fourth", 20).await;
    rsyslog.signal(Signal::CONT);
    all_arrive(&dir, &rig.redis, || rsyslog.identities());
    // Frozen for so long that all is taken to be there, and then killed with what lies in its buffers: ten datagrams at most.
    rsyslog.signal(Signal::STOP);
    rig.issue_all("fifth", 5).await;
    all_written(&rig.redis);
    let confirmed = || async {
        let metrics = rig.metrics().await;
        let (sent, lag) = (metrics.value("otp_sink_events_total", &[("result", "sent")]), "otp_sink_lag_seconds");
        (sent >= dir.identities().len() as f64 && metrics.value(lag, &[]) == 0.0).then_some(())
    };
    wait::until_async("all to be sent, and the cursor behind it", Duration::from_secs(20), confirmed).await;
    rsyslog.kill();
    rsyslog.start();
    // With datagrams that it is gone is found with the next event.
    rig.client.issue("last").await;
    all_arrive(&dir, &rig.redis, || rsyslog.identities());
    dir.is_sound();
}

#[tokio::test]
async fn by_the_socket_of_the_machine() {
    loses_nothing("unix").await;
}

#[tokio::test]
async fn by_tcp() {
    loses_nothing("syslog+tcp").await;
}

#[tokio::test]
async fn by_tls() {
    loses_nothing("syslog+tls").await;
}
