//! Whether a browser sends a request for the site that it is sent to, or for another (cross-site request forgery).

use hyper::{
    Uri,
    header::{HeaderMap, HeaderName, ORIGIN},
    http::request::Parts,
};

use super::{Code, Problem, auth::hosts};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets in what no browser sent for another site.
///
/// # Errors
/// If one did.
pub fn ours(head: &Parts) -> Result<(), Problem> {
    let foreign = is_foreign(&head.uri, &head.headers);
    if foreign { Err(Problem::saying(Code::Forbidden, "A browser sent this for another site.")) } else { Ok(()) }
}

/// Tells whether a browser sent this for another site than the one it is sent to. `Sec-Fetch-Site` decides where it
/// stands: all but `same-origin` and `none` (typed or bookmarked by the user) is another site, so is a sibling domain's
/// `same-site`. Older browsers, and those on plain HTTP, send at most `Origin`, which must name the host that is asked.
/// Whoever sends neither is no browser.
pub fn is_foreign(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
    if sites.peek().is_some() {
        return !sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => false,
        (Some(origin), None) => !origin.to_str().is_ok_and(|origin| is_of(origin, uri, headers)),
        (Some(_), Some(_)) => true,
    }
}

/// Whether `origin` (RFC 6454) names every host that the request is for, and there is one. The scheme does not matter:
/// whoever ends TLS in front of us changes it. `null` names nobody.
fn is_of(origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    // A browser leaves out the port that goes with the scheme; a proxy may write it.
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    let mut asked = hosts(uri, headers).peekable();
    asked.peek().is_some()
        && asked.all(|host| std::str::from_utf8(host).is_ok_and(|host| bare(host) == bare(authority)))
}
