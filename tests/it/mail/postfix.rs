//! Postfix, as Debian ships it, takes our mails in the clear and by STARTTLS, and puts them into a mailbox.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use super::{becomes, send};
use crate::support::{Authority, Redis, Rig, process, redis::port::Port, rig::UNLIMITED, wait};

/// An instance of its own, in the foreground.
struct Postfix {
    child: Child,
    dir: tempfile::TempDir,
    port: Port,
}

const MASTER: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
";

fn user(name: &str) -> u32 {
    let passwd = fs::read_to_string("/etc/passwd").expect("the users");
    let line = passwd.lines().find(|line| line.starts_with(&format!("{name}:"))).expect("Postfix has its user");
    line.split(':').nth(2).and_then(|id| id.parse().ok()).expect("a number")
}

impl Postfix {
    fn start(authority: &Authority) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-postfix-").tempdir().expect("a directory");
        let port = Port::take();
        let (base, identity, owner) = (dir.path(), authority.issue("postfix"), user("postfix"));
        for name in ["queue", "data", "inbox", "etc"] {
            fs::create_dir(base.join(name)).expect("made");
        }
        chown(base.join("data"), Some(owner), None).expect("we are root");
        chown(base.join("inbox"), Some(owner), None).expect("we are root");
        fs::set_permissions(base, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("opened");
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {0}/queue\ndata_directory = {0}/data\nmyhostname = relay.test\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmydestination =\nalias_maps =\nlocal_recipient_maps =\n\
             maillog_file = {0}/queue/log\nmaillog_file_prefixes = {0}\nvirtual_mailbox_domains = example.com\n\
             virtual_mailbox_base = {0}\nvirtual_mailbox_maps = static:inbox/\nvirtual_uid_maps = static:{1}\n\
             virtual_gid_maps = static:{1}\nvirtual_minimum_uid = 1\nsmtpd_tls_cert_file = {2}\nsmtpd_tls_key_file = {3}\n\
             smtpd_tls_security_level = may\nsmtpd_tls_received_header = yes\nsmtpd_recipient_restrictions = reject_unauth_destination\n",
            base.display(),
            owner,
            identity.cert.display(),
            identity.key.display(),
        );
        fs::write(base.join("etc/main.cf"), main).expect("written");
        fs::write(base.join("etc/master.cf"), MASTER.replace("PORT", &port.number().to_string())).expect("written");
        let etc = base.join("etc");
        let program = process::find("postfix").unwrap_or_else(|| PathBuf::from("/usr/sbin/postfix"));
        let child = Command::new(program).arg("-c").arg(&etc).arg("start-fg").spawn().expect("postfix");
        wait::until("postfix to listen", wait::PATIENCE, || {
            std::net::TcpStream::connect(("127.0.0.1", port.number())).ok()
        });
        Self { child, dir, port }
    }

    fn mails(&self) -> Vec<String> {
        let read = |path: &Path| fs::read_to_string(path).expect("a mail");
        let new = fs::read_dir(self.dir.path().join("inbox/new")).into_iter().flatten().filter_map(Result::ok);
        new.map(|entry| read(&entry.path())).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        process::signal(&self.child, rustix::process::Signal::TERM);
        process::wait_exit(&mut self.child, wait::PATIENCE);
    }
}

#[tokio::test]
async fn postfix_takes_mails_in_the_clear_and_by_starttls() {
    assert!(process::is_root(), "Postfix starts as root");
    let authority = Authority::new();
    let postfix = Postfix::start(&authority);
    let ca = authority.cert().display().to_string();
    for (n, scheme) in (1..).zip(["smtp+plain", "smtp"]) {
        let url = format!("{scheme}://127.0.0.1:{}", postfix.port.number());
        let delivery = [
            ("OTP_DELIVERY_URL__EMAIL", url.as_str()),
            ("OTP_DELIVERY_FROM", "Shop <no-reply@shop.example>"),
            ("OTP_DELIVERY_CA", &ca),
        ];
        let rig = Rig::over(Redis::start(), &[&UNLIMITED[..], &delivery].concat());
        let id = send(&rig.client, "ann@example.com").await;
        becomes(&rig.client, &id, "accepted").await;
        let mails = wait::until("the mail", wait::PATIENCE, || Some(postfix.mails()).filter(|mails| mails.len() == n));
        let encrypted = mails.iter().filter(|mail| mail.contains("using TLSv1")).count();
        assert_eq!(encrypted, n - 1, "{scheme}: {mails:?}");
        let refused = send(&rig.client, "ann@elsewhere.example").await;
        assert_eq!(becomes(&rig.client, &refused, "failed").await["tries"], 1);
    }
}
