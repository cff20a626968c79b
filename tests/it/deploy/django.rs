//! A site of Django's whose codes are the sidecar's: `deploy/examples/django`, used in a browser.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;

use super::daemon::{Daemon, deployed, place, read};
use crate::{
    mail::relay::Relay,
    support::{Address, Rig, keys, process, redis::port::Port, wait},
};

/// Between two looks for what the relay got.
const LOOK: Duration = Duration::from_millis(50);

/// Its packages and those of its test; `deploy/install-deps.sh tests` puts them there.
pub fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/django/bin/python");
    assert!(python.exists(), "no {}; `make test-deps` installs it", python.display());
    python
}

/// The site on a port of its own, with its database and its mails in a directory of its own.
#[derive(Debug)]
struct Site {
    daemon: Daemon,
    port: Port,
}

impl Site {
    #[track_caller]
    fn start(rig: &Rig, channel: &str) -> Self {
        let (dir, port) = (place("django"), Port::take());
        let mut settings = settings(&dir, &rig.sidecar.app().host());
        settings.push(("OTP_CHANNEL".to_owned(), channel.to_owned()));
        let manage = deployed("examples/django/manage.py").display().to_string();
        let migrated =
            Command::new(python()).args([&manage, "migrate", "-v0"]).env_clear().envs(settings.clone()).output();
        let migrated = migrated.expect("Python");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        // `env` because a daemon has the test's own environment.
        let mut arguments = vec!["-i".to_owned()];
        arguments.extend(settings.iter().map(|(name, value)| format!("{name}={value}")));
        arguments.extend([python().display().to_string(), manage, "runserver".into(), "--noreload".into()]);
        arguments.push(format!("127.0.0.1:{}", port.number()));
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut daemon = Daemon::start("env", dir, &arguments);
        daemon
            .said("nothing, and listen", |_| std::net::TcpStream::connect(("127.0.0.1", port.number())).ok().map(drop));
        Self { daemon, port }
    }

    /// Has `tests/browser.py` do something here.
    #[track_caller]
    fn browse(&self, what: &str, rig: &Rig) {
        let Address::Tcp(admin) = rig.sidecar.admin() else { panic!("not TCP") };
        let unlock = format!(
            "{} unlock {{}} --tenant {} --reason 'called the desk' --yes",
            env!("CARGO_BIN_EXE_otp-sidecar"),
            keys::TENANT
        );
        let done = process::command(python())
            .arg(deployed("examples/django/tests/browser.py"))
            .args(["--site", &format!("http://127.0.0.1:{}", self.port.number()), "--unlock", &unlock, "--mail"])
            .arg(self.daemon.dir().join("mails"))
            .arg(what)
            .env_clear()
            .envs(own(self.daemon.dir()))
            .envs([("OTP_ADMIN_URL", &*format!("http://{admin}")), ("OTP_ADMIN_KEY", keys::ADMIN_KEY)])
            .output()
            .expect("Python");
        let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert!(done.status.success(), "{said}");
    }
}

/// What every program here needs: no setting of whoever runs the tests reaches it.
pub fn own(home: &Path) -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    [("PATH", path), ("HOME", home.display().to_string()), ("PYTHONDONTWRITEBYTECODE", "1".into())]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

fn settings(dir: &TempDir, sidecar: &str) -> Vec<(String, String)> {
    let at = |name: &str| dir.path().join(name).display().to_string();
    let set = [
        ("DJANGO_DEBUG", "1".to_owned()),
        ("DJANGO_DATABASE", at("db.sqlite3")),
        ("DJANGO_EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend".to_owned()),
        ("DJANGO_EMAIL_FILE_PATH", at("mails")),
        ("OTP_URL", format!("http://{sidecar}")),
        ("OTP_KEY", keys::KEY.to_owned()),
    ];
    own(dir.path()).into_iter().chain(set.map(|(name, value)| (name.to_owned(), value))).collect()
}

/// One user goes through both flows, and all come from one address; a purpose with a pause of its own lets the second flow begin at once.
const LIMITS: [(&str, &str); 4] = [
    ("RESEND_COOLDOWN_SECONDS__REGISTRATION", "5"),
    ("RESEND_COOLDOWN_SECONDS__PASSWORD_RESET", "5"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "10"),
    ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "20"),
];

#[test]
fn a_user_registers_and_resets_the_password_through_waits_wrong_codes_and_a_lock() {
    let rig = Rig::start(&LIMITS);
    Site::start(&rig, "return").browse("flows", &rig);
    // The sidecar was told of each mail that went out: two codes of each flow, and the mails of decoys are none.
    let told = || rig.sidecar.event_lines().iter().filter(|line| line.contains("\"type\":\"delivery\"")).count();
    wait::until("each delivery in the trail", wait::PATIENCE, || (told() >= 4).then_some(()));
    assert_eq!(told(), 4);
}

/// Puts mails that a relay gets into a directory, as Django does; ends with the relay's last owner but this.
fn keep(relay: &Arc<Relay>, dir: PathBuf) {
    let relay = Arc::downgrade(relay);
    fs::create_dir_all(&dir).unwrap();
    std::thread::spawn(move || {
        let mut kept = 0;
        while let Some(relay) = relay.upgrade() {
            for mail in relay.noted().iter().skip(kept).filter_map(|noted| noted["content"].as_str()) {
                let text = format!("{}\n{}\n", mail.replace("\r\n", "\n"), "-".repeat(79));
                fs::write(dir.join(format!("relay-{kept}.log")), text).unwrap();
                kept += 1;
            }
            std::thread::sleep(LOOK);
        }
    });
}

#[test]
fn a_user_registers_and_resets_the_password_by_codes_that_the_sidecar_mails() {
    let relay = Arc::new(Relay::plain());
    let delivers = relay.variables();
    let delivers: Vec<_> = delivers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let rig = Rig::start(&[&LIMITS[..], &delivers].concat());
    let site = Site::start(&rig, "email");
    let mails = site.daemon.dir().join("mails");
    keep(&relay, mails.clone());
    site.browse("flows", &rig);
    // Two codes of each flow; those of decoys go nowhere, and the site mailed none.
    assert_eq!(relay.noted().len(), 4);
    let own = fs::read_dir(mails).unwrap().map(|file| file.unwrap().path());
    let own: Vec<_> = own.filter(|path| !path.to_str().unwrap().contains("relay-")).collect();
    assert!(own.len() == 1 && fs::read_to_string(&own[0]).unwrap().contains("which has an account"), "{own:?}");
}

#[test]
fn a_user_is_told_to_try_again_while_nothing_can_be_decided() {
    let mut rig = Rig::start(&LIMITS);
    let site = Site::start(&rig, "return");
    rig.redis.pause();
    site.browse("down", &rig);
    rig.redis.resume();
    rig.sidecar.kill();
    site.browse("down", &rig);
}

#[test]
fn all_that_the_site_knows_about_codes_is_one_file_of_under_60_lines() {
    let own = read("examples/django/accounts/otp.py");
    let lines = own.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 60, "{lines}");
    for file in ["views", "forms", "mail", "urls"] {
        let text = read(&format!("examples/django/accounts/{file}.py"));
        assert!(["requests", "/v1/", "OTP_", "attempts_left"].iter().all(|word| !text.contains(word)), "{file}");
    }
}
