//! The limits that a model and its sidecars are given, in the contract's words.

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// So many in a window of so many ms.
pub type Quota = Option<(u64, u64)>;

/// What a purpose has of its own; `None` = as everywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Own {
    pub lifetime: Option<u64>,
    pub cooldown: Option<u64>,
    pub sends: Option<Quota>,
    pub length: Option<u64>,
}

/// All limits. Times in ms.
#[derive(Debug, Clone)]
pub struct Rules {
    pub lifetime: u64,
    pub cooldown: u64,
    pub sends: Quota,
    pub ip_sends: Quota,
    pub ip_failures: Quota,
    pub max_failures: u64,
    pub lock: u64,
    pub progressive: bool,
    pub factor: u64,
    pub cap: u64,
    pub memory: u64,
    pub hard_stop: u64,
    pub length: u64,
    /// All purposes that calls name, each with what it has of its own. The first is the default.
    pub purposes: Vec<(&'static str, Own)>,
    pub argon2id: bool,
    /// Left to this preset: only the hash and the purposes are set.
    pub preset: Option<&'static str>,
}

impl Rules {
    /// `hardened` as it is.
    pub fn hardened() -> Self {
        Self {
            lifetime: 5 * MINUTE,
            cooldown: MINUTE,
            sends: Some((3, HOUR)),
            ip_sends: Some((5, HOUR)),
            ip_failures: Some((50, HOUR)),
            max_failures: 5,
            lock: 15 * MINUTE,
            progressive: true,
            factor: 2,
            cap: 24 * HOUR,
            memory: 24 * HOUR,
            hard_stop: 100,
            length: 6,
            purposes: vec![("login", Own::default()), ("reset", Own::default())],
            argon2id: true,
            preset: Some("hardened"),
        }
    }

    /// `balanced` as it is, with the quick hash.
    pub fn balanced() -> Self {
        Self {
            lifetime: 10 * MINUTE,
            sends: Some((5, HOUR)),
            ip_sends: None,
            ip_failures: None,
            lock: 30 * MINUTE,
            progressive: false,
            hard_stop: 0,
            argon2id: false,
            preset: Some("balanced"),
            ..Self::hardened()
        }
    }

    /// Limits so narrow that a short sequence meets all of them, and purposes with limits of their own.
    pub fn narrow(argon2id: bool) -> Self {
        let reset =
            Own { lifetime: Some(25 * SECOND), length: Some(8), sends: Some(Some((2, 8 * SECOND))), ..Own::default() };
        let pay = Own { cooldown: Some(700), ..Own::default() };
        let sign_up = Own { cooldown: Some(0), sends: Some(None), ..Own::default() };
        Self {
            lifetime: 10 * SECOND,
            cooldown: 300,
            sends: Some((3, 2 * SECOND)),
            ip_sends: Some((6, 3 * SECOND)),
            ip_failures: Some((7, 20 * SECOND)),
            max_failures: 3,
            lock: SECOND,
            progressive: true,
            factor: 3,
            cap: 5 * SECOND,
            memory: 12 * SECOND,
            hard_stop: 8,
            length: 6,
            purposes: vec![("login", Own::default()), ("reset", reset), ("pay", pay), ("sign_up", sign_up)],
            argon2id,
            preset: None,
        }
    }

    /// More purposes than may be pending at a time.
    pub fn crowded() -> Self {
        const NAMES: [&str; 20] = [
            "login", "p01", "p02", "p03", "p04", "p05", "p06", "p07", "p08", "p09", "p10", "p11", "p12", "p13", "p14",
            "p15", "p16", "p17", "p18", "p19",
        ];
        Self {
            lifetime: 30 * SECOND,
            cooldown: 0,
            sends: None,
            ip_sends: None,
            ip_failures: None,
            max_failures: 6,
            hard_stop: 0,
            purposes: NAMES.map(|name| (name, Own::default())).into(),
            ..Self::narrow(false)
        }
    }

    /// The environment that says the same.
    pub fn environment(&self) -> Vec<(String, String)> {
        let hash = if self.argon2id { "argon2id" } else { "hmac" };
        let mut set = vec![
            ("OTP_HASH".to_owned(), hash.to_owned()),
            ("OTP_ARGON2_MEMORY_KIB".into(), "1024".into()),
            ("OTP_ARGON2_ITERATIONS".into(), "1".into()),
        ];
        let mut put = |name: &str, value: String| set.push((name.to_owned(), value));
        if let Some(preset) = self.preset {
            put("OTP_PRESET", preset.into());
            return set;
        }
        put("OTP_LIFETIME_MINUTES", ms(self.lifetime));
        put("RESEND_COOLDOWN_SECONDS", ms(self.cooldown));
        put("MAX_ATTEMPTS_PER_USER_PER_HOUR", quota(self.sends));
        put("MAX_ATTEMPTS_PER_IP_PER_HOUR", quota(self.ip_sends));
        put("OTP_MAX_FAILURES_PER_IP_PER_HOUR", quota(self.ip_failures));
        put("MAX_FAILED_VERIFICATIONS_PER_OTP", self.max_failures.to_string());
        put("ACCOUNT_LOCKOUT_MINUTES", ms(self.lock));
        put("PROGRESSIVE_LOCKOUT", self.progressive.to_string());
        put("OTP_LOCKOUT_FACTOR", self.factor.to_string());
        put("OTP_MAX_LOCKOUT_MINUTES", ms(self.cap));
        put("OTP_LOCKOUT_MEMORY_HOURS", ms(self.memory));
        put("OTP_MAX_CONSECUTIVE_FAILURES", self.hard_stop.to_string());
        put("OTP_ALLOW_WEAK", "true".into());
        put("OTP_LENGTH", self.length.to_string());
        for (name, own) in &self.purposes {
            let name = name.to_uppercase();
            let mut own_put = |variable: &str, value: Option<String>| {
                if let Some(value) = value {
                    put(&format!("{variable}__{name}"), value);
                }
            };
            own_put("OTP_LIFETIME_MINUTES", own.lifetime.map(ms));
            own_put("RESEND_COOLDOWN_SECONDS", own.cooldown.map(ms));
            own_put("MAX_ATTEMPTS_PER_USER_PER_HOUR", own.sends.map(quota));
            own_put("OTP_LENGTH", own.length.map(|length| length.to_string()));
        }
        set
    }

    /// The name of a purpose.
    pub fn purpose(&self, purpose: usize) -> &'static str {
        self.purposes[purpose].0
    }

    fn own(&self, purpose: usize) -> &Own {
        &self.purposes[purpose].1
    }

    /// How long a code lives.
    pub fn lifetime(&self, purpose: usize) -> u64 {
        self.own(purpose).lifetime.unwrap_or(self.lifetime)
    }

    /// How long a code is.
    pub fn length(&self, purpose: usize) -> u64 {
        self.own(purpose).length.unwrap_or(self.length)
    }

    /// The pause between two sends, and whether it is this purpose's own.
    pub fn cooldown(&self, purpose: usize) -> (u64, bool) {
        let own = self.own(purpose).cooldown;
        (own.unwrap_or(self.cooldown), own.is_some())
    }

    /// The quota of sends, and whether it is this purpose's own.
    pub fn sends(&self, purpose: usize) -> (Quota, bool) {
        let own = self.own(purpose).sends;
        (own.unwrap_or(self.sends), own.is_some())
    }

    /// Length of the `level`-th lock in a row.
    pub fn lock_length(&self, level: u64) -> u64 {
        let growth = if self.progressive { self.factor.saturating_pow(u32::try_from(level - 1).unwrap()) } else { 1 };
        self.lock.saturating_mul(growth).min(self.cap)
    }
}

fn ms(ms: u64) -> String {
    format!("{ms}ms")
}

fn quota(quota: Quota) -> String {
    quota.map_or("off".into(), |(max, window)| format!("{max}/{window}ms"))
}
