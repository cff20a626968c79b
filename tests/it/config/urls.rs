//! `REDIS_URL` as operators write it, and what each slip is answered with.

use super::{INDEX_KEY, PEPPER, accepted, one_mistake, refused};

fn with(url: &str) -> [(&str, &str); 3] {
    [("REDIS_URL", url), ("OTP_PEPPER", PEPPER), ("OTP_INDEX_KEY", INDEX_KEY)]
}

#[test]
fn what_is_written_as_the_documents_say_is_taken() {
    for url in [
        "redis://h",
        "redis://h/",
        "redis://h:6380/3",
        "REDIS://h",
        "redis://:word@h",
        "redis://app:word@h/0",
        "redis://app:p%40%23%2F%3F%25@h",
        "redis://app:w@rd@h",
        "redis://[::1]:6379/1",
        "redis://h?protocol=resp3",
        " redis://h/1\n",
        "rediss://app:word@h:6380/2",
        "unix:/run/redis.sock",
        "unix:///run/redis.sock?db=3",
        "unix:///run/redis.sock?user=app&pass=w%26rd&db=1",
        "unix:/run/redis.sock?pass=word",
        "redis+unix:///run/a%20b.sock",
        "redis+sentinel://app:word@h1,h2:5,[::1]:6/my%20primary/3?sentinel_user=s&sentinel_password=x%26y",
        "redis+sentinel://h/name%40place",
        "redis://a-b_c.example:6379",
        "redis://192.0.2.1",
        "unix:/run/redis.sock?pass=w@rd",
        "rediss+sentinel://h/name/",
        "redis+cluster://h1:7000,h2/0",
        "rediss+cluster://:word@h1,",
    ] {
        // A comma at the end is none of them.
        if url.ends_with(',') {
            one_mistake(&with(url), "REDIS_URL", "names no host");
        } else {
            accepted(&with(url));
        }
    }
}

#[test]
fn each_slip_is_told_with_what_to_write_instead_and_never_repeated() {
    for (url, part) in [
        // The database.
        ("redis://h?db=3", "the database is the path, as in redis://host:6379/3"),
        ("redis://h/2?db=3", "the database is the path"),
        ("rediss://h?database=3", "the database is the path"),
        ("redis://h/hunter2", "a database that is not a number"),
        ("redis://h/3/", "a database that is not a number"),
        ("redis://h/+3", "a database that is not a number"),
        ("redis://h/-1", "a database that is not a number"),
        ("redis://h/99999", "a database that is not a number from 0 to 65535, as in redis://host:6379/3"),
        ("unix:/run/redis.sock?db=hunter2", "as in unix:/run/redis.sock?db=3"),
        ("unix:/run/redis.sock?db=1&db=2", "the same name twice"),
        ("unix:/run/redis.sock?database=1", "given as ?db=3"),
        ("redis+sentinel://h/name?db=3", "the database follows the name"),
        ("redis+sentinel://h/name/hunter2", "as in redis+sentinel://host/name/3"),
        ("redis+sentinel://h/name/1/2", "/<name> or /<name>/<database>"),
        ("redis+cluster://h/1", "only database 0"),
        ("redis+cluster://h?db=0", "only database 0"),
        // A user before each host, as other clients have it.
        ("redis+cluster://u:hunter2@h1,u:hunter2@h2", "a user before more than one host"),
        ("redis+sentinel://:hunter2@h1,:hunter2@h2:1/name", "give it once, before the first"),
        ("redis://u:hunter2@h1:6379,u:hunter2@h2:6379/0", "a user before more than one host"),
        // The password.
        ("redis://u:hunter2#x@h", "write %23"),
        ("redis://u:hunter2/x@h", "write %2F"),
        ("redis://u:hunter2?x@h", "write %3F"),
        ("rediss://:hun/ter2#x?@h:6380/1", "write %2F"),
        ("redis+sentinel://u:hunter2#x@h1,h2/name", "write %23"),
        ("redis+cluster://u:hunter2/x@h1,h2", "write %2F"),
        ("redis+sentinel://u:12/34@h1,h2", "write %2F"),
        ("redis+sentinel://u:12/34@h:26379", "write %2F"),
        ("redis+sentinel://u:12/3@h/0", "write %2F"),
        ("redis+sentinel://u:12/34@h/name/0", "write %2F"),
        ("redis+cluster://u:12/0@h", "write %2F"),
        ("redis://u:12/3?protocol=resp3@h", "write %2F"),
        ("redis://u:12?x@h", "write %3F"),
        ("redis+sentinel://u:w@h/na@me", "written %40"),
        ("redis+sentinel://u:w@h/name?sentinel_password=hunter2@x", "written %40"),
        ("redis+sentinel://h/name?sentinel_password=hunter2@x", "%40"),
        ("redis+sentinel://u:hunter2@h", "has no name of the primary"),
        ("redis://u:123#hunter2@h", "%23"),
        ("redis://u:hunter2%@h", "a % itself is written %25"),
        ("redis://u:hunter2%zz@h", "a % itself is written %25"),
        ("redis://u:%ffhunter2@h", "not UTF-8"),
        ("redis://hunter2@h", "user:password@ or :password@"),
        ("redis://hunter2:@h", "user:password@ or :password@"),
        ("redis://:@h", "user:password@ or :password@"),
        ("redis+cluster://hunter2@h", "user:password@ or :password@"),
        ("redis://h?password=hunter2", "user:password@host"),
        ("unix:/run/redis.sock?password=hunter2", "?user=app&pass="),
        ("unix:/run/redis.sock?username=hunter2", "?user=app&pass="),
        ("unix:/run/redis.sock?user=hunter2", "give both"),
        ("unix:/run/redis.sock?pass=", "give both"),
        ("unix://u:hunter2@/run/redis.sock", "?user=app&pass="),
        ("redis+unix://:hunter2@h/run/redis.sock", "?user=app&pass="),
        ("redis+sentinel://h/name?sentinel_user=hunter2", "sentinel_password"),
        ("redis://u:hun ter2@h", "a space is written %20"),
        ("redis://u:hunter2@h\nredis://x", "white space"),
        // Query and fragment.
        ("redis://h?hunter2", "a name in its query (behind the ?) that is not known: known are protocol"),
        ("redis://h?protocol=hunter2", "neither resp2 nor resp3"),
        ("redis://h?timeout=5", "not known"),
        ("redis+sentinel://h/name?hunter2=1", "known are sentinel_user, sentinel_password"),
        ("redis+cluster://h?hunter2", "this kind of URL has none"),
        ("rediss://h#insecure", "OTP_REDIS_CA"),
        ("rediss://h/0#insecure", "OTP_REDIS_CA"),
        ("redis://h#hunter2", "%23"),
        ("unix:/run/hunter2#x", "%23"),
        // The rest.
        ("\"redis://h\"", "quotes around it"),
        ("'redis://u:hunter2@h'", "quotes around it"),
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://:hunter2@", "names no host"),
        ("redis://h:", "without a port from 1 to 65535"),
        ("redis://h:0", "without a port"),
        ("redis://h:99999", "without a port"),
        ("redis://h:+1", "without a port"),
        ("redis://h:hunter2", "without a port"),
        ("redis://::1", "an IPv6 address has brackets"),
        ("redis://[::1", "no name has"),
        ("redis://h1,h2", "several hosts"),
        ("redis://h&db=3", "a & in a host's name"),
        ("redis://$HOST", "a $ in a host's name"),
        ("redis://${HOST}:6379", "a $ in a host's name"),
        ("redis://<host>:6379", "a < in a host's name"),
        ("redis://h;x", "a ; in a host's name"),
        ("redis://h=x", "a = in a host's name"),
        ("redis://h%31", "a % in a host's name"),
        ("redis+sentinel://h1,{h2}/name", "a { in a host's name"),
        ("redis+cluster://h1,h2|h3", "a | in a host's name"),
        ("redis://\u{fc}.example", "not ASCII"),
        ("redis://[h]:6379", "no IPv6 address"),
        ("redis://[fe80::1%25eth0]:6379", "no IPv6 address"),
        ("redis:h", "has no // behind redis"),
        ("redis+sentinel:h/name", "has no // behind redis+sentinel"),
        ("redis+sentinel://h", "has no name of the primary"),
        ("redis+sentinel://h//1", "has no name of the primary"),
        ("redis+cluster://h1,,h2", "names no host"),
        ("unix:", "absolute path"),
        ("unix:run/redis.sock", "absolute path"),
        ("unix://run/redis.sock", "absolute path"),
        ("unix:/run/", "absolute path"),
        ("http://h", "must begin with one of redis:"),
        ("h:6379", "must begin with one of redis:"),
        ("hunter2", "must begin with one of redis:"),
    ] {
        one_mistake(&with(url), "REDIS_URL", part);
        assert!(!refused(&with(url))[0].contains("hunter2"), "{url}");
    }
}

#[test]
fn a_file_may_hold_the_url_and_its_variable_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("url");
    std::fs::write(&file, "\u{feff}redis://h?db=3\r\n").unwrap();
    let set = [("REDIS_URL_FILE", file.to_str().unwrap()), ("OTP_PEPPER", PEPPER), ("OTP_INDEX_KEY", INDEX_KEY)];
    one_mistake(&set, "REDIS_URL_FILE", "the database is the path");
}
