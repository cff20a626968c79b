//! The same of the directory that the trail is in.

use super::*;
use crate::support::Redis;

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
