//! Every environment variable, once.
//!
//! Limits and lockouts are those of the presets; where a bound is not given by a preset its reason stands beside it.

use std::time::Duration;

use super::variable::{Group, Kind, Unit, Variable};

/// Scripts carry lengths of time as unsigned 32-bit milliseconds (49.7 days): 40 days leave room for sums.
pub const LONGEST: Duration = Duration::from_secs(40 * DAY);
const DAY: u64 = 86_400;
const SECOND: Duration = Duration::from_secs(1);

const fn span(unit: Unit, min: Duration, max: Duration) -> Kind {
    Kind::Span { unit, min, max }
}

const fn number(min: u64, max: u64) -> Kind {
    Kind::Number { min, max }
}

/// The row of `name`.
pub fn find(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|v| v.name == name)
}

/// Every variable in the order it is listed.
pub static VARIABLES: &[Variable] = &[
    Variable::new(
        "OTP_PRESET",
        Kind::Choice(&["hardened", "balanced", "development"]),
        "hardened",
        "the set of defaults; any variable overrides its own. `development` is for a laptop and serves on loopback only",
    )
    .of(Group::Limits)
    .balanced("balanced"),
    Variable::new("OTP_LENGTH", number(4, 32), "6", "characters in a code, 4 to 32").of(Group::Limits).per_purpose(),
    Variable::new("OTP_ALPHABET", Kind::Alphabet, "0123456789", "what a code is drawn from: ASCII letters and digits")
        .of(Group::Limits)
        .per_purpose(),
    Variable::new(
        "OTP_LIFETIME_MINUTES",
        span(Unit::Minutes, Duration::from_secs(10), Duration::from_secs(DAY)),
        "5",
        "how long a code lives, 10s to 24h",
    )
    .of(Group::Limits)
    .balanced("10")
    .per_purpose(),
    Variable::new(
        "RESEND_COOLDOWN_SECONDS",
        span(Unit::Seconds, Duration::ZERO, Duration::from_secs(DAY)),
        "60",
        "pause between two sends, 0 = none",
    )
    .of(Group::Limits)
    .development("1")
    .per_purpose(),
    Variable::new("MAX_ATTEMPTS_PER_USER_PER_HOUR", Kind::Quota, "3", "codes sent per user: `3`, `3/10m` or `off`")
        .of(Group::Limits)
        .balanced("5")
        .development("off")
        .per_purpose(),
    Variable::new("MAX_ATTEMPTS_PER_IP_PER_HOUR", Kind::Quota, "5", "codes sent per client IP: `5`, `5/10m` or `off`")
        .of(Group::Limits)
        .balanced("0")
        .development("0"),
    Variable::new(
        "OTP_MAX_FAILURES_PER_IP_PER_HOUR",
        Kind::Quota,
        "50",
        "failed checks per client IP, then it is blocked: `50`, `50/10m` or `off`",
    )
    .of(Group::Limits)
    .balanced("0")
    .development("0"),
    Variable::new("OTP_REQUIRE_CLIENT_IP", Kind::Flag, "true", "a call must name the client IP where that is limited")
        .of(Group::Limits),
    Variable::new("OTP_IPV6_PREFIX", number(32, 128), "64", "IPv6 addresses sharing so many bits count as one")
        .of(Group::Limits),
    Variable::new("OTP_ALLOW_WEAK", Kind::Flag, "false", "start even where the limits make guessing likely")
        .of(Group::Limits),
    Variable::new("MAX_FAILED_VERIFICATIONS_PER_OTP", number(1, 1000), "5", "wrong codes that lock a user, 1 to 1000")
        .of(Group::Lockout),
    Variable::new(
        "ACCOUNT_LOCKOUT_MINUTES",
        span(Unit::Minutes, SECOND, LONGEST),
        "15",
        "length of the first lockout, 1s to 40d",
    )
    .of(Group::Lockout)
    .balanced("30")
    .development("10s"),
    Variable::new("PROGRESSIVE_LOCKOUT", Kind::Flag, "true", "each further lockout lasts longer")
        .of(Group::Lockout)
        .balanced("false")
        .development("false"),
    Variable::new(
        "OTP_LOCKOUT_FACTOR",
        Kind::Factor { min: 1.0, max: 100.0 },
        "2",
        "by how much the next lockout is longer, 1 to 100",
    )
    .of(Group::Lockout),
    Variable::new(
        "OTP_MAX_LOCKOUT_MINUTES",
        span(Unit::Minutes, SECOND, LONGEST),
        "1440",
        "no lockout is longer; rises with the first one unless set",
    )
    .of(Group::Lockout),
    Variable::new(
        "OTP_LOCKOUT_MEMORY_HOURS",
        span(Unit::Hours, SECOND, LONGEST),
        "24",
        "failures and lockout level are forgotten after so long",
    )
    .of(Group::Lockout),
    Variable::new(
        "OTP_MAX_CONSECUTIVE_FAILURES",
        number(0, 65_535),
        "100",
        "wrong codes without a right one that disable a user, 0 = off",
    )
    .of(Group::Lockout)
    .balanced("0")
    // As many as the odds allow for six digits.
    .development("1000"),
    Variable::new("OTP_LISTEN", Kind::Address, "127.0.0.1:8080", "the app's listener: `ip:port` or `unix:<path>`")
        .of(Group::Access),
    Variable::new("OTP_ADMIN_LISTEN", Kind::Address, "127.0.0.1:8081", "the operator's listener, with /metrics")
        .of(Group::Access),
    Variable::new("OTP_TLS_CERT", Kind::Path, "", "the listeners' certificate and its chain, PEM: TCP then speaks TLS")
        .of(Group::Access),
    Variable::new("OTP_TLS_KEY", Kind::Path, "", "its private key, PEM").of(Group::Access),
    Variable::new(
        "OTP_TLS_CLIENT_CA",
        Kind::Path,
        "",
        "who signs callers' certificates, PEM: TCP callers must show one",
    )
    .of(Group::Access),
    Variable::new("OTP_API_KEYS", Kind::Keys, "", "`tenant:secret,…`: who may ask for and check codes")
        .of(Group::Access)
        .secret(),
    Variable::new("OTP_ADMIN_KEYS", Kind::Keys, "", "`name:secret,…`: operators").of(Group::Access).secret(),
    Variable::new("OTP_VIEWER_KEYS", Kind::Keys, "", "`name:secret,…`: operators who may only look")
        .of(Group::Access)
        .secret(),
    Variable::new("OTP_PEPPER", Kind::Material, "", "hashes codes; `kid:value,…`, the active one first, to rotate")
        .of(Group::Secrets)
        .secret(),
    Variable::new("OTP_INDEX_KEY", Kind::Material, "", "names users in Redis and seals ids; never changed")
        .of(Group::Secrets)
        .secret(),
    Variable::new(
        "OTP_HASH",
        Kind::Choice(&["argon2id", "hmac"]),
        "argon2id",
        "how codes are stored: `argon2id` or `hmac`",
    )
    .of(Group::Secrets),
    // Less than 1 MiB is no Argon2 to speak of; 1 GiB a hash is more than a machine that also serves should give.
    Variable::new("OTP_ARGON2_MEMORY_KIB", number(1_024, 1_048_576), "19456", "memory of one Argon2 hash, KiB")
        .of(Group::Secrets),
    Variable::new("OTP_ARGON2_ITERATIONS", number(1, 16), "2", "passes of one Argon2 hash").of(Group::Secrets),
    // More processors than that hash faster than one Redis is asked.
    Variable::new(
        "OTP_HASH_THREADS",
        number(1, 256),
        "one a processor, in half of the memory",
        "threads that hash, each with the memory of one hash; unset: one a processor, fewer where they would take more than half of what the cgroup may use",
    )
    .of(Group::Secrets),
    Variable::new("REDIS_URL", Kind::Url, "", "`redis://`, `rediss://`, `unix:`, `redis+sentinel://` or `redis+cluster://`; unset: a private server is started")
        .of(Group::Store)
        .secret(),
    // Every answer must come within a second, of which this may be the greatest part and not all.
    Variable::new(
        "OTP_REDIS_TIMEOUT",
        span(Unit::Milliseconds, Duration::from_millis(10), Duration::from_millis(800)),
        "250ms",
        "longest wait for one call to the store, 10ms to 800ms",
    )
    .of(Group::Store),
    Variable::new("OTP_REDIS_CA", Kind::Path, "the system's", "who signs the certificates of `rediss` servers, PEM")
        .of(Group::Store),
    Variable::new("OTP_REDIS_CERT", Kind::Path, "none", "our certificate for `rediss` servers that ask for one, PEM")
        .of(Group::Store),
    Variable::new("OTP_REDIS_KEY", Kind::Path, "none", "its key, PEM").of(Group::Store),
    Variable::new(
        "OTP_DURABILITY",
        Kind::Choice(&["none", "replica", "fsync"]),
        "replica where there are any",
        "what must have a success, a lock or an operator's act before it is answered: `none`, one `replica`, or the disk (`fsync`)",
    )
    .of(Group::Store),
    Variable::new(
        "OTP_ACCEPT_OLDER_STORE",
        number(0, 4_294_967_295),
        "0",
        "go on with a Redis whose data are older than what was exported: the number that the refusal names",
    )
    .of(Group::Store),
    Variable::new("OTP_REDIS_BIN", Kind::Path, "found on PATH", "the server to start when REDIS_URL is not set")
        .of(Group::Store),
    Variable::new(
        "OTP_DATA_DIR",
        Kind::Path,
        "$XDG_STATE_HOME/otp-sidecar or ~/.local/state/otp-sidecar, without a home /var/lib/otp-sidecar",
        "the private server, its keys and the audit trail: never a directory that everybody may write",
    )
    .of(Group::Store),
    Variable::new(
        "OTP_AUDIT_SINK",
        Kind::Choice(&["dir", "stdout", "dir,stdout"]),
        "dir",
        "where the audit trail goes: `dir`, chained segments in OTP_AUDIT_DIR, `stdout`, plain lines, or `dir,stdout`, the segments and then the same lines",
    )
    .of(Group::Audit),
    Variable::new("OTP_AUDIT_DIR", Kind::Path, "`audit` in OTP_DATA_DIR", "where the segments go").of(Group::Audit),
    Variable::new(
        "OTP_AUDIT_CHECKPOINT_DIR",
        Kind::Path,
        "none",
        "a second place for the signed checkpoints, best on another machine",
    )
    .of(Group::Audit),
    Variable::new(
        "OTP_AUDIT_KEY",
        Kind::Material,
        "",
        "signs the trail and seals the personal fields in it; unset: derived from the index key",
    )
    .of(Group::Audit)
    .secret(),
    // A century: whoever wants to keep it for ever.
    Variable::new(
        "OTP_AUDIT_RETENTION_DAYS",
        span(Unit::Days, Duration::from_secs(DAY), Duration::from_secs(36_525 * DAY)),
        "400",
        "older segments and personal fields go",
    )
    .of(Group::Audit),
    Variable::new(
        "OTP_AUDIT_NAMES",
        Kind::Flag,
        "true",
        "keep, sealed, whom an event is about: subject, address, user agent, device",
    )
    .of(Group::Audit),
    Variable::new(
        "OTP_AUDIT_SOFT_BACKLOG",
        number(1, 1_000_000_000),
        "100000",
        "events waiting in Redis from which on it is an alarm",
    )
    .of(Group::Audit),
    Variable::new(
        "OTP_AUDIT_HARD_BACKLOG",
        number(1, 1_000_000_000),
        "1000000",
        "events waiting in Redis from which on OTP_AUDIT_WHEN_FULL holds",
    )
    .of(Group::Audit),
    Variable::new(
        "OTP_AUDIT_WHEN_FULL",
        Kind::Choice(&["refuse", "shed"]),
        "refuse",
        "`refuse` sends and checks, or `shed` the oldest events and count them",
    )
    .of(Group::Audit),
    Variable::new("OTP_LOG", Kind::Filter, "info", "which log lines are written").of(Group::Operation),
    Variable::new(
        "OTP_LOG_FORMAT",
        Kind::Choice(&["text", "json"]),
        "text on a terminal, else json",
        "how log lines are written",
    )
    .of(Group::Operation),
    Variable::new("OTP_MAX_CONNECTIONS", number(1, 1_000_000), "10000", "open connections per listener")
        .of(Group::Operation),
    // The longest allowed fields, escaped, need some 6 KB: less than 1 KB would refuse ordinary calls.
    Variable::new("OTP_MAX_BODY_BYTES", number(1_024, 1_048_576), "16384", "longest request body").of(Group::Operation),
    Variable::new("OTP_ADMIN_URL", Kind::Url, "http://127.0.0.1:8081", "the admin listener to speak to")
        .of(Group::Client),
    Variable::new("OTP_ADMIN_KEY", Kind::Keys, "", "the secret to speak with").of(Group::Client).secret(),
    Variable::new("OTP_ADMIN_TLS_CERT", Kind::Path, "", "certificate to show where OTP_ADMIN_URL is https, PEM")
        .of(Group::Client),
    Variable::new("OTP_ADMIN_TLS_KEY", Kind::Path, "", "its private key, PEM").of(Group::Client),
    Variable::new(
        "OTP_ADMIN_TLS_NAME",
        Kind::Filter,
        "",
        "for whom the certificate there is, if not for the URL's host",
    )
    .of(Group::Client),
];
