//! Why a message was not delivered: a closed list, without a word of what a provider said.

use crate::policy::numbered;

numbered! {
    /// Why a try failed.
    enum Reason;

    /// The provider said no.
    Refused = 1, "refused";
    /// It could not be spoken to.
    Unreachable = 2, "unreachable";
    /// It did not answer in time.
    Timeout = 3, "timeout";
    /// No sidecar has such a channel.
    NoChannel = 4, "no_channel";
}
