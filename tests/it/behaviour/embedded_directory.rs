//! `OTP_DATA_DIR` and `OTP_AUDIT_DIR` in places that others may write, too, or prepared.

mod trail;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
};

use crate::support::{Sidecar, launch::Builder, process::is_root};

/// Somebody who is not root, and nobody in particular.
const USER: u32 = 65_534;
/// Somebody else.
const OTHER: u32 = 65_533;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A sidecar whose store, keys and trail lie in a directory `data` of its home; it is there already.
fn builder() -> (Builder, PathBuf) {
    let builder = Sidecar::builder().unset("OTP_PEPPER").unset("OTP_INDEX_KEY").set("OTP_AUDIT_SINK", "dir");
    let data = builder.home().join("data");
    fs::create_dir(&data).unwrap();
    (builder, data)
}

/// It does not start, names `path` and says `why`.
#[track_caller]
fn refuses(builder: Builder, path: &Path, why: &str) {
    let (code, stderr) = builder.expect_no_start();
    assert_eq!(code, 73, "{stderr}");
    let complaint = stderr.lines().find(|line| line.contains("\"ERROR\"")).unwrap_or_else(|| panic!("{stderr}"));
    assert!(complaint.contains(path.to_str().unwrap()) && complaint.contains(why), "{complaint}");
}

/// As with `fsGroup` of Kubernetes: the mount is root's and its group ours, and each mount opens all files in it to the group.
#[tokio::test]
async fn a_mount_that_our_group_may_write_is_used_as_it_is() {
    if !is_root() {
        return;
    }
    let (builder, data) = builder();
    let builder = builder.run_as(USER);
    chown(&data, Some(OTHER), Some(USER)).unwrap();
    set_mode(&data, 0o2775);
    let mut sidecar = builder.clone().start();
    let issued = sidecar.client().issue("ada").await;
    let redis = data.join("redis");
    assert_eq!(
        (mode(&data), fs::metadata(&data).unwrap().uid()),
        (0o2775, OTHER),
        "nothing is changed that is not ours"
    );
    assert_eq!(mode(&redis) & 0o777, 0o700);
    assert_eq!(mode(&data.join("keys")), 0o600);
    let socket = redis.join("redis.sock");
    assert!(fs::symlink_metadata(&socket).is_ok(), "the socket is in the private directory");
    assert!(sidecar.terminate().0.success());
    for path in all_below(&data) {
        let opened = if path.is_dir() { 0o2770 } else { mode(&path) | 0o660 };
        set_mode(&path, opened);
    }
    let sidecar = builder.start();
    assert_eq!(mode(&redis) & 0o777, 0o700);
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
}

fn all_below(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(all_below(&path));
        }
        all.push(path);
    }
    all
}

#[tokio::test]
async fn a_directory_of_ours_keeps_the_rights_that_it_has() {
    let (builder, data) = builder();
    set_mode(&data, 0o755);
    builder.clone().start().client().issue("ada").await;
    assert_eq!((mode(&data), mode(&data.join("redis"))), (0o755, 0o700));
}

#[test]
fn what_everybody_may_write_is_refused_and_left_alone() {
    for bits in [0o777, 0o1777, 0o702] {
        let (builder, data) = builder();
        set_mode(&data, bits);
        refuses(builder.clone(), &data, "everybody may write there");
        assert_eq!((mode(&data), fs::read_dir(&data).unwrap().count()), (bits, 0));
    }
}

/// Each plants something in the data directory before the first start, with a file `victim` that must stay as it is.
type Plant = fn(data: &Path, victim: &Path);

#[test]
fn what_somebody_planted_is_neither_believed_nor_followed() {
    const KEYS: &str = "OTP_PEPPER=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\
                        OTP_INDEX_KEY=/+7dzLuqmYh3ZlVEMyIRAP/u3cy7qpmId2ZVRDMiEQA=\n";
    fn put_keys(data: &Path, mode: u32) {
        fs::write(data.join("keys"), KEYS).unwrap();
        set_mode(&data.join("keys"), mode);
    }
    let plants: [(&str, &str, Plant); 11] = [
        ("keys", "symbolic link", |data, victim| symlink(victim, data.join("keys")).unwrap()),
        ("keys", "others may read", |data, _| put_keys(data, 0o644)),
        ("keys", "others may read", |data, _| put_keys(data, 0o620)),
        ("keys", "a second name", |data, _| {
            put_keys(data, 0o600);
            fs::hard_link(data.join("keys"), data.join("other")).unwrap();
        }),
        ("keys", "not a regular file", |data, _| fs::create_dir(data.join("keys")).unwrap()),
        ("sidecar.lock", "symbolic link", |data, victim| symlink(victim, data.join("sidecar.lock")).unwrap()),
        ("redis.lock", "symbolic link", |data, victim| symlink(victim, data.join("redis.lock")).unwrap()),
        ("redis.lock", "not a regular file", |data, _| {
            let made = std::process::Command::new("mkfifo").arg(data.join("redis.lock")).status().unwrap();
            assert!(made.success());
        }),
        ("redis", "symbolic link", |data, victim| symlink(victim.parent().unwrap(), data.join("redis")).unwrap()),
        ("redis", "redis.log is a link", |data, victim| {
            fs::create_dir(data.join("redis")).unwrap();
            symlink(victim, data.join("redis/redis.log")).unwrap();
        }),
        ("redis", "appendonlydir is a link", |data, victim| {
            fs::create_dir(data.join("redis")).unwrap();
            symlink(victim.parent().unwrap(), data.join("redis/appendonlydir")).unwrap();
        }),
    ];
    for (name, why, plant) in plants {
        let (builder, data) = builder();
        let victims = tempfile::tempdir().unwrap();
        let victim = victims.path().join("victim");
        fs::write(&victim, KEYS).unwrap();
        set_mode(&victim, 0o600);
        plant(&data, &victim);
        refuses(builder, &data.join(name), why);
        assert_eq!(fs::read_to_string(&victim).unwrap(), KEYS, "{name}");
        assert_eq!(fs::read_dir(victims.path()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn what_belongs_to_somebody_else_is_refused_by_name() {
    if !is_root() {
        return;
    }
    for name in ["keys", "redis", "redis.lock", "sidecar.lock", "redis/redis.log", "redis/appendonlydir"] {
        let (builder, data) = builder();
        let mut sidecar = builder.clone().start();
        assert!(sidecar.terminate().0.success());
        chown(data.join(name), Some(OTHER), Some(OTHER)).unwrap();
        let path = data.join(name.split('/').next().unwrap());
        refuses(builder, &path, &format!("belongs to user {OTHER} and not to the one we run as (0)"));
    }
}

#[tokio::test]
async fn a_link_where_the_keys_are_made_is_replaced_and_not_followed() {
    let (builder, data) = builder();
    let victim = builder.home().join("victim");
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, data.join("keys.new")).unwrap();
    builder.clone().start().client().issue("ada").await;
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert!(fs::symlink_metadata(data.join("keys")).unwrap().is_file() && !data.join("keys.new").exists());
}

/// Whoever owns a directory can put anything in the place of what is in it.
#[test]
fn root_takes_no_data_directory_of_another_user_but_a_mount_for_its_group() {
    if !is_root() {
        return;
    }
    let (builder, data) = builder();
    chown(&data, Some(OTHER), Some(OTHER)).unwrap();
    refuses(builder.clone(), &data, &format!("belongs to user {OTHER}, and we run as root"));
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    chown(&data, Some(OTHER), Some(0)).unwrap();
    set_mode(&data, 0o2775);
    assert!(builder.start().terminate().0.success());
}
