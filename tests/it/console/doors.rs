//! Who is let in at which door, and what every answer tells a browser.

use otp_sidecar::http::calls::route::{ADMIN, Access, SHARED};
use serde_json::{Value, json};

use crate::{
    behaviour::admin::rig,
    support::{Answer, Client, Rig, keys},
};

fn callers(rig: &Rig) -> [(&'static str, Client); 4] {
    let nobody = Client::new(rig.sidecar.admin().clone());
    let with = |key: &str| nobody.clone().with_key(key);
    [
        ("nobody", nobody.clone()),
        ("a stranger", with("no-such-key-0123456789-0123456789")),
        ("a viewer", with(keys::VIEWER_KEY)),
        ("an operator", with(keys::ADMIN_KEY)),
    ]
}

/// Each path, asked in its own way, with what it takes.
async fn ask(client: &Client, path: &str, method: &str) -> Answer {
    let id = if path.starts_with("/runbooks") { "OtpStoreDown" } else { "css" };
    let path = path.replace("{id}", id);
    if !method.starts_with("POST") {
        return client.get(&path).await;
    }
    let mut body = json!({"subject": "ann", "tenant": keys::TENANT});
    if !path.ends_with("inspect") {
        body["reason"] = json!("a test");
    }
    if path.ends_with("/lock") {
        body["minutes"] = json!(5);
    }
    client.post(&path, &body).await
}

#[tokio::test]
async fn every_route_lets_in_whom_it_is_for_and_nobody_else() {
    let rig = rig(&[]);
    for row in ADMIN.iter().chain(SHARED) {
        let expected = match row.access {
            Access::Probe | Access::Open => [200; 4],
            Access::Keyed => [401, 401, 200, 200],
            Access::Admin => [401, 401, 403, 200],
        };
        for ((who, client), expected) in callers(&rig).into_iter().zip(expected) {
            let answer = ask(&client, row.path, row.methods).await;
            assert_eq!(answer.status, expected, "{} for {who}: {}", row.path, answer.text);
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", row.path);
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{}", row.path);
            assert!(answer.header("content-type").is_some(), "{}", row.path);
            assert!(answer.header("access-control-allow-origin").is_none() && answer.header("set-cookie").is_none());
            if row.path.starts_with("/console") {
                let policy = answer.header("content-security-policy").unwrap_or_default();
                for part in
                    ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"]
                {
                    assert!(policy.contains(part), "{policy}");
                }
                assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
                assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
                let known = client.clone().with_header("if-none-match", answer.header("etag").unwrap_or_default());
                assert_eq!(ask(&known, row.path, row.methods).await.status, 304);
            }
        }
    }
}

/// What makes a document's part or a script of text, keeps something, or has the browser load or send something elsewhere.
const NEVER: [&str; 13] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacent",
    "document.write",
    "eval(",
    "Function(",
    "style=",
    "srcdoc",
    "import(",
    "cookie",
    "localStorage",
    "http",
    "://",
];

/// Handlers in markup: ` onclick=`.
fn has_handler(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || c == '"').filter_map(|word| word.split_once('='));
    words
        .into_iter()
        .any(|(name, _)| name.len() > 2 && name.starts_with("on") && name.bytes().all(|b| b.is_ascii_lowercase()))
}

#[tokio::test]
async fn the_page_makes_no_markup_of_text_and_names_no_other_place() {
    let (rig, mut bytes) = (rig(&[]), 0);
    let anyone = Client::new(rig.sidecar.admin().clone());
    for path in ["/console", "/console.css", "/console.js", "/console.svg"] {
        let file = anyone.get(path).await.is(200).text;
        bytes += file.len();
        let text = file.replace("http://www.w3.org/2000/svg", "");
        for never in NEVER {
            assert!(!text.contains(never), "{path}: {never}");
        }
        assert!(!has_handler(&text), "{path}");
    }
    assert!(bytes <= 30_000, "{bytes} bytes");
    assert!(has_handler("<b onclick=\"x\">") && !has_handler("<b option=x on = y>"));
    anyone.get("/console.map").await.refused(404, "not_found");
}

#[tokio::test]
async fn who_calls_is_told_what_they_may() {
    let rig = rig(&[]);
    let [.., (_, viewer), (_, operator)] = callers(&rig);
    let told = |actor: &str, changes: bool| {
        let version = env!("CARGO_PKG_VERSION");
        json!({"actor": actor, "changes": changes, "tenants": ["bank", "shop"], "names": true, "version": version})
    };
    assert_eq!(viewer.get("/admin/v1/me").await.is(200).body, told("desk", false));
    assert_eq!(operator.get("/admin/v1/me").await.is(200).body, told("ops", true));
    operator.get("/admin/v1/me?x=1").await.refuses_field("x");
    let plain = rig.another(&[("OTP_AUDIT_NAMES", "false"), ("OTP_API_KEYS", &format!("shop:{}", keys::KEY))]);
    let me = plain.admin_client().get("/admin/v1/me").await.is(200).body;
    assert_eq!((&me["names"], &me["tenants"]), (&json!(false), &json!(["shop"])));
}

/// Sums of a curve's parts.
fn sum(curve: &Value, of: &str) -> u64 {
    curve["parts"].as_array().unwrap().iter().map(|part| part[of].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn curves_add_up_to_the_sums_beside_them() {
    let rig = rig(&[]);
    rig.lock_out("ann").await;
    let issued = rig.client.issue("bob").await;
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    rig.client.send("ann").await.refused(429, "subject_locked");
    let operator = rig.sidecar.admin_client();
    let all = || async {
        let stats = operator.get("/admin/v1/stats").await.is(200).body;
        let curves = [&stats["series"]["hour"], &stats["series"]["day"]];
        let sums = curves.map(|curve| ["issued", "approved", "wrong", "refused", "lockouts"].map(|of| sum(curve, of)));
        (sums[0] == [2, 1, 5, 1, 1]).then_some((stats, sums))
    };
    let (stats, sums) =
        crate::support::wait::until_async("all to be counted", crate::behaviour::admin::SOON, all).await;
    assert_eq!(sums[1], sums[0]);
    for (name, period, step) in [("hour", "last_hour", 300), ("day", "last_day", 3600)] {
        let curve = &stats["series"][name];
        assert_eq!((&curve["step"], &curve["from"]), (&json!(step), &stats[period]["from"]));
        let parts = curve["parts"].as_array().unwrap();
        assert!((12..=13).contains(&parts.len()) || (24..=25).contains(&parts.len()), "{}", parts.len());
        assert_eq!(sum(curve, "issued"), stats[period]["events"]["send"]["issued"].as_u64().unwrap());
        assert_eq!(
            parts.last().unwrap()["issued"].as_u64().unwrap() + parts[parts.len() - 2]["issued"].as_u64().unwrap(),
            2
        );
    }
}
