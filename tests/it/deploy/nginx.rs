//! nginx in front of an app that has a sidecar: the app is reached, the sidecar is not, and nobody chooses the address that the
//! app passes on.

use std::{collections::BTreeMap, convert::Infallible, fs, net::SocketAddr, process::Command};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command as Curl};

use super::daemon::{Daemon, place, read, swap};
use crate::support::{Address, Rig, redis::port::Port};

/// What Debian enables, where its package is not there to be read.
const DEFAULT_SITE: &str = "server { listen 80 default_server; listen [::]:80 default_server; server_name _; }";

/// A configuration of nginx around the one that is deployed, in a directory of its own with a certificate.
fn configure(app: SocketAddr, [http, https]: [u16; 2]) -> TempDir {
    let dir = place("nginx");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=app.example.com", "-keyout", &at("app.key"), "-out", &at("app.crt")])
        .output()
        .expect("openssl; `make test-deps` installs it");
    assert!(made.status.success(), "{made:?}");
    let mut server = swap(&read("nginx/app.conf"), "server 127.0.0.1:3000;", &format!("server {app};"));
    let default = fs::read_to_string("/etc/nginx/sites-available/default");
    let mut default = default.unwrap_or_else(|_| DEFAULT_SITE.to_owned());
    for text in [&mut server, &mut default] {
        *text = text.replace("listen [::]:80", &format!("listen [::1]:{http}"));
        *text = text.replace("listen 80", &format!("listen 127.0.0.1:{http}"));
        *text = text.replace("listen [::]:443", &format!("listen [::1]:{https}"));
        *text = text.replace("listen 443", &format!("listen 127.0.0.1:{https}"));
    }
    fs::write(at("default"), default).unwrap();
    server = swap(&server, "/etc/nginx/tls/", &format!("{}/", dir.path().display()));
    fs::write(at("app.conf"), server).unwrap();
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};"));
    let whole = format!(
        "pid pid; error_log stderr; worker_processes 1; daemon off; {}\nevents {{}}\nhttp {{ access_log off; {} include app.conf; include default; }}\n",
        // Without root there is no other user to become.
        if rustix::process::geteuid().is_root() { "user root;" } else { "" },
        temporary.join(" ")
    );
    fs::write(at("nginx.conf"), whole).unwrap();
    dir
}

fn arguments(dir: &TempDir) -> [String; 4] {
    ["-p".to_owned(), dir.path().display().to_string(), "-c".to_owned(), "nginx.conf".to_owned()]
}

/// An app that answers with what it was asked and with whose headers.
async fn app() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(echo)));
        }
    });
    address
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let headers: BTreeMap<_, Vec<_>> = request
        .headers()
        .keys()
        .map(|name| {
            (
                name.as_str(),
                request.headers().get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect(),
            )
        })
        .collect();
    let told = json!({"app": request.uri().path(), "headers": headers}).to_string();
    Ok(Response::new(Full::new(told.into())))
}

/// Status and body of a call for a name, over whatever protocol.
async fn call(url: &str, [http, https]: [u16; 2], more: &[&str]) -> (String, Value) {
    let to = [format!("::127.0.0.1:{http}"), format!("::127.0.0.1:{https}")];
    let done = Curl::new("curl")
        .args(["-sk", "--max-time", "10", "-w", "\n%{http_code}", "--connect-to"])
        .arg(if url.starts_with("https") { &to[1] } else { &to[0] })
        .args(more)
        .arg(url)
        .output()
        .await
        .expect("curl");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or_default();
    (status.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_is_reached_and_the_sidecar_is_not() {
    let rig = Rig::start(&[]);
    let taken = [Port::take(), Port::take()];
    let ports = taken.each_ref().map(Port::number);
    let dir = configure(app().await, ports);
    let arguments = arguments(&dir);
    let mut nginx = Daemon::start("nginx", dir, &arguments.each_ref().map(String::as_str));
    nginx.said("nothing, and listen", |_| std::net::TcpStream::connect(("127.0.0.1", ports[1])).ok().map(drop));

    for path in [
        "/",
        "/v1/verifications",
        "/v1/verifications/check",
        "/admin/v1/locks",
        "/metrics",
        "/livez",
        "/readyz",
        "/openapi.json",
    ] {
        let (status, told) = call(
            &format!("https://app.example.com{path}"),
            ports,
            &["-H", "X-Forwarded-For: 203.0.113.9", "-H", "X-Real-IP: 203.0.113.9"],
        )
        .await;
        assert_eq!((&*status, told["app"].as_str()), ("200", Some(path)), "{told}");
        for name in ["x-real-ip", "x-forwarded-for"] {
            assert_eq!(told["headers"][name], json!(["127.0.0.1"]), "{name}");
        }
        let id = told["headers"]["x-request-id"][0].as_str().unwrap_or_default();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{told}");
    }
    // Nothing of what was asked came to the sidecar.
    let asked: Vec<_> = rig
        .sidecar
        .log_lines()
        .into_iter()
        .filter(|line| line.contains("\"request\"") && !line.contains("readyz"))
        .collect();
    assert!(asked.is_empty(), "{asked:?}");

    assert_eq!(call("http://app.example.com/login", ports, &[]).await.0, "301");
    let v6 = format!("::[::1]:{}", ports[1]);
    assert_eq!(call("https://app.example.com/", ports, &["--connect-to", &v6]).await.0, "200");
    // Debian's own site, if anything.
    assert!(call("http://another.example.com/", ports, &[]).await.1.is_null());
    assert_eq!(call("https://another.example.com/", ports, &[]).await.0, "000");
    let mut statuses = Vec::new();
    let paths = limited_paths();
    for page in (0..15).map(|call| &paths[call % paths.len()]) {
        statuses.push(call(&format!("https://app.example.com{page}"), ports, &[]).await.0);
    }
    assert!(statuses[..10].iter().all(|status| status == "200"), "{statuses:?}");
    assert!(statuses[12..].iter().any(|status| status == "429"), "{statuses:?}");
}

/// The pages of the examples that send or check codes.
fn limited_paths() -> Vec<String> {
    let django = read("examples/django/accounts/urls.py");
    assert!(django.contains(r#"path("login/""#) && django.contains(r#"path(f"{purpose}/{step}/""#));
    let titles = django.lines().find(|line| line.starts_with("TITLES = ")).unwrap();
    let steps = titles.split('"').skip(1).step_by(4).map(|purpose| format!("/{purpose}/code/"));
    let express = read("examples/express/server.js");
    let posts = express.split("app.post(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let all: Vec<_> = steps.chain(posts.filter(|path| *path != "/logout").map(str::to_owned)).collect();
    assert_eq!(all, ["/registration/code/", "/password_reset/code/", "/login", "/code"]);
    all
}

#[test]
fn the_sidecar_is_named_nowhere() {
    let own = read("nginx/app.conf");
    let set = own.lines().filter(|line| !line.trim().starts_with('#'));
    assert!(set.clone().count() > 30);
    for line in set {
        assert!(
            ["8080", "8081", "sidecar", "/v1", "/admin", "/metrics"].iter().all(|word| !line.contains(word)),
            "{line}"
        );
    }
}

#[test]
fn a_certificate_that_cannot_be_read_is_named_and_nothing_starts() {
    let taken = [Port::take(), Port::take()];
    let ports = taken.each_ref().map(Port::number);
    let dir = configure(([127, 0, 0, 1], 9).into(), ports);
    let key = dir.path().join("app.key");
    for spoil in [
        |key: &std::path::Path| fs::write(key, "no key\n").unwrap(),
        |key: &std::path::Path| fs::remove_file(key).unwrap(),
    ] {
        spoil(&key);
        let done = Command::new("nginx").args(arguments(&dir)).output().expect("nginx");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{said}");
        let lines: Vec<_> = said.lines().filter(|line| line.contains("[emerg]")).collect();
        assert!(lines.len() == 1 && lines[0].contains("app.key"), "{said}");
        assert!(
            Address::Tcp(([127, 0, 0, 1], ports[1]).into()).get_status("/", std::time::Duration::from_secs(1)).is_err()
        );
    }
}
