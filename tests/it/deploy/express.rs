//! A site in Express whose codes are the sidecar's: `deploy/examples/express`, used in a browser.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::{
    daemon::{Daemon, deployed, place},
    django,
};
use crate::support::{Rig, keys, process, redis::port::Port};

/// Its packages; `deploy/install-deps.sh tests` puts them there.
const PACKAGES: &str = "target/tools/express/node_modules";

#[test]
fn a_user_signs_in_through_a_wrong_code_and_nobody_learns_who_is_one() {
    let rig = Rig::start(&[]);
    let (dir, port) = (place("express"), Port::take());
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join(PACKAGES);
    assert!(packages.exists(), "no {}; `make test-deps` installs it", packages.display());
    // Beside its packages, which are not put among the sources.
    let (site, client) = (dir.path().join("express"), dir.path().join("node"));
    fs::create_dir(&site).unwrap();
    fs::create_dir(&client).unwrap();
    for file in ["package.json", "server.js", "mail.js"] {
        fs::copy(deployed("examples/express").join(file), site.join(file)).unwrap();
    }
    fs::copy(deployed("examples/node/otp.mjs"), client.join("otp.mjs")).unwrap();
    symlink(packages, site.join("node_modules")).unwrap();
    let mails = dir.path().join("mails");
    fs::write(&mails, "").unwrap();

    let listen = format!("127.0.0.1:{}", port.number());
    let settings = [
        format!("PATH={}", std::env::var("PATH").unwrap_or_default()),
        format!("OTP_URL=http://{}", rig.sidecar.app().host()),
        format!("OTP_KEY={}", keys::KEY),
        format!("MAIL_FILE={}", mails.display()),
        format!("LISTEN={listen}"),
    ];
    // `env` because a daemon has the test's own environment.
    let server = site.join("server.js").display().to_string();
    let arguments: Vec<_> =
        ["-i"].into_iter().chain(settings.iter().map(String::as_str)).chain(["node", &server]).collect();
    let mut daemon = Daemon::start("env", dir, &arguments);
    daemon.said(&listen, |said| said.contains(&listen).then_some(()));

    let done = process::command(django::python())
        .arg(deployed("examples/express/tests/browser.py"))
        .args([format!("http://{listen}"), mails.display().to_string()])
        .env_clear()
        .envs(django::own(daemon.dir()))
        .output()
        .expect("Python");
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(done.status.success(), "{said}");
}
