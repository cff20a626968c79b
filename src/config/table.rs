//! Every environment variable, once: its name and type, its bounds, what holds without it, and what it does.
//!
//! Limits and lockouts are those of the presets; where a bound is not given by a preset its reason stands beside it.

use std::{
    collections::BTreeMap,
    marker::PhantomData,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use lettre::message::Mailbox;
use rustls::pki_types::ServerName;
use secrecy::SecretString;

use super::{
    address::{AdminAddr, ListenAddr},
    targets::{Events, SyslogTarget},
    texts::{is_alphabet, is_filter, is_host},
    value::{
        Kind::{self, Any, Secret},
        LONGEST,
    },
    variable::{CLIENT, Typed, Variable},
    words::{Format, HashName, LogFormat, Names, Notices, Preset, Sink, WhenFull},
};
use crate::{
    delivery::templates::{is_app_name, is_locale},
    policy::{Prefixes, Quota},
    risk::{Mode, geo::Allowed},
    store::Durability,
};

const ZERO: Duration = Duration::ZERO;

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

const fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

const fn days(number: u64) -> Duration {
    Duration::from_secs(number * 86_400)
}

const fn span(unit: &'static str, min: Duration, max: Duration) -> Kind {
    Kind::Span { unit, min, max }
}

const fn number(min: u64, max: u64) -> Kind {
    Kind::Number { min, max }
}

const fn text(fits: fn(&str) -> bool, wanted: &'static str) -> Kind {
    Kind::Text { fits, wanted }
}

/// The row of `name`.
pub fn find(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|row| row.name == name).copied()
}

/// The rows by the heading under which they are listed.
pub fn groups() -> impl Iterator<Item = &'static [&'static Variable]> {
    VARIABLES.chunk_by(|one, next| one.group == next.group)
}

/// What a setting of a row says, or that it holds.
macro_rules! setting {
    () => {
        true
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Makes of each row `NAME: type = bounds, default, .settings() => help;` a constant of that name, and of all of them the table.
macro_rules! variables {
    ($($group:tt { $($name:ident: $type:ty = $kind:expr, $default:expr
        $(, $(.$setting:ident($($value:expr)?))+)? => $help:expr;)+ })+) => {
        $($(pub(super) const $name: Typed<$type> = Typed {
            row: &Variable {
                name: stringify!($name),
                group: $group,
                kind: $kind,
                hardened: $default,
                help: $help,
                $($($setting: setting!($($value)?),)+)?
                ..Variable::ROW
            },
            value: PhantomData,
        };)+)+

        /// Every variable in the order it is listed.
        pub static VARIABLES: &[&Variable] = &[$($($name.row),+),+];
    };
}

variables! {
    "Codes and send limits" {
        OTP_PRESET: Preset = Any, "hardened", .balanced("balanced") =>
            "the set of defaults; any variable overrides its own. `development` is for a laptop and serves on loopback only";
        OTP_LENGTH: u8 = number(4, 32), "6", .per_purpose().watched() => "characters in a code, 4 to 32";
        OTP_ALPHABET: String = text(is_alphabet, "2 to 64 different ASCII letters or digits"), "0123456789", .per_purpose() =>
            "what a code is drawn from: ASCII letters and digits";
        OTP_LIFETIME_MINUTES: Duration = span("m", secs(10), days(1)), "5", .balanced("10").per_purpose().watched() =>
            "how long a code lives, 10s to 24h";
        RESEND_COOLDOWN_SECONDS: Duration = span("s", ZERO, days(1)), "60", .development("1").per_purpose().watched() =>
            "pause between two sends, 0 = none";
        MAX_ATTEMPTS_PER_USER_PER_HOUR: Option<Quota> = Any, "3", .balanced("5").development("off").per_purpose().watched() =>
            "codes sent per user: `3`, `3/10m` or `off`";
        MAX_ATTEMPTS_PER_IP_PER_HOUR: Option<Quota> = Any, "5", .balanced("0").development("0").watched() =>
            "codes sent per client IP: `5`, `5/10m` or `off`";
        OTP_MAX_FAILURES_PER_IP_PER_HOUR: Option<Quota> = Any, "50", .balanced("0").development("0") =>
            "failed checks per client IP, then it is blocked: `50`, `50/10m` or `off`";
        OTP_REQUIRE_CLIENT_IP: bool = Any, "true" => "a call must name the client IP where that is limited";
        OTP_IPV6_PREFIX: u8 = number(32, 128), "64" => "IPv6 addresses sharing so many bits count as one";
        OTP_ALLOW_WEAK: bool = Any, "false" => "start even where the limits make guessing likely";
    }
    "Wrong codes and lockouts" {
        MAX_FAILED_VERIFICATIONS_PER_OTP: u16 = number(1, 1000), "5", .watched() =>
            "wrong codes that lock a user, 1 to 1000";
        ACCOUNT_LOCKOUT_MINUTES: Duration = span("m", secs(1), LONGEST), "15", .balanced("30").development("10s").watched() =>
            "length of the first lockout, 1s to 40d";
        PROGRESSIVE_LOCKOUT: bool = Any, "true", .balanced("false").development("false").watched() =>
            "each further lockout lasts longer";
        OTP_LOCKOUT_FACTOR: f64 = Kind::Factor { min: 1.0, max: 100.0 }, "2" =>
            "by how much the next lockout is longer, 1 to 100";
        OTP_MAX_LOCKOUT_MINUTES: Duration = span("m", secs(1), LONGEST), "1440" =>
            "no lockout is longer; rises with the first one unless set";
        OTP_LOCKOUT_MEMORY_HOURS: Duration = span("h", secs(1), LONGEST), "24" =>
            "failures and lockout level are forgotten after so long";
        // As many as the odds allow for six digits.
        OTP_MAX_CONSECUTIVE_FAILURES: u16 = number(0, 65_535), "100", .balanced("0").development("1000") =>
            "wrong codes without a right one that disable a user, 0 = off";
    }
    "Listeners and keys" {
        OTP_LISTEN: ListenAddr = Any, "127.0.0.1:8080" => "the app's listener: `ip:port` or `unix:<path>`";
        OTP_ADMIN_LISTEN: ListenAddr = Any, "127.0.0.1:8081" => "the operator's listener, with /metrics";
        OTP_TLS_CERT: PathBuf = Any, "" => "the listeners' certificate and its chain, PEM: TCP then speaks TLS";
        OTP_TLS_KEY: PathBuf = Any, "" => "its private key, PEM";
        OTP_TLS_CLIENT_CA: PathBuf = Any, "" => "who signs callers' certificates, PEM: TCP callers must show one";
        OTP_API_KEYS: SecretString = Secret, "" => "`tenant:secret,…`: who may ask for and check codes";
        OTP_ADMIN_KEYS: SecretString = Secret, "" => "`name:secret,…`: operators";
        OTP_VIEWER_KEYS: SecretString = Secret, "" => "`name:secret,…`: operators who may only look";
    }
    "Key material" {
        OTP_PEPPER: SecretString = Secret, "" => "hashes codes; `kid:value,…`, the active one first, to rotate";
        OTP_INDEX_KEY: SecretString = Secret, "" => "names users in Redis and seals ids; never changed";
        OTP_HASH: HashName = Any, "argon2id" => "how codes are stored: `argon2id` or `hmac`";
        // Less than 1 MiB is no Argon2 to speak of; 1 GiB a hash is more than a machine that also serves should give.
        OTP_ARGON2_MEMORY_KIB: u32 = number(1_024, 1_048_576), "19456" => "memory of one Argon2 hash, KiB";
        OTP_ARGON2_ITERATIONS: u8 = number(1, 16), "2" => "passes of one Argon2 hash";
        // More processors than that hash faster than one Redis is asked.
        OTP_HASH_THREADS: usize = number(1, 256), "one a processor, in half of the memory" =>
            "threads that hash, each with the memory of one hash; unset: one a processor, fewer where they would take more than half of what the cgroup may use";
    }
    "Store" {
        REDIS_URL: SecretString = Secret, "" =>
            "`redis://`, `rediss://`, `unix:`, `redis+sentinel://` or `redis+cluster://`; unset: a private server is started";
        // Every answer must come within a second, of which this may be the greatest part and not all.
        OTP_REDIS_TIMEOUT: Duration = span("ms", millis(10), millis(800)), "250ms" =>
            "longest wait for one call to the store, 10ms to 800ms";
        OTP_REDIS_CA: PathBuf = Any, "the system's" => "who signs the certificates of `rediss` servers, PEM";
        OTP_REDIS_CERT: PathBuf = Any, "none" => "our certificate for `rediss` servers that ask for one, PEM";
        OTP_REDIS_KEY: PathBuf = Any, "none" => "its key, PEM";
        OTP_DURABILITY: Durability = Any, "replica where there are any" =>
            "what must have a success, a counted failure or an operator's act before it is answered: `none`, one `replica`, or the disk (`fsync`)";
        OTP_REDIS_BIN: PathBuf = Any, "found on PATH" => "the server to start when REDIS_URL is not set";
        OTP_DATA_DIR: PathBuf = Any,
            "$XDG_STATE_HOME/otp-sidecar or ~/.local/state/otp-sidecar, without a home /var/lib/otp-sidecar" =>
                "the private server, its keys and the audit trail: never a directory that everybody may write";
    }
    "Audit trail" {
        OTP_AUDIT_SINK: Sink = Any, "dir" =>
            "where the audit trail goes: `dir`, chained segments in OTP_AUDIT_DIR, `stdout`, plain lines, or `dir,stdout`, the segments and then the same lines";
        OTP_AUDIT_DIR: PathBuf = Any, "`audit` in OTP_DATA_DIR" => "where the segments go";
        OTP_AUDIT_CHECKPOINT_DIR: PathBuf = Any, "none" =>
            "a second place for the signed checkpoints, best on another machine";
        OTP_AUDIT_KEY: SecretString = Secret, "" =>
            "signs the trail and seals the personal fields in it; unset: derived from the index key";
        // A century: whoever wants to keep it for ever.
        OTP_AUDIT_RETENTION_DAYS: Duration = span("d", days(1), days(36_525)), "400" =>
            "older segments and personal fields go";
        OTP_AUDIT_NAMES: bool = Any, "true" =>
            "keep, sealed, whom an event is about: subject, address, user agent, device";
        OTP_AUDIT_SOFT_BACKLOG: u64 = number(1, 1_000_000_000), "100000" =>
            "events waiting in Redis from which on it is an alarm";
        OTP_AUDIT_HARD_BACKLOG: u64 = number(1, 1_000_000_000), "1000000" =>
            "events waiting in Redis from which on OTP_AUDIT_WHEN_FULL holds";
        OTP_AUDIT_WHEN_FULL: WhenFull = Any, "refuse" =>
            "`refuse` sends and checks, or `shed` the oldest events and count them";
    }
    "Sinks" {
        OTP_EXPORT_FORMAT: Format = Any, "plain" =>
            "how events look on standard output, in syslog and in webhooks: `plain`, as in the trail, or `ocsf` (1.5.0)";
        OTP_EXPORT_NAMES: Names = Any, "webhook" =>
            "who is told whom an event is about: `none`, the `webhook`, or `all`, syslog too; what was sent cannot be erased there";
        OTP_SYSLOG_URL: SyslogTarget = Any, "" =>
            "who gets every event by syslog: `unix:/dev/log`, `syslog+tcp://host:601` or `syslog+tls://host:6514`, with `?framing=lf` where octets are not counted";
        OTP_SYSLOG_CA: PathBuf = Any, "the system's" => "who signs the certificate of a `syslog+tls` server, PEM";
        OTP_SYSLOG_CERT: PathBuf = Any, "none" => "our certificate for one that asks for it, PEM";
        OTP_SYSLOG_KEY: PathBuf = Any, "none" => "its key, PEM";
        OTP_WEBHOOK_URL: SecretString = Secret, "" => "who gets events by signed HTTP: `https://` or `http://`";
        OTP_WEBHOOK_SECRET: SecretString = Secret, "" => "signs them: `whsec_…`, several while one is rotated";
        OTP_WEBHOOK_CA: PathBuf = Any, "the system's" => "who signs the certificate of the webhook, PEM";
        OTP_WEBHOOK_EVENTS: Events = Any, "disable,lockout,report,suspicious,admin.lock,admin.unlock" =>
            "which events the webhook gets: types, families such as `admin`, or `all`; unset: those that an app tells its users of";
    }
    "Delivery" {
        OTP_DELIVERY_URL: SecretString = Secret, "", .per_channel() =>
            "who takes the messages of a channel: mails `smtps://user:password@host`, `smtp://` (STARTTLS, always) or `smtp+plain://`; any `https://`, or `http://` on this machine";
        OTP_DELIVERY_SECRET: SecretString = Secret, "", .per_channel() =>
            "signs the requests of an `https://` channel: `whsec_…`, several while one is rotated; with a request file what that calls `secret`";
        OTP_DELIVERY_FROM: Mailbox = Any, "" => "who sends mails: `Shop <no-reply@shop.example>`";
        OTP_APP_NAME: String = text(is_app_name, "at most 60 characters of one line"), "the tenant" =>
            "what the app calls itself in messages";
        OTP_LOCALE: String = text(is_locale, "a locale such as `en` or `de-AT`"), "en" =>
            "which templates are used where a call names no locale, or one that there are none of";
        OTP_TEMPLATES_DIR: PathBuf = Any, "none" =>
            "`[<tenant>/]<channel>/<purpose or default>[.<locale>].txt` and `.html`, `<channel>.http`; English is built in";
        OTP_SMS_ORIGIN: String = text(is_host, "a host such as `shop.example`"), "none" =>
            "the host of the page that reads codes from SMS (WebOTP): each ends with `@host #code`";
        OTP_CALLER_CODES: bool = Any, "false" => "a call may bring a code of its own, which is then sent";
        OTP_PHONE_PREFIXES: Prefixes = Any, "" =>
            "the numbers that codes may go to, `+49,+1,-+1876`: the longest prefix decides, `-` denies, `*` is everywhere; needed with every channel but mail";
        OTP_PHONE_BUDGET: Option<Quota> = Any, "off" =>
            "codes to one of these prefixes that nobody has proved yet, for each tenant: `200/1h`";
        OTP_SENDS_PER_RECIPIENT_PER_HOUR: Option<Quota> = Any, "as per user" =>
            "codes sent to one address that is not the subject: `3`, `3/10m` or `off`";
        OTP_TEST_RECIPIENTS: SecretString = Secret, "" =>
            "`+15550100=123456,…`, 100 at most: a code that is always the same, and nothing is sent";
        OTP_TEST_RECIPIENTS_UNTIL: SystemTime = Any, "" =>
            "the day from which on they are ordinary, `2027-03-01`; 366 days off at most";
        OTP_NOTIFY_USERS: Notices = Any, "off" =>
            "`lockout`: a user who is locked gets a mail about it, where the code went by mail; or `off`";
        // A user waits; a relay that takes longer is better tried again.
        OTP_DELIVERY_TIMEOUT: Duration = span("s", secs(1), secs(60)), "10s" =>
            "longest try of one message, from the connection on";
        OTP_DELIVERY_TRIES: u8 = number(1, 10), "3" => "most tries of one message";
        OTP_DELIVERY_CONNECTIONS: usize = number(1, 256), "8" => "most connections to the provider of a channel";
        OTP_DELIVERY_CA: PathBuf = Any, "the system's" => "who signs the certificates of providers, PEM";
        OTP_TWILIO_SERVICES: BTreeMap<String, String> = Any, "" =>
            "`VA…:login,VA…:signup`: clients of Twilio Verify are answered for these services, each with its purpose";
    }
    "Risk" {
        OTP_GEO_DB: Vec<PathBuf> = Any, "none" =>
            "`.mmdb` files, comma separated (countries or cities, AS numbers, anonymous networks): where clients are; read again when they change";
        OTP_RISK: Mode = Any, "off" =>
            "`shadow` learns and scores sign-ins for the trail and metrics, `report` tells it in answers too, `step_up` also when to ask for more; or `off`";
        OTP_RISK_STEP_UP: u8 = number(1, 100), "30" => "points from which on to ask for more, 1 to 100";
        OTP_RISK_MIN_SIGN_INS: u8 = number(1, 100), "5" => "sign-ins that are learned before the model acts";
        // Half a year is as much as was found to help; a century is for ever.
        OTP_RISK_MEMORY_DAYS: Duration = span("d", days(1), days(36_525)), "180" =>
            "a profile goes so long after its last sign-in";
        // Each of them is noted, 8 bytes long, and looked through with the next.
        OTP_RISK_SPRAY: Option<Quota> = number(0, 1000), "10/1h" =>
            "strangers with wrong codes from one network that are suspicious: `10/1h` or `off`";
        OTP_RISK_GUESS: Option<Quota> = number(0, 1000), "4/24h" =>
            "networks with wrong codes for one user that are suspicious: `4/24h` or `off`";
        OTP_RISK_BOMBING: Option<Quota> = Any, "10/1h" =>
            "refused sends to one user that are suspicious: `10/1h` or `off`";
        OTP_RISK_ALLOW: Allowed = Any, "none" =>
            "networks that are never suspicious, `192.0.2.0/24,AS64500`";
    }
    "Operation" {
        OTP_LOG: String = text(is_filter, "a log filter such as `info` or `info,otp_sidecar=debug`"), "info" =>
            "which log lines are written";
        OTP_LOG_FORMAT: LogFormat = Any, "text on a terminal, else json" => "how log lines are written";
        OTP_MAX_CONNECTIONS: usize = number(1, 1_000_000), "10000" => "open connections per listener";
        // The longest allowed fields, escaped, need some 6 KB: less than 1 KB would refuse ordinary calls.
        OTP_MAX_BODY_BYTES: usize = number(1_024, 1_048_576), "16384" => "longest request body";
    }
    CLIENT {
        OTP_ADMIN_URL: AdminAddr = Any, "http://127.0.0.1:8081" => "the admin listener to speak to";
        OTP_ADMIN_KEY: SecretString = Secret, "" => "the secret to speak with";
        OTP_ADMIN_TLS_CERT: PathBuf = Any, "" => "certificate to show where OTP_ADMIN_URL is https, PEM";
        OTP_ADMIN_TLS_KEY: PathBuf = Any, "" => "its private key, PEM";
        OTP_ADMIN_TLS_NAME: ServerName<'static> = Any, "" =>
            "for whom the certificate there is, if not for the URL's host";
    }
}
