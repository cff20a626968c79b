//! Routes: one row a call says what path and methods mean it, what counters call it, and who may ask.

use hyper::Method;

use crate::http::{Code, Problem};

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever probes or scrapes: whatever the request says of key and host.
    Probe,
    /// Anybody: it stands in the source.
    Open,
    /// Whoever has a key.
    Keyed,
    /// An operator who may do more than look.
    Admin,
}

/// One call.
#[derive(Debug)]
pub struct Row {
    /// Which it is.
    pub operation: Operation,
    /// The methods it takes, as `Allow` lists them.
    pub methods: &'static str,
    /// Its path. `{id}` stands for one segment that is not empty.
    pub path: &'static str,
    /// The metrics label.
    pub label: &'static str,
    /// Who may ask.
    pub access: Access,
}

impl Row {
    /// Refuses a method that it does not take.
    ///
    /// # Errors
    /// 405 with `Allow`.
    pub fn takes(&self, method: &Method) -> Result<(), Problem> {
        let takes = self.methods.split(", ").any(|one| one == method.as_str());
        if takes { Ok(()) } else { Err(Problem::from(Code::MethodNotAllowed).allowing(self.methods)) }
    }
}

macro_rules! routes {
    ($($(#[doc = $doc:literal])* $table:ident { $($operation:ident: $methods:ident $path:literal $label:literal $access:ident;)* })*) => {
        /// What is asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation { $($(#[doc = concat!("`", $path, "`")] $operation,)*)* }

        $($(#[doc = $doc])* pub const $table: &[Row] = &[$(Row {
            operation: Operation::$operation,
            methods: $methods,
            path: $path,
            label: $label,
            access: Access::$access,
        },)*];)*
    };
}

/// HAProxy asks with OPTIONS where it is not told otherwise.
const PROBE: &str = "GET, HEAD, OPTIONS";
const GET: &str = "GET, HEAD";
pub(super) const POST: &str = "POST";
const EITHER: &str = "GET, HEAD, POST";

routes! {
    /// The paths of both listeners.
    SHARED {
        Livez: PROBE "/livez" "livez" Probe;
        Readyz: PROBE "/readyz" "readyz" Probe;
        Openapi: GET "/openapi.json" "openapi" Open;
    }
    /// The paths of the app listener. The first that fits is meant.
    APP {
        Send: POST "/v1/verifications" "send" Keyed;
        Check: POST "/v1/verifications/check" "check" Keyed;
        Get: GET "/v1/verifications/{id}" "get" Keyed;
        Cancel: POST "/v1/verifications/{id}/cancel" "cancel" Keyed;
        Delivery: POST "/v1/verifications/{id}/delivery" "delivery" Keyed;
        Report: POST "/v1/verifications/{id}/report" "report" Keyed;
        GuardRequest: POST "/v1/guard/request" "guard_request" Keyed;
        GuardFailure: POST "/v1/guard/failure" "guard_failure" Keyed;
        GuardSuccess: POST "/v1/guard/success" "guard_success" Keyed;
        Status: POST "/v1/status" "status" Keyed;
    }
    /// The paths of the admin listener.
    ADMIN {
        Metrics: PROBE "/metrics" "metrics" Probe;
        Console: GET "/console" "console" Open;
        ConsolePart: GET "/console.{id}" "console" Open;
        Runbook: GET "/runbooks/{id}" "runbooks" Open;
        AdminLocks: GET "/admin/v1/locks" "admin_locks" Keyed;
        AdminUnlock: POST "/admin/v1/unlock" "admin_unlock" Admin;
        AdminLock: POST "/admin/v1/lock" "admin_lock" Admin;
        AdminInspect: POST "/admin/v1/subjects/inspect" "admin_inspect" Keyed;
        AdminExport: POST "/admin/v1/subjects/export" "admin_export" Admin;
        AdminErase: POST "/admin/v1/subjects/erase" "admin_erase" Admin;
        AdminStats: GET "/admin/v1/stats" "admin_stats" Keyed;
        AdminEvents: GET "/admin/v1/events" "admin_events" Keyed;
        AdminReport: GET "/admin/v1/report" "admin_report" Keyed;
        AdminMe: GET "/admin/v1/me" "admin_me" Keyed;
        AdminConfig: GET "/admin/v1/config" "admin_config" Keyed;
    }
    /// The paths of Twilio's door, below a service; called in metrics what the same call through the other door is.
    TWILIO {
        TwilioService: GET "" "get" Keyed;
        TwilioCreate: POST "/Verifications" "send" Keyed;
        TwilioCheck: POST "/VerificationCheck" "check" Keyed;
        TwilioVerification: EITHER "/Verifications/{id}" "get" Keyed;
    }
}

/// A call and the id in its path (the name of an alert is one).
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// What to do.
    pub row: &'static Row,
    /// What stands in the path: a verification's id, or an alert. Empty where the path has none.
    pub id: &'a str,
}

/// Finds a route in one of these tables.
///
/// # Errors
/// 404 for a path that means nothing.
pub fn find<'a>(tables: &[&'static [Row]], path: &'a str) -> Result<Route<'a>, Problem> {
    let route = |row: &'static Row| Some(Route { row, id: id_in(row.path, path)? });
    Ok(tables.iter().copied().flatten().find_map(route).ok_or(Code::NotFound)?)
}

/// What stands for `{id}` if `path` is of this template, nothing where the template has none.
fn id_in<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    match template.split_once("{id}") {
        None => (template == path).then_some(""),
        Some((before, after)) => {
            path.strip_prefix(before)?.strip_suffix(after).filter(|id| !id.is_empty() && !id.contains('/'))
        }
    }
}
