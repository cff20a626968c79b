//! Routes: which operation a method and a path mean.

use hyper::Method;

use crate::http::Problem;

/// What is asked for. Its name is the metrics label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v1/verifications`
    Send,
    /// `POST /v1/verifications/check`
    Check,
    /// `GET /v1/verifications/{id}`
    Get,
    /// `POST /v1/verifications/{id}/cancel`
    Cancel,
    /// `POST /v1/verifications/{id}/delivery`
    Delivery,
    /// `POST /v1/verifications/{id}/report`
    Report,
    /// `POST /v1/guard/request`
    GuardRequest,
    /// `POST /v1/guard/failure`
    GuardFailure,
    /// `POST /v1/guard/success`
    GuardSuccess,
    /// `POST /v1/status`
    Status,
    /// `GET /livez`
    Livez,
    /// `GET /readyz`
    Readyz,
    /// `GET /metrics`
    Metrics,
    /// `GET /admin/v1/locks`
    AdminLocks,
    /// `POST /admin/v1/unlock`
    AdminUnlock,
    /// `POST /admin/v1/lock`
    AdminLock,
    /// `POST /admin/v1/subjects/inspect`
    AdminInspect,
    /// `POST /admin/v1/subjects/export`
    AdminExport,
    /// `POST /admin/v1/subjects/erase`
    AdminErase,
    /// `GET /admin/v1/stats`
    AdminStats,
    /// `GET /admin/v1/events`
    AdminEvents,
    /// `GET /admin/v1/report`
    AdminReport,
    /// `GET /admin/v1/config`
    AdminConfig,
}

impl Operation {
    /// The metrics label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Check => "check",
            Self::Get => "get",
            Self::Cancel => "cancel",
            Self::Delivery => "delivery",
            Self::Report => "report",
            Self::GuardRequest => "guard_request",
            Self::GuardFailure => "guard_failure",
            Self::GuardSuccess => "guard_success",
            Self::Status => "status",
            Self::Livez => "livez",
            Self::Readyz => "readyz",
            Self::Metrics => "metrics",
            Self::AdminLocks => "admin_locks",
            Self::AdminUnlock => "admin_unlock",
            Self::AdminLock => "admin_lock",
            Self::AdminInspect => "admin_inspect",
            Self::AdminExport => "admin_export",
            Self::AdminErase => "admin_erase",
            Self::AdminStats => "admin_stats",
            Self::AdminEvents => "admin_events",
            Self::AdminReport => "admin_report",
            Self::AdminConfig => "admin_config",
        }
    }

    /// Whether an operator who may only look may ask for it.
    pub fn only_looks(self) -> bool {
        !matches!(self, Self::AdminUnlock | Self::AdminLock | Self::AdminErase)
    }

    /// The methods it takes, as `Allow` lists them.
    fn methods(self) -> &'static str {
        match self {
            Self::Get
            | Self::Livez
            | Self::Readyz
            | Self::Metrics
            | Self::AdminLocks
            | Self::AdminStats
            | Self::AdminEvents
            | Self::AdminReport
            | Self::AdminConfig => "GET, HEAD",
            _ => "POST",
        }
    }
}

/// An operation and the id in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// What to do.
    pub operation: Operation,
    /// The verification's id, empty where the path has none.
    pub id: &'a str,
}

/// A route of the app listener.
///
/// # Errors
/// 404 for a path that means nothing; 405, with the operation it would be, for a method that it does not take.
pub fn app<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, (Option<Operation>, Problem)> {
    let (operation, id) = match path {
        "/v1/verifications" => (Operation::Send, ""),
        "/v1/verifications/check" => (Operation::Check, ""),
        "/v1/guard/request" => (Operation::GuardRequest, ""),
        "/v1/guard/failure" => (Operation::GuardFailure, ""),
        "/v1/guard/success" => (Operation::GuardSuccess, ""),
        "/v1/status" => (Operation::Status, ""),
        "/livez" => (Operation::Livez, ""),
        "/readyz" => (Operation::Readyz, ""),
        _ => match path.strip_prefix("/v1/verifications/").map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
            Some((id, "cancel")) if !id.is_empty() => (Operation::Cancel, id),
            Some((id, "delivery")) if !id.is_empty() => (Operation::Delivery, id),
            Some((id, "report")) if !id.is_empty() => (Operation::Report, id),
            Some((id, "")) if !id.is_empty() && !path.ends_with('/') => (Operation::Get, id),
            _ => return Err((None, Problem::not_found())),
        },
    };
    allowed(method, Route { operation, id })
}

/// A route of the admin listener.
///
/// # Errors
/// As [`app`].
pub fn admin<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, (Option<Operation>, Problem)> {
    let operation = match path {
        "/metrics" => Operation::Metrics,
        "/livez" => Operation::Livez,
        "/readyz" => Operation::Readyz,
        "/admin/v1/locks" => Operation::AdminLocks,
        "/admin/v1/unlock" => Operation::AdminUnlock,
        "/admin/v1/lock" => Operation::AdminLock,
        "/admin/v1/subjects/inspect" => Operation::AdminInspect,
        "/admin/v1/subjects/export" => Operation::AdminExport,
        "/admin/v1/subjects/erase" => Operation::AdminErase,
        "/admin/v1/stats" => Operation::AdminStats,
        "/admin/v1/events" => Operation::AdminEvents,
        "/admin/v1/report" => Operation::AdminReport,
        "/admin/v1/config" => Operation::AdminConfig,
        _ => return Err((None, Problem::not_found())),
    };
    allowed(method, Route { operation, id: "" })
}

fn allowed<'a>(method: &Method, route: Route<'a>) -> Result<Route<'a>, (Option<Operation>, Problem)> {
    let methods = route.operation.methods();
    if methods.split(", ").any(|m| m == method.as_str()) {
        Ok(route)
    } else {
        Err((Some(route.operation), Problem::method_not_allowed(methods)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(path: &str) -> Option<(Operation, &str)> {
        app(&Method::POST, path).ok().map(|route| (route.operation, route.id))
    }

    #[test]
    fn paths_mean_what_the_interface_says() {
        assert_eq!(post("/v1/verifications"), Some((Operation::Send, "")));
        assert_eq!(post("/v1/verifications/check"), Some((Operation::Check, "")));
        assert_eq!(post("/v1/verifications/abc/cancel"), Some((Operation::Cancel, "abc")));
        assert_eq!(app(&Method::GET, "/v1/verifications/abc").unwrap().id, "abc");
        for nothing in [
            "/",
            "/v1",
            "/v1/verifications/",
            "/v1/verifications//cancel",
            "/v1/verifications/a/b",
            "/v1/verifications/a/cancel/",
            "/metrics",
            "/admin/v1/locks",
            "/v1/verifications/a/",
        ] {
            assert_eq!(post(nothing), None, "{nothing}");
        }
        assert_eq!(app(&Method::PUT, "/v1/status").unwrap_err().0, Some(Operation::Status));
        assert!(admin(&Method::GET, "/metrics").is_ok() && admin(&Method::GET, "/v1/status").is_err());
        assert_eq!(admin(&Method::POST, "/admin/v1/lock").unwrap().operation, Operation::AdminLock);
        assert_eq!(admin(&Method::GET, "/admin/v1/unlock").unwrap_err().0, Some(Operation::AdminUnlock));
        assert!(admin(&Method::GET, "/admin/v1/locks/").is_err());
    }
}
