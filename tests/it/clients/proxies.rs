//! HAProxy and nginx in front: their health checks, as they come, and calls that they pass on.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use crate::deploy::daemon::{Daemon, place};
use crate::support::{Address, Client, Redis, Sidecar, keys, redis::port::Port, rig::UNLIMITED, wait};

const SOON: Duration = wait::PATIENCE;

/// Health checks as operators write them, each for a server with no other; the first two are of HTTP/1.0 and name no host,
/// and the third is of HTTP/1.1 and names none either.
const CHECKS: [&str; 7] = [
    "option httpchk /readyz",
    "option httpchk GET /readyz",
    "option httpchk GET /readyz HTTP/1.1",
    "option httpchk GET /livez HTTP/1.1\\r\\nHost:\\ otp.internal.example",
    "option httpchk\n  http-check send meth HEAD uri /readyz ver HTTP/1.1 hdr Host whatever.example",
    "option httpchk\n  http-check send meth OPTIONS uri /livez ver HTTP/1.0",
    "option httpchk\n  http-check connect proto h2\n  http-check send meth GET uri /readyz ver HTTP/2 hdr Host otp.internal.example",
];

/// With keys and without, over TCP and over a unix socket.
fn sidecars(redis: &Redis) -> [Sidecar; 4] {
    let keyed = || Sidecar::builder().on(redis).set_all(&UNLIMITED);
    let keyless = || keyed().unset("OTP_API_KEYS").unset("OTP_ADMIN_KEYS");
    [keyed(), keyless(), keyed().on_unix_sockets(), keyless().on_unix_sockets()].map(|builder| builder.start())
}

fn target(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.to_string(),
        Address::Unix(path) => format!("unix@{}", path.display()),
    }
}

/// What HAProxy says of each server: its backend and how its last check ended (`INI` before the first), and `UP` or `DOWN`.
fn states(socket: &Path) -> Option<Vec<(String, String)>> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(b"show stat -1 4 -1\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let mut lines = text.lines();
    let names: Vec<_> = lines.next()?.trim_start_matches("# ").split(',').collect();
    let place = |name| names.iter().position(|other| *other == name);
    let (of, status, check) = (place("pxname")?, place("status")?, place("check_status")?);
    let servers = lines.map(|line| line.split(',').collect::<Vec<_>>()).filter(|fields| fields.len() > check);
    Some(servers.map(|fields| (format!("{} {}", fields[of], fields[check]), fields[status].to_owned())).collect())
}

#[tokio::test]
async fn haproxy_finds_each_door_ready_by_every_check_and_passes_calls_on() {
    let redis = Redis::start();
    let sidecars = sidecars(&redis);
    let (dir, port) = (place("haproxy"), Port::take());
    let mut config = format!(
        "global\n  stats socket {}/stats level admin\ndefaults\n  mode http\n  timeout connect 60s\n  timeout client 60s\n  timeout server 60s\n  timeout check 60s\n\
         frontend calls\n  bind 127.0.0.1:{}\n  default_backend calls\n\
         backend calls\n  option httpchk GET /readyz\n  server keyed {} check inter 2s fall 1 rise 1\n",
        dir.path().display(),
        port.number(),
        target(sidecars[0].app()),
    );
    let doors = sidecars.iter().flat_map(|sidecar| [sidecar.app(), sidecar.admin()]);
    for (door, address) in doors.enumerate() {
        for (check, how) in CHECKS.iter().enumerate() {
            let server = format!("server only {} check inter 2s fall 1 rise 1", target(address));
            config.push_str(&format!("backend door{door}-check{check}\n  {how}\n  {server}\n"));
        }
    }
    fs::write(dir.path().join("haproxy.cfg"), config).expect("a file");
    let socket = dir.path().join("stats");
    let mut haproxy = Daemon::start("haproxy", dir, &["-db", "-f", "haproxy.cfg"]);
    haproxy.said("nothing, and answer", |_| states(&socket));
    let all = 1 + 2 * sidecars.len() * CHECKS.len();
    wait::until("every check to end well", SOON, || {
        let seen = states(&socket)?;
        let ended = |(check, _): &&(String, String)| !check.ends_with(" INI");
        let bad = |(check, state): &&(String, String)| state != "UP" || !check.ends_with("L7OK");
        let ill: Vec<_> = seen.iter().filter(ended).filter(bad).collect();
        assert!(ill.is_empty(), "{ill:?}\n{}", haproxy.log());
        (seen.iter().filter(ended).count() == all).then_some(())
    });
    let client = Client::new(Address::Tcp(([127, 0, 0, 1], port.number()).into())).with_key(keys::KEY);
    are_passed_on(&client).await;
}

/// Calls that go through a proxy like any.
async fn are_passed_on(client: &Client) {
    let issued = client.issue("ada").await;
    client.check_id(&issued.id, &issued.code).await.approved();
    client.status("ada").await;
    let issued = client.issue("ada").await;
    assert_eq!(client.cancel(&issued.id).await.is(200).body["status"], "canceled");
}

#[tokio::test]
async fn nginx_passes_calls_on_to_unix_and_tcp_with_the_host_it_makes_up() {
    let redis = Redis::start();
    let [keyed, _, _, keyless] = sidecars(&redis);
    let (dir, port) = (place("nginx"), Port::take());
    let Address::Unix(unix) = keyless.app() else { panic!("not a unix socket") };
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};")).join(" ");
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    // As it comes: HTTP/1.0, a connection a request, and the upstream's name for a host; then as one tunes it.
    let config = format!(
        "pid pid; error_log stderr; worker_processes 1; daemon off; {user}\nevents {{}}\nhttp {{ access_log off; {temporary}
        upstream plain {{ server unix:{unix}; }}
        upstream tuned {{ server unix:{unix}; keepalive 4; }}
        upstream keyed {{ server {tcp}; keepalive 4; }}
        server {{
            listen 127.0.0.1:{port};
            location /plain/ {{ proxy_pass http://plain/; }}
            location /tuned/ {{ proxy_pass http://tuned/; proxy_http_version 1.1; proxy_set_header Connection \"\"; }}
            location /keyed/ {{ proxy_pass http://keyed/; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_request_buffering off; }}
            location /direct/ {{ proxy_pass http://unix:{unix}:/; }}
        }} }}\n",
        unix = unix.display(),
        tcp = target(keyed.app()),
        port = port.number(),
    );
    fs::write(dir.path().join("nginx.conf"), config).expect("a file");
    let prefix = dir.path().display().to_string();
    let mut nginx = Daemon::start("nginx", dir, &["-p", &prefix, "-c", "nginx.conf"]);
    nginx.said("nothing, and listen", |_| std::net::TcpStream::connect(("127.0.0.1", port.number())).ok().map(drop));
    let client = Client::new(Address::Tcp(([127, 0, 0, 1], port.number()).into())).with_key(keys::KEY);
    for place in ["plain", "tuned", "keyed", "direct"] {
        client.get(&format!("/{place}/readyz")).await.is(200);
        let body = serde_json::json!({"subject": place, "ip": "203.0.113.7"});
        let sent = client.post(&format!("/{place}/v1/verifications"), &body).await.is(201);
        let check = serde_json::json!({"id": sent.str("id"), "code": sent.str("code"), "ip": "203.0.113.7"});
        client.post(&format!("/{place}/v1/verifications/check"), &check).await.approved();
    }
}
