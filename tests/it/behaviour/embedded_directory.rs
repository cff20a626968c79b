//! `OTP_DATA_DIR` and `OTP_AUDIT_DIR` in places that others may write, too, or prepared.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
};

use crate::support::{Redis, Sidecar, launch::Builder, process::is_root};

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

#[test]
fn the_trail_goes_where_not_everybody_may_write() {
    let redis = Redis::start();
    for name in ["data", "data/audit", "elsewhere"] {
        let (builder, data) = builder();
        let path = builder.home().join(name);
        fs::create_dir_all(&path).unwrap();
        set_mode(&path, 0o1777);
        let audit = if name == "elsewhere" { path.clone() } else { data.join("audit") };
        let keys = [("OTP_PEPPER", crate::support::keys::PEPPER), ("OTP_INDEX_KEY", crate::support::keys::INDEX_KEY)];
        let builder = builder.on(&redis).set_all(&keys).set("OTP_AUDIT_DIR", audit.to_str().unwrap());
        refuses(builder, &path, "everybody may write there");
    }
}

/// In the data directory the trail's own directory is ours alone, whoever may write there and whatever was put there.
#[test]
fn a_planted_directory_of_the_trail_is_refused_by_name() {
    let redis = Redis::start();
    let keys = [("OTP_PEPPER", crate::support::keys::PEPPER), ("OTP_INDEX_KEY", crate::support::keys::INDEX_KEY)];
    for (name, external) in [("audit", false), ("audit", true), ("trails/a", true), ("trails", true)] {
        for planted_link in [true, false] {
            let (mut builder, data) = builder();
            if is_root() {
                builder = builder.run_as(USER);
                chown(&data, Some(0), Some(USER)).unwrap();
                set_mode(&data, 0o2775);
            }
            let away = builder.home().join("away");
            let plant = data.join(name);
            fs::create_dir(&away).unwrap();
            set_mode(&away, 0o770);
            if is_root() {
                chown(&away, Some(OTHER), Some(USER)).unwrap();
            }
            fs::create_dir_all(plant.parent().unwrap()).unwrap();
            if plant.parent() != Some(&data) && is_root() {
                chown(plant.parent().unwrap(), Some(USER), Some(USER)).unwrap();
            }
            match planted_link {
                true => symlink(&away, &plant).unwrap(),
                false if is_root() => fs::rename(&away, &plant).unwrap(),
                false => continue,
            }
            let dir = if name == "audit" { data.join("audit") } else { data.join("trails/a") };
            if name != "audit" || external {
                builder = builder.set("OTP_AUDIT_DIR", dir.to_str().unwrap());
            }
            if external {
                builder = builder.on(&redis).set_all(&keys);
            }
            let why = if planted_link { "symbolic link".into() } else { format!("belongs to user {OTHER}") };
            refuses(builder.clone(), &plant, &why);
            let planted = if planted_link { &away } else { &plant };
            assert_eq!(fs::read_dir(planted).unwrap().count(), 0, "{name}");
            assert_eq!(mode(planted) & 0o777, 0o770, "{name}");
        }
    }
}

/// Elsewhere the operator may mean a link; one to nothing is told as what it is.
#[test]
fn a_link_of_the_operators_own_is_followed_and_one_to_nothing_is_named() {
    let redis = Redis::start();
    let keys = [("OTP_PEPPER", crate::support::keys::PEPPER), ("OTP_INDEX_KEY", crate::support::keys::INDEX_KEY)];
    let (builder, _) = builder();
    let (link, to) = (builder.home().join("link"), builder.home().join("to"));
    symlink(&to, &link).unwrap();
    let builder = builder.on(&redis).set_all(&keys);
    for dir in [link.clone(), link.join("below")] {
        let builder = builder.clone().set("OTP_AUDIT_DIR", dir.to_str().unwrap());
        refuses(builder, &link, "is a symbolic link to something that is not there");
    }
    let of_data = builder.clone().unset("OTP_AUDIT_DIR").set("OTP_DATA_DIR", link.to_str().unwrap());
    refuses(of_data, &link, "is a symbolic link to something that is not there");
    fs::create_dir(&to).unwrap();
    let mut sidecar = builder.set("OTP_AUDIT_DIR", link.to_str().unwrap()).start();
    assert!(sidecar.terminate().0.success());
    assert!(fs::read_dir(&to).unwrap().count() > 0);
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

#[tokio::test]
async fn links_in_the_place_of_a_trail_or_of_its_files_are_not_followed() {
    let (builder, data) = builder();
    let audit = data.join("audit");
    let mut sidecar = builder.clone().start();
    sidecar.client().issue("ada").await;
    assert!(sidecar.terminate().0.success());
    let trail = all_below(&audit).into_iter().find(|path| path.file_name().unwrap() == "head").unwrap();
    let trail = trail.parent().unwrap().to_owned();
    // The trail itself is elsewhere; then one of its files is.
    let away = builder.home().join("away");
    fs::rename(&trail, &away).unwrap();
    let before: Vec<_> = all_below(&away).iter().map(|path| fs::read(path).unwrap()).collect();
    symlink(&away, &trail).unwrap();
    let mut sidecar = builder.clone().start();
    assert!(sidecar.terminate().0.success());
    let after: Vec<_> = all_below(&away).iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(before, after, "nothing was written through the link");
    let said = sidecar.log_lines();
    assert!(said.iter().any(|line| line.contains("cannot go on") && line.contains("a link")), "{said:?}");
    fs::remove_file(&trail).unwrap();
    let own = all_below(&audit).into_iter().find(|path| path.file_name().unwrap() == "head").unwrap();
    let victim = builder.home().join("victim");
    fs::rename(&own, &victim).unwrap();
    let before = fs::read(&victim).unwrap();
    symlink(&victim, &own).unwrap();
    let mut sidecar = builder.clone().start();
    assert!(sidecar.terminate().0.success());
    assert_eq!(fs::read(&victim).unwrap(), before);
    // Nor does a pipe hold up the start for want of somebody at its other end.
    fs::remove_file(&own).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&own).status().unwrap();
    assert!(made.success() && builder.start().terminate().0.success());
}
