//! The webhook: taken by receivers that verify it, and by those that misbehave.

use std::{
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{SECRET, all_arrive, posted, rig, webhook};
use crate::{
    sms::provider::Provider,
    support::{
        Metrics, TrailDir, process,
        wait::{self, PATIENCE},
    },
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One of the receivers to copy, and the lines that it printed.
struct Example {
    child: Child,
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Example {
    fn start(program: &str, file: &str, secret: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = process::command(program);
        command.arg(format!("{ROOT}/deploy/examples/webhook/{file}")).stdout(Stdio::piped());
        command.env("WEBHOOK_SECRET", secret).env("PORT", port.to_string());
        command.env("NODE_PATH", format!("{ROOT}/target/tools/clients/node/node_modules"));
        let mut child = command.spawn().expect("`deploy/install-deps.sh tests` installs it");
        let (out, lines) = (child.stdout.take().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line));
        });
        wait::until("it to listen", PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { child, port, lines }
    }

    /// The event of this type about this user, once it was told.
    #[track_caller]
    fn tells(&self, kind: &str, user: &str) -> Value {
        wait::until(kind, PATIENCE, || {
            let lines = self.lines.lock().unwrap().clone();
            let told = lines.iter().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' ').map(str::to_owned));
            told.map(|json| serde_json::from_str::<Value>(&json).expect("JSON"))
                .find(|event| event["who"]["subject"] == user)
        })
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        process::kill(&mut self.child);
        if std::thread::panicking() {
            eprintln!("what it told: {:?}", self.lines.lock().unwrap());
        }
    }
}

#[tokio::test]
async fn the_receivers_to_copy_verify_and_learn_what_an_app_should_tell_its_users() {
    let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let python = format!("{ROOT}/target/tools/clients/python/bin/python");
    // The one has still the old secret, the other the new one.
    for (program, file, secret) in [(&*python, "receiver.py", other), ("node", "receiver.mjs", SECRET)] {
        let (example, dir) = (Example::start(program, file, secret), TrailDir::new());
        let url = format!("http://127.0.0.1:{}/", example.port);
        let both = format!("{SECRET},{other}");
        let rig = rig(&dir, &[("OTP_WEBHOOK_URL", &url), ("OTP_WEBHOOK_SECRET", &both)]);
        rig.lock_out("ann\"\\<b>\u{1f600}").await;
        let body = json!({"subject": "bob", "tenant": "shop", "minutes": 5, "reason": "lost\nphone"});
        rig.sidecar.admin_client().post("/admin/v1/lock", &body).await.is(200);
        let lockout = example.tells("otp.lockout", "ann\"\\<b>\u{1f600}");
        assert_eq!((&lockout["type"], &lockout["lock_level"]), (&json!("lockout"), &json!(1)));
        example.tells("otp.admin.lock", "bob");
        let told = example.lines.lock().unwrap().clone();
        let expected = ["otp.lockout ", "otp.admin.lock "];
        assert!(told.iter().all(|line| expected.iter().any(|kind| line.starts_with(kind))), "{told:?}");
    }
}

/// Whatever is answered the first time, every event is taken in the end.
#[tokio::test]
async fn what_is_not_taken_comes_again() {
    for how in ["once-500", "once-429", "once-400", "once-redirect", "once-close", "once-garbage", "flood"] {
        let (provider, dir) = (Provider::start(), TrailDir::new());
        let url = provider.url(how);
        let rig = rig(&dir, &webhook(&url, "all"));
        rig.client.issue("ann").await;
        all_arrive(&dir, &rig.redis, || {
            let asked = provider.asked();
            assert!(asked.iter().all(|asked| asked.path == format!("/{how}")), "a redirect was followed");
            // The first of all was not taken.
            posted(if how == "flood" { &asked } else { asked.get(1..).unwrap_or_default() })
        });
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_is_told_once() {
    let (provider, dir) = (Provider::start(), TrailDir::new());
    let url = provider.url("410");
    let rig = rig(&dir, &webhook(&url, "send"));
    rig.issue_all("ann", 3).await;
    let given_up = || async {
        let metrics = Metrics::fetch(&rig.sidecar).await;
        (metrics.value("otp_sink_events_total", &[("result", "given_up")]) == 3.0).then_some(())
    };
    wait::until_async("three to be given up", PATIENCE, given_up).await;
    assert_eq!(provider.asked().len(), 3);
    assert!(rig.sidecar.log_lines().iter().any(|line| line.contains("an event was given up")));
}
