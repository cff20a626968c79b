//! What a browser sends for another site's page never reaches the operator's doors, whoever is signed in there.

use serde_json::json;

use crate::behaviour::tls::start;
use crate::support::{Authority, Client, Redis, Sidecar, keys};

/// Headers of a browser, and whether what it sends is for another site; `{host}` stands for the host that is asked.
const SENT: [(&[(&str, &str)], bool); 13] = [
    (&[], false),
    (&[("sec-fetch-site", "same-origin")], false),
    (&[("sec-fetch-site", "none")], false),
    (&[("sec-fetch-site", "same-site")], true),
    (&[("sec-fetch-site", "cross-site")], true),
    (&[("sec-fetch-site", "cross-site"), ("origin", "http://{host}")], true),
    (&[("sec-fetch-site", "same-origin"), ("origin", "https://{host}")], false),
    (&[("origin", "http://{host}")], false),
    (&[("origin", "https://{host}")], false),
    (&[("origin", "http://evil.example")], true),
    (&[("origin", "http://{host}.evil.example")], true),
    (&[("origin", "http://localhost:1")], true),
    (&[("origin", "null")], true),
];

/// Every kind of call, each as `client` would make it with a key.
async fn statuses(client: &Client) -> Vec<(&'static str, u16)> {
    let mut all = Vec::new();
    for path in ["/admin/v1/locks", "/admin/v1/config", "/openapi.json", "/metrics", "/livez", "/readyz"] {
        all.push((path, client.get(path).await.status));
    }
    let whom = json!({"subject": "ada", "tenant": keys::TENANT, "minutes": 5, "reason": "a test"});
    all.push(("/admin/v1/lock", client.post("/admin/v1/lock", &whom).await.status));
    all
}

async fn is_kept_out(client: &Client, host: &str) {
    for (headers, foreign) in SENT {
        let with =
            |client: Client, (name, value): &(&str, &str)| client.with_header(name, &value.replace("{host}", host));
        let browser = headers.iter().fold(client.clone(), with);
        let expected = if foreign { 403 } else { 200 };
        for (path, status) in statuses(&browser).await {
            assert_eq!(status, expected, "{path} with {headers:?} at {host}");
        }
        if foreign {
            browser.get("/admin/v1/locks").await.refused(403, "forbidden");
            browser.get("/admin/v1/nothing").await.refused(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn what_a_browser_sends_for_another_site_is_refused_at_every_door() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let own = authority.issue("sidecar");
    let keyed = Sidecar::builder().on(&redis);
    let tenants = format!("{}:{}", keys::TENANT, keys::KEY);
    let keyed = keyed.set("OTP_API_KEYS", &tenants);
    let keyless = keyed.clone().unset("OTP_ADMIN_KEYS");
    for sidecar in [keyed.clone(), keyless.clone(), keyed.clone().on_unix_sockets(), keyless.on_unix_sockets()] {
        let sidecar = sidecar.start();
        is_kept_out(&sidecar.admin_client(), &sidecar.admin().host()).await;
    }
    let secure =
        start(&redis, &authority.trust(), &[&own.variables()[..], &[("OTP_API_KEYS", &*tenants)]].concat()).await;
    is_kept_out(&secure.admin_client().over_tls(&authority.trust()), &secure.admin().host()).await;
}

#[tokio::test]
async fn the_apps_doors_do_not_ask_for_the_site() {
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).start();
    sidecar.client().with_header("origin", "https://app.example").issue("ada").await;
}
