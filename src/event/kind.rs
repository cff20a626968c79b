//! The catalogue of events.

use crate::policy::numbered;

numbered! {
    /// What an event is about, its `type`: the catalogue of events.
    #[derive(Default)]
    enum Kind;

    /// A code was asked for.
    Send = 1, "send";
    /// A code was presented.
    Check = 2, "check";
    /// A verification was called off.
    Cancel = 3, "cancel";
    /// A lock began.
    Lockout = 4, "lockout";
    /// The hard stop was reached.
    Disable = 5, "disable";
    /// An app with codes of its own asked whether it may send.
    Request = 6, "request";
    /// An app's own check failed.
    Failure = 7, "failure";
    /// An app's own check succeeded.
    Success = 8, "success";
    /// A code reached its user, or did not.
    Delivery = 9, "delivery";
    /// A user did not ask for a code.
    Report = 10, "report";
    /// An operator ended a lock, a hard stop or a network's block.
    AdminUnlock = 11, "admin.unlock";
    /// An operator locked a subject.
    AdminLock = 12, "admin.lock";
    /// An operator erased what is known of a person.
    AdminErase = 13, "admin.erase";
    /// An operator took out what is known of a person.
    AdminExport = 14, "admin.export";
    /// An operator looked at one subject.
    AdminInspect = 15, "admin.inspect";
    /// An operator listed locks.
    AdminLocks = 16, "admin.locks";
    /// An operator listed events.
    AdminEvents = 17, "admin.events";
    /// An operator drew up a report.
    AdminReport = 18, "admin.report";
    /// A sidecar began to serve.
    Start = 20, "start";
    /// A sidecar was told to stop.
    Stop = 21, "stop";
    /// Events were given up because nobody could write them out.
    Shed = 22, "audit.shed";
    /// Data went back to something earlier, or may have: codes issued before are void.
    Rollback = 23, "store.rollback";
    /// What a caller had been told was put back after that, by versions before 1.0; none is written any more.
    Replay = 24, "store.replay";
    /// An entry of the outbox was no event; it is written out by its hash, and deleted. What
    /// an event is of which nothing else is known.
    #[default]
    Unreadable = 25, "audit.unreadable";
    /// A sign-in, or what many of them had in common, that is not like the user or the app.
    Suspicious = 26, "suspicious";
}

impl Kind {
    /// Whether it is one of the acts that a review lists one by one.
    pub fn is_act(self) -> bool {
        let of_operators =
            [Self::AdminUnlock, Self::AdminLock, Self::AdminErase, Self::AdminExport, Self::AdminInspect];
        let of_sidecars = [Self::Start, Self::Stop, Self::Shed, Self::Rollback, Self::Unreadable];
        of_operators.contains(&self) || of_sidecars.contains(&self)
    }
}
