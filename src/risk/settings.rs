//! What operators set of risk.

use std::time::Duration;

use super::geo::Allowed;
use crate::policy::Quota;

/// How far risk goes (`OTP_RISK`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Nothing is learned.
    #[default]
    Off,
    /// Sign-ins are learned and scored for the trail and the metrics.
    Shadow,
    /// Scores are also told in answers.
    Report,
    /// Answers also say when to ask for more.
    StepUp,
}

impl Mode {
    /// All of them, by their words in settings and metrics.
    pub const ALL: [(&str, Self); 4] =
        [("off", Self::Off), ("shadow", Self::Shadow), ("report", Self::Report), ("step_up", Self::StepUp)];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

/// The settings of risk.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `OTP_RISK`.
    pub mode: Mode,
    /// Points from which on a score is acted on (`OTP_RISK_STEP_UP`), 1 to 100.
    pub step_up: u8,
    /// Sign-ins before which the model does not act (`OTP_RISK_MIN_SIGN_INS`).
    pub min_sign_ins: u8,
    /// For how long after its last sign-in a profile is kept (`OTP_RISK_MEMORY_DAYS`).
    pub memory: Duration,
    /// Strangers that fail from one network (`OTP_RISK_SPRAY`).
    pub spray: Option<Quota>,
    /// Networks that fail at one subject (`OTP_RISK_GUESS`).
    pub guess: Option<Quota>,
    /// Refused sends to one subject (`OTP_RISK_BOMBING`).
    pub bombing: Option<Quota>,
    /// `OTP_RISK_ALLOW`.
    pub allow: Allowed,
}
