//! The review as a page to keep or print.

use std::fs;

use assert_cmd::Command;
use serde_json::json;

use super::browse;
use crate::{
    behaviour::admin::{SOON, admin, events, rig},
    support::{Rig, keys, wait},
};

const HOSTILE: &str = "<img src=x onerror=alert(1)>\u{202e}&\"";

fn printed(rig: &Rig) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"))
        .args(["report", "--since", "1h", "--html"])
        .env_clear()
        .envs([
            ("OTP_ADMIN_URL", &*format!("http://{}", rig.sidecar.admin().host())),
            ("OTP_ADMIN_KEY", keys::ADMIN_KEY),
        ])
        .output()
        .expect("the binary");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stands_by_itself_with_its_trend_and_foreign_text_is_only_text() {
    let rig = rig(&[]);
    rig.lock_out("ann@example.com").await;
    let body = json!({"subject": HOSTILE, "tenant": keys::TENANT, "minutes": 5, "reason": HOSTILE});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
    events(&rig.sidecar, "lockout,admin.lock", 2).await;
    let counted =
        || async { Some(printed(&rig)).filter(|page| page.contains("<td>wrong codes<td>5<td>0<td>new<td><svg")) };
    let page = wait::until_async("the figures", SOON, counted).await;
    for never in ["<script", "<img", "\u{202e}", "://", "url(", "src=\"", "href"] {
        assert!(!page.contains(never), "{never}: {page}");
    }
    assert!(page.contains("width=\"100.0\"") && page.contains("@media print"), "{page}");
    let file = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
    fs::write(file.path(), &page).unwrap();
    browse("review", &rig.sidecar, |_| format!("file://{}", file.path().display()));
}
