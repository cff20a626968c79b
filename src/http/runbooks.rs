//! What to do about each alert, as `GET /runbooks/<alert>` shows it: alerts lead there.

/// A runbook.
#[derive(Debug)]
pub struct Runbook {
    /// The alert.
    pub alert: &'static str,
    /// Markdown.
    pub text: &'static str,
}

macro_rules! runbooks {
    ($($alert:literal)*) => {
        /// Every runbook, by the name of its alert.
        pub const RUNBOOKS: &[Runbook] = &[$(Runbook {
            alert: $alert,
            text: include_str!(concat!("../../deploy/runbooks/", $alert, ".md")),
        }),*];
    };
}

runbooks! {
    "OtpAuditBacklog"
    "OtpAuditTrailFailing"
    "OtpAvailabilityBurn"
    "OtpBruteForce"
    "OtpCertificateBad"
    "OtpCertificateExpiring"
    "OtpClocksApart"
    "OtpDeliveryFailing"
    "OtpDeliveryQueue"
    "OtpEventsShed"
    "OtpExporterStuck"
    "OtpGeoDatabaseOld"
    "OtpHashQueueFull"
    "OtpInternalErrors"
    "OtpLatencyBurn"
    "OtpLockoutSurge"
    "OtpNotScraped"
    "OtpPumping"
    "OtpRestarting"
    "OtpRiskAsksMany"
    "OtpSendingSurge"
    "OtpSinkStuck"
    "OtpSpraying"
    "OtpStoreClockJumped"
    "OtpStoreDown"
    "OtpStoreFailing"
    "OtpStorePrimaryDown"
    "OtpStoreRolledBack"
    "OtpSuccessRateFalling"
    "OtpSuspicious"
    "OtpUnconfirmed"
    "OtpUserDisabled"
    "Watchdog"
}

/// Finds one by the name of its alert, or of its file, by which they name each other.
pub fn find(name: &str) -> Option<&'static Runbook> {
    let alert = name.strip_suffix(".md").unwrap_or(name);
    RUNBOOKS.iter().find(|runbook| runbook.alert == alert)
}
