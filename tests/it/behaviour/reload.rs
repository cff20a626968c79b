//! Secrets that are changed while the sidecar runs, by SIGHUP.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Client, Redis, Sidecar, keys, process, rig::UNLIMITED, wait, wrong_code_than};

const OLD: &str = "old:b2xkLXBlcHBlci1vZi10aGUtdGVzdHMtMDEyMzQ1Ni0=";
const NEW: &str = "new:bmV3LXBlcHBlci1vZi10aGUtdGVzdHMtMDEyMzQ1Ni0=";

/// Of every secret its file.
const FILES: [(&str, &str); 6] = [
    ("OTP_API_KEYS", "api"),
    ("OTP_ADMIN_KEYS", "admin"),
    ("OTP_VIEWER_KEYS", "viewer"),
    ("OTP_PEPPER", "pepper"),
    ("OTP_INDEX_KEY", "index"),
    ("OTP_AUDIT_KEY", "audit"),
];
const AUDIT_KEY: &str = "YXVkaXQta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=";

/// A sidecar whose secrets are all in files.
struct Filed {
    sidecar: Sidecar,
    files: TempDir,
    redis: Redis,
}

impl Filed {
    fn start() -> Self {
        let mut filed = Self::unready(Redis::start());
        filed.sidecar.opens();
        wait::until("a start", wait::PATIENCE, || filed.count("\"message\":\"ready\"").eq(&1).then_some(()));
        filed
    }

    fn unready(redis: Redis) -> Self {
        let files = tempfile::tempdir().unwrap();
        let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED);
        let texts = [
            keys::api_keys(),
            keys::admin_keys(),
            keys::viewer_keys(),
            OLD.into(),
            keys::INDEX_KEY.into(),
            AUDIT_KEY.into(),
        ];
        for ((name, file), text) in FILES.iter().zip(texts) {
            let path = files.path().join(file);
            fs::write(&path, text).unwrap();
            builder = builder.unset(name).set(&format!("{name}_FILE"), path.to_str().unwrap());
        }
        Self { sidecar: builder.start_waiting(), files, redis }
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.files.path().join(file), text).unwrap();
    }

    fn count(&self, words: &str) -> usize {
        self.sidecar.log_lines().iter().filter(|line| line.contains(words)).count()
    }

    /// Has them read again, and waits until the log has one more line with these words.
    #[track_caller]
    fn reload(&self, words: &str) {
        let before = self.count(words);
        self.sidecar.signal_hangup();
        wait::until(words, wait::PATIENCE, || (self.count(words) > before).then_some(()));
    }

    #[track_caller]
    fn renew(&self, file: &str, text: &str) {
        self.write(file, text);
        self.reload("secrets read again");
    }

    /// What is shown of a setting.
    async fn shown(&self, name: &str) -> String {
        self.sidecar.admin_client().get("/admin/v1/config").await.is(200).body[name].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn keys_come_and_go_and_with_them_tenants_and_operators() {
    let filed = Filed::start();
    let (app, admin) = (filed.sidecar.app().clone(), filed.sidecar.admin().clone());
    let called = async |key: &str| Client::new(app.clone()).with_key(key).send("ada").await.status;
    let new = "new-key-0123456789abcdefghijklmnopqrstuvw";
    let inspected = async |tenant: &str, key: &str| {
        let body = json!({"subject": "ada", "tenant": tenant});
        Client::new(admin.clone()).with_key(key).post("/admin/v1/subjects/inspect", &body).await.status
    };
    assert_eq!([called(keys::KEY).await, called(new).await], [201, 401]);
    assert_eq!(inspected("club", keys::VIEWER_KEY).await, 422);
    assert_eq!(filed.shown("OTP_API_KEYS").await, "set (3 keys)");

    filed.renew("api", &format!("club:{new}\n"));
    assert_eq!([called(keys::KEY).await, called(new).await], [401, 201]);
    assert_eq!(inspected("club", keys::VIEWER_KEY).await, 200);
    assert_eq!(inspected("shop", keys::VIEWER_KEY).await, 422);
    assert_eq!(filed.shown("OTP_API_KEYS").await, "set (1 key)");

    filed.renew("viewer", &format!("club-desk:{}", keys::VIEWER_KEY.replace("desk", "club")));
    assert_eq!(inspected("club", keys::VIEWER_KEY).await, 401);
    assert_eq!(inspected("club", &keys::VIEWER_KEY.replace("desk", "club")).await, 200);
}

#[tokio::test]
async fn a_pepper_is_rotated_without_a_restart() {
    let filed = Filed::start();
    let client = filed.sidecar.client();
    let knowing = |ring: &str| {
        let other = Sidecar::builder().on(&filed.redis).set_all(&UNLIMITED).set("OTP_AUDIT_KEY", AUDIT_KEY);
        other.set("OTP_PEPPER", ring).start()
    };
    let before = client.issue("ada").await;
    filed.renew("pepper", &format!("{NEW},{OLD}"));
    client.check_id(&before.id, &wrong_code_than(&before.code)).await.rejected("pending", "wrong_code");
    client.check_id(&before.id, &before.code).await.approved();
    // What is issued now needs the new one alone.
    let after = client.issue("bob").await;
    let old = knowing(OLD);
    old.client().check_id(&after.id, &after.code).await.rejected("expired", "expired");
    filed.renew("pepper", NEW);
    client.check_id(&after.id, &after.code).await.approved();
    assert_eq!(filed.shown("OTP_PEPPER").await, "set (1 value)");
    // It is not for a minute that it learns whose codes it does not know any more.
    filed.sidecar.logs("an unknown pepper", |line| line.contains("a pepper that OTP_PEPPER does not hold here"));
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing_and_is_named() {
    let filed = Filed::start();
    let issued = filed.sidecar.client().issue("ada").await;
    let short = "shop:too-short-to-be-a-secret";
    for (file, text, said) in [
        ("api", short, "OTP_API_KEYS_FILE entry 1 has a secret of 24 characters"),
        ("api", "", "OTP_API_KEYS_FILE names a file that is empty"),
        ("admin", keys::KEY, "OTP_ADMIN_KEYS_FILE entry 1 is not of the form"),
        ("pepper", "new:c2hvcnQ=", "OTP_PEPPER_FILE entry 1 decodes to 5 bytes"),
        ("pepper", keys::INDEX_KEY, "OTP_PEPPER must differ from OTP_INDEX_KEY"),
        ("pepper", AUDIT_KEY, "OTP_PEPPER must differ from OTP_INDEX_KEY and OTP_AUDIT_KEY"),
    ] {
        let right = fs::read_to_string(filed.files.path().join(file)).unwrap();
        filed.write(file, text);
        filed.reload(said);
        filed.write(file, &right);
    }
    fs::remove_file(filed.files.path().join("pepper")).unwrap();
    // The other one is sound, and stays as it was all the same: all or nothing.
    filed.write("api", &format!("club:{}", keys::KEY));
    filed.reload("OTP_PEPPER_FILE names a file that cannot be read");
    assert_eq!(filed.count("secrets read again"), 0);
    assert!(filed.sidecar.log_lines().iter().all(|line| !line.contains("too-short") && !line.contains(keys::KEY)));
    filed.sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(filed.shown("OTP_API_KEYS").await, "set (3 keys)");
}

/// Of a pipe a read may wait for ever, and with it all that are asked for later.
#[tokio::test]
async fn a_file_that_is_a_pipe_is_refused_and_what_is_asked_for_later_is_read() {
    let filed = Filed::start();
    let api = filed.files.path().join("api");
    fs::remove_file(&api).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&api).status().unwrap().success());
    filed.reload("OTP_API_KEYS_FILE names a file that cannot be read: it is a pipe");
    fs::remove_file(&api).unwrap();
    filed.renew("api", &format!("club:{}", keys::KEY));
    assert_eq!(filed.shown("OTP_API_KEYS").await, "set (1 key)");
}

#[tokio::test]
async fn index_key_and_audit_key_are_never_read_again() {
    let filed = Filed::start();
    let issued = filed.sidecar.client().issue("ada").await;
    filed.write("index", "no key at all");
    filed.write("audit", "no key at all");
    filed.renew("pepper", &format!("{NEW},{OLD}"));
    filed.sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(filed.sidecar.client().status("ada").await["requests_last_hour"], 1);
}

#[tokio::test]
async fn a_hangup_ends_nothing_whatever_is_configured_and_whenever_it_comes() {
    // Before Redis was ever seen.
    let mut redis = Redis::start();
    redis.kill();
    let mut filed = Filed::unready(redis);
    filed.renew("api", &format!("club:{}", keys::KEY));
    filed.redis.restart();
    filed.sidecar.opens();
    wait::until("a start", wait::PATIENCE, || filed.count("\"message\":\"ready\"").eq(&1).then_some(()));
    filed.sidecar.client().issue("ada").await;
    assert!(filed.sidecar.terminate().0.success());
    // With secrets in the environment alone, which are what they were.
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).set_all(&UNLIMITED).start();
    sidecar.signal_hangup();
    sidecar.logs("a reload", |line| line.contains("secrets read again") && line.contains("\"api_keys\":3"));
    sidecar.client().issue("ada").await;
    // Without any: the private server's pepper stays.
    let Some(_) = process::find("redis-server") else { return };
    let sidecar = ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_PEPPER", "OTP_INDEX_KEY"]
        .iter()
        .fold(Sidecar::builder().set_all(&UNLIMITED), |builder, name| builder.unset(name))
        .start();
    let client = Client::new(sidecar.app().clone());
    let issued = client.issue("ada").await;
    sidecar.signal_hangup();
    sidecar.logs("a reload", |line| line.contains("secrets read again"));
    client.check_id(&issued.id, &issued.code).await.approved();
}
