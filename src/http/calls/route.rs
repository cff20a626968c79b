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
    /// `GET /openapi.json`
    Openapi,
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
            Self::Openapi => "openapi",
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
        !matches!(self, Self::AdminUnlock | Self::AdminLock | Self::AdminErase | Self::AdminExport)
    }

    /// Whether it is answered whatever the request says of key and host: who probes and scrapes has neither.
    pub fn is_probe(self) -> bool {
        matches!(self, Self::Livez | Self::Readyz | Self::Metrics)
    }

    /// Whether it is answered without a key: probes and scrapes, which have none, and what anybody may read in the source.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Livez | Self::Readyz | Self::Metrics | Self::Openapi)
    }

    /// The methods it takes, as `Allow` lists them.
    pub fn methods(self) -> &'static str {
        match self {
            // HAProxy asks with OPTIONS where it is not told otherwise.
            Self::Livez | Self::Readyz | Self::Metrics => "GET, HEAD, OPTIONS",
            Self::Get
            | Self::Openapi
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

/// A path and what it is for. `{id}` stands for one segment that is not empty.
pub type Row = (&'static str, Operation);

/// The paths of the app listener. The first that fits is meant.
pub const APP: &[Row] = &[
    ("/v1/verifications", Operation::Send),
    ("/v1/verifications/check", Operation::Check),
    ("/v1/verifications/{id}", Operation::Get),
    ("/v1/verifications/{id}/cancel", Operation::Cancel),
    ("/v1/verifications/{id}/delivery", Operation::Delivery),
    ("/v1/verifications/{id}/report", Operation::Report),
    ("/v1/guard/request", Operation::GuardRequest),
    ("/v1/guard/failure", Operation::GuardFailure),
    ("/v1/guard/success", Operation::GuardSuccess),
    ("/v1/status", Operation::Status),
    ("/livez", Operation::Livez),
    ("/readyz", Operation::Readyz),
    ("/openapi.json", Operation::Openapi),
];

/// The paths of the admin listener.
pub const ADMIN: &[Row] = &[
    ("/metrics", Operation::Metrics),
    ("/livez", Operation::Livez),
    ("/readyz", Operation::Readyz),
    ("/admin/v1/locks", Operation::AdminLocks),
    ("/admin/v1/unlock", Operation::AdminUnlock),
    ("/admin/v1/lock", Operation::AdminLock),
    ("/admin/v1/subjects/inspect", Operation::AdminInspect),
    ("/admin/v1/subjects/export", Operation::AdminExport),
    ("/admin/v1/subjects/erase", Operation::AdminErase),
    ("/admin/v1/stats", Operation::AdminStats),
    ("/admin/v1/events", Operation::AdminEvents),
    ("/admin/v1/report", Operation::AdminReport),
    ("/admin/v1/config", Operation::AdminConfig),
    ("/openapi.json", Operation::Openapi),
];

/// A route of the app listener.
///
/// # Errors
/// 404 for a path that means nothing; 405, with the operation it would be, for a method that it does not take.
pub fn app<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, (Option<Operation>, Problem)> {
    find(APP, method, path)
}

/// A route of the admin listener.
///
/// # Errors
/// As [`app`].
pub fn admin<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, (Option<Operation>, Problem)> {
    find(ADMIN, method, path)
}

fn find<'a>(table: &[Row], method: &Method, path: &'a str) -> Result<Route<'a>, (Option<Operation>, Problem)> {
    let route = |&(template, operation): &Row| Some(Route { operation, id: id_in(template, path)? });
    let route = table.iter().find_map(route).ok_or_else(|| (None, Problem::not_found()))?;
    let methods = route.operation.methods();
    if methods.split(", ").any(|m| m == method.as_str()) {
        Ok(route)
    } else {
        Err((Some(route.operation), Problem::method_not_allowed(methods)))
    }
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

    #[test]
    fn every_path_leads_to_its_row() {
        for (table, route) in [(APP, app as fn(&Method, &'static str) -> _), (ADMIN, admin)] {
            for (template, operation) in table {
                let path: &'static str = template.replace("{id}", "x").leak();
                for method in operation.methods().split(", ") {
                    let found = route(&method.parse().unwrap(), path).unwrap();
                    assert_eq!(found.operation, *operation, "{method} {path}");
                }
            }
        }
    }
}
