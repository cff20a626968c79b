//! Whether a browser sends a request for the site that it is sent to, or for another (cross-site request forgery).

use hyper::{
    Uri,
    header::{HeaderMap, HeaderName, ORIGIN},
};

use super::auth::hosts;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(uri: &'static str, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        is_foreign(&Uri::from_static(uri), &map)
    }

    const HOST: (&str, &str) = ("host", "admin.example:8081");

    #[test]
    fn what_a_browser_says_of_the_site_decides() {
        for (site, expected) in [
            ("same-origin", false),
            ("none", false),
            ("same-site", true),
            ("cross-site", true),
            ("", true),
            ("x", true),
        ] {
            assert_eq!(foreign("/", &[HOST, ("sec-fetch-site", site)]), expected, "{site}");
            let with_origin = [HOST, ("sec-fetch-site", site), ("origin", "http://admin.example:8081")];
            assert_eq!(foreign("/", &with_origin), expected, "{site} and an origin");
        }
        assert!(foreign("/", &[HOST, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn else_the_origin_must_be_the_host() {
        for (host, origin, expected) in [
            ("admin.example:8081", "http://admin.example:8081", false),
            ("Admin.Example:8081", "https://admin.example:8081", false),
            ("admin.example", "https://admin.example", false),
            ("admin.example:443", "https://admin.example", false),
            ("admin.example:80", "http://admin.example", false),
            ("[::1]:8081", "http://[::1]:8081", false),
            ("admin.example:443", "http://admin.example", true),
            ("admin.example:8081", "http://admin.example", true),
            ("admin.example:8081", "http://admin.example:8080", true),
            ("admin.example:8081", "http://evil.example", true),
            ("admin.example:8081", "http://admin.example:8081.evil.example", true),
            ("admin.example:8081", "null", true),
            ("admin.example:8081", "", true),
            ("admin.example:8081", "admin.example:8081", true),
            ("admin.example:8081", "ftp://admin.example:8081", true),
            ("127.0.0.1:8081", "http://localhost:8081", true),
        ] {
            assert_eq!(foreign("/", &[("host", host), ("origin", origin)]), expected, "{origin} at {host}");
        }
        assert!(foreign("/", &[("origin", "http://a")]), "for nobody");
        assert!(foreign("/", &[("host", "a"), ("origin", "http://a"), ("origin", "http://a")]), "two");
        assert!(!foreign("http://a/x", &[("origin", "http://a")]), "HTTP/2 names it in the target");
        assert!(foreign("http://b/x", &[("host", "a"), ("origin", "http://a")]), "both count");
    }

    #[test]
    fn who_says_nothing_of_it_is_no_browser() {
        assert!(!foreign("/", &[HOST]));
        assert!(!foreign("/", &[]));
    }
}
