//! Calls that need to know nothing but whom they are about.

use super::{
    request::{holds, ip, odd, post, subject},
    turn,
};
use crate::client::Work;

/// One call of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    path: &'static str,
    /// Whether it names the user's address.
    with_ip: bool,
    /// What else it says.
    more: &'static str,
    /// What must be answered.
    pub status: u16,
    /// What must stand in the answer.
    meant: &'static str,
}

const SENDS: &str = "/v1/verifications";

impl Call {
    /// A code for whoever had none.
    pub const SEND: Self = Self { path: SENDS, with_ip: true, more: "", status: 201, meant: r#""code":""# };
    /// The same, of a server that answers everything alike.
    pub const BARE: Self = Self { status: 200, ..Self::SEND };
    /// A code that the sidecar mails to whoever had none.
    pub const MAIL: Self = Self { more: r#","channel":"email""#, meant: r#""channel":"email""#, ..Self::SEND };
    /// One for the caller to deliver, within the pause after the last.
    pub const TOO_SOON: Self = Self { status: 429, meant: r#""code":"resend_cooldown""#, ..Self::SEND };
    /// The same, for a user who is locked.
    pub const LOCKED: Self = Self { status: 429, meant: r#""code":"subject_locked""#, ..Self::SEND };
    /// How a user stands.
    pub const STATUS: Self =
        Self { path: "/v1/status", with_ip: false, more: "", status: 200, meant: r#""locked":false"# };
    /// A request of an app with codes of its own.
    pub const GUARD_REQUEST: Self =
        Self { path: "/v1/guard/request", with_ip: true, more: "", status: 200, meant: r#""allowed":true"# };
    /// A failure of such an app's user.
    pub const GUARD_FAILURE: Self =
        Self { path: "/v1/guard/failure", with_ip: true, more: "", status: 200, meant: r#""locked":false"# };
    /// A success of such an app's user.
    pub const GUARD_SUCCESS: Self =
        Self { path: "/v1/guard/success", with_ip: false, more: "", status: 200, meant: r#""locked":false"# };
}

/// See the module.
pub struct Calls {
    call: Call,
    next: usize,
    /// How many take turns; `None` = each is asked about once.
    users: Option<usize>,
}

impl Calls {
    /// About user after user.
    pub fn fresh(call: Call) -> Self {
        Self::fresh_after(call, 0)
    }

    /// About user after user from the `first` on.
    pub fn fresh_after(call: Call, first: usize) -> Self {
        Self { call, next: first, users: None }
    }

    /// About the first `users`, in turn.
    pub fn about(call: Call, users: usize) -> Self {
        Self { call, next: 0, users: Some(users) }
    }
}

impl Work for Calls {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        let user = self.users.map_or(self.next, |users| turn(self.next, users));
        self.next += 1;
        let ip = if self.call.with_ip { format!(r#","ip":"{}""#, ip(user)) } else { String::new() };
        let more = self.call.more;
        post(out, self.call.path, format!(r#"{{"subject":"{}"{ip}{more}}}"#, subject(user)).as_bytes());
        Some(user)
    }

    fn judge(&mut self, _: usize, status: u16, body: &[u8]) -> Result<(), String> {
        let as_meant = status == self.call.status && holds(body, self.call.meant);
        if as_meant { Ok(()) } else { Err(odd(status, body)) }
    }
}
