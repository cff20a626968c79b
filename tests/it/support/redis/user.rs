//! The user that `deploy/redis.acl` makes: sidecars of tests have its rights and no others.

const FILE: &str = include_str!("../../../../deploy/redis.acl");
/// What the operator replaces.
const PLACEHOLDER: &str = "SHA256_OF_THE_PASSWORD";

/// Its name.
pub const NAME: &str = "otp";
/// The password that tests give it.
pub const PASSWORD: &str = "password-of-the-tests";
const HASH: &str = "e42c814ea9e80deabdc24c6ead3ad1dcfe4fbff25d60d4dc3e07c37bcfe5665a";

/// Whoever has no password, as the file leaves them.
pub const DEFAULT: &str = "user default off ~* &* +@all";
/// Who may do all, in a line of an ACL file.
pub const ANYBODY: &str = "user default on nopass ~* &* +@all\n";

/// The line of an ACL file.
pub fn line() -> String {
    let lines: Vec<&str> = FILE.lines().filter(|line| !line.starts_with('#')).collect();
    let [line, DEFAULT] = lines[..] else { panic!("two lines beside comments: {lines:?}") };
    assert!(line.contains(PLACEHOLDER), "{line}");
    line.replace(PLACEHOLDER, HASH)
}

/// The file as operators include it in a configuration: comments and all.
pub fn included() -> String {
    FILE.replace(PLACEHOLDER, HASH)
}

/// The same where other programs, as the tests are, come without a password.
pub fn included_beside_others() -> String {
    included().replace(&format!("{DEFAULT}\n"), "")
}

/// `url` of a server, for this user.
pub fn at(url: &str) -> String {
    match url.strip_prefix("unix:") {
        Some(_) => format!("{url}?user={NAME}&pass={PASSWORD}"),
        None => url.replacen("://", &format!("://{NAME}:{PASSWORD}@"), 1),
    }
}

/// `url` of one of several servers or of Sentinels, for whoever may do all there.
pub fn anybody_at(url: &str) -> String {
    url.replacen(&format!("{NAME}:{PASSWORD}@"), "", 1)
}

#[test]
fn the_hash_is_the_passwords() {
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest(PASSWORD).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(HASH, hash);
    assert_eq!(at("redis://a:1"), format!("redis://otp:{PASSWORD}@a:1"));
}
