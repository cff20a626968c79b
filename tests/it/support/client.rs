//! An app that calls the sidecar.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Mutex,
    time::timeout,
};

use super::{Address, Answer, Trust, address::Stream, wait};

/// No call of any test takes longer unless the sidecar hangs; some tests make it stand still for seconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// One keep-alive connection, opened with the first call and again after it was closed. Calls wait for each other.
#[derive(Debug)]
pub struct Client {
    address: Address,
    headers: Vec<(String, String)>,
    trust: Option<Trust>,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// A code that was issued.
#[derive(Debug, Clone)]
pub struct Issued {
    pub id: String,
    pub code: String,
}

impl Issued {
    /// All other codes of digits and this length, each once.
    pub fn wrong_codes(&self) -> impl Iterator<Item = String> + use<> {
        let code = self.code.clone();
        (1..10_u64.pow(u32::try_from(code.len()).unwrap_or(0))).map(move |n| nth_wrong_code(&code, n))
    }
}

/// A code of digits that is not `code`.
pub fn wrong_code_than(code: &str) -> String {
    nth_wrong_code(code, 1)
}

/// The `n`-th code after `code`, wrapping; wrong as long as `n` is no multiple of the number of codes.
pub fn nth_wrong_code(code: &str, n: u64) -> String {
    let width = code.len();
    let space = 10_u64.pow(u32::try_from(width).unwrap());
    format!("{:0width$}", (code.parse::<u64>().expect("digits") + n) % space)
}

/// An address that no other call of this process names, of the block meant for tests of networks (198.18.0.0/15).
pub fn fresh_ip() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let [_, high, middle, low] = (NEXT.fetch_add(1, Ordering::Relaxed) & 0x1_FFFF).to_be_bytes();
    format!("198.{}.{middle}.{low}", 18 + high)
}

/// A client with the same settings and a connection of its own.
impl Clone for Client {
    fn clone(&self) -> Self {
        let (address, headers, trust) = (self.address.clone(), self.headers.clone(), self.trust.clone());
        Self { address, headers, trust, connection: Mutex::new(None) }
    }
}

impl Client {
    /// A client that shows no key.
    pub fn new(address: Address) -> Self {
        Self { address, headers: Vec::new(), trust: None, connection: Mutex::new(None) }
    }

    /// Shows this key from now on.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {key}"))
    }

    /// Speaks TLS from now on.
    #[must_use]
    pub fn over_tls(self, trust: &Trust) -> Self {
        Self { trust: Some(trust.clone()), connection: Mutex::new(None), ..self }
    }

    /// Sends this header with each call, instead of an earlier one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, body.to_string()).await
    }

    /// POST with a body that is sent as it stands, called JSON.
    pub async fn post_text(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_call(Method::POST, path, body.into()).await.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).await
    }

    /// Any method, without a body.
    pub async fn call(&self, method: Method, path: &str) -> Answer {
        let shown = method.clone();
        self.try_call(method, path, Bytes::new()).await.unwrap_or_else(|error| panic!("{shown} {path}: {error}"))
    }

    /// One call. A connection that fails is closed, and the call is not repeated.
    ///
    /// # Errors
    /// If there was no answer: not connected, closed half-way, or too late.
    pub async fn try_call(&self, method: Method, path: &str, body: Bytes) -> io::Result<Answer> {
        let mut connection = self.connection.lock().await;
        let mut sender = match connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.open().await?,
        };
        let request = self.request(method, path, body)?;
        let exchange = async {
            sender.ready().await?;
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Answer::new(head.status, head.headers, &body))
        };
        let answer = timeout(ANSWERED_WITHIN, exchange).await?.map_err(io::Error::other)?;
        // The end of a connection is seen by its own task, which may run after the next call's: go by what was said.
        *connection = (answer.header("connection") != Some("close")).then_some(sender);
        Ok(answer)
    }

    /// Sends bytes as they stand on a connection of their own; answers all that came until the other side closed.
    pub async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.address.connect().await.expect("a connection");
        // A server that refuses early may have closed already: what it said still counts.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = timeout(ANSWERED_WITHIN, stream.read_to_end(&mut answer)).await.expect("an end of the answer");
        answer
    }

    async fn open(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let connect = async {
            Ok::<Box<dyn Stream>, io::Error>(match &self.trust {
                Some(trust) => Box::new(trust.connect(&self.address).await?),
                None => self.address.connect().await?,
            })
        };
        let stream = timeout(ANSWERED_WITHIN, connect).await??;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> io::Result<Request<Full<Bytes>>> {
        let given = |name: header::HeaderName| self.headers.iter().any(|(known, _)| name == known.as_str());
        let mut request = Request::builder().method(method).uri(path);
        if !given(header::HOST) {
            request = request.header(header::HOST, self.address.host());
        }
        if !body.is_empty() && !given(header::CONTENT_TYPE) {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(body)).map_err(io::Error::other)
    }
}

/// The calls of the contract.
impl Client {
    /// Asks for a code for `login`, from an address not seen before.
    pub async fn send(&self, subject: &str) -> Answer {
        self.send_body(json!({"subject": subject, "ip": fresh_ip()})).await
    }

    /// Asks for a code for `purpose`, from an address not seen before.
    pub async fn send_for(&self, subject: &str, purpose: &str) -> Answer {
        self.send_body(json!({"subject": subject, "purpose": purpose, "ip": fresh_ip()})).await
    }

    /// Asks for a code with exactly this body.
    pub async fn send_body(&self, body: Value) -> Answer {
        self.post("/v1/verifications", &body).await
    }

    /// Asks for a code for `login` and gets it.
    pub async fn issue(&self, subject: &str) -> Issued {
        self.issue_for(subject, "login").await
    }

    /// Asks for a code for `purpose` and gets it.
    pub async fn issue_for(&self, subject: &str, purpose: &str) -> Issued {
        let answer = self.send_for(subject, purpose).await.is(201);
        Issued { id: answer.str("id").into(), code: answer.str("code").into() }
    }

    /// Checks a code by its id.
    pub async fn check_id(&self, id: &str, code: &str) -> Answer {
        self.check_body(json!({"id": id, "code": code, "ip": fresh_ip()})).await
    }

    /// Checks a code by subject and purpose.
    pub async fn check(&self, subject: &str, purpose: &str, code: &str) -> Answer {
        self.check_body(json!({"subject": subject, "purpose": purpose, "code": code, "ip": fresh_ip()})).await
    }

    /// Checks a code with exactly this body.
    pub async fn check_body(&self, body: Value) -> Answer {
        self.post("/v1/verifications/check", &body).await
    }

    /// What is known of an id.
    pub async fn verification(&self, id: &str) -> Answer {
        self.get(&format!("/v1/verifications/{id}")).await
    }

    /// Cancels a code.
    pub async fn cancel(&self, id: &str) -> Answer {
        self.call(Method::POST, &format!("/v1/verifications/{id}/cancel")).await
    }

    /// What stands against a subject, over all purposes.
    pub async fn status(&self, subject: &str) -> Value {
        self.look(Method::POST, "/v1/status", &json!({"subject": subject})).await.body
    }

    /// A call that changes nothing, made again for as long as it is 503, as everybody may; answers its 200.
    pub async fn look(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let look = || async {
            Some(self.try_call(method.clone(), path, body.clone()).await.expect(path)).filter(|said| said.status != 503)
        };
        wait::until_async("an answer", wait::PATIENCE, look).await.is(200)
    }
}

#[test]
fn a_wrong_code_has_the_same_length_and_is_never_the_right_one() {
    assert_eq!(wrong_code_than("000123"), "000124");
    assert_eq!(nth_wrong_code("999999", 1), "000000");
    let issued = Issued { id: String::new(), code: "0042".into() };
    assert!(issued.wrong_codes().all(|wrong| wrong.len() == 4 && wrong != issued.code));
}

#[test]
fn no_two_calls_share_an_address() {
    let all: std::collections::HashSet<_> = (0..1000).map(|_| fresh_ip()).collect();
    assert_eq!(all.len(), 1000);
}

#[tokio::test]
async fn one_connection_serves_call_after_call_and_raw_bytes_go_as_they_are() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(Address::Tcp(listener.local_addr().unwrap())).with_key("k");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut requests = Vec::new();
        for _ in 0..2 {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).await.unwrap();
            requests.push(String::from_utf8_lossy(&buffer[..read]).into_owned());
            stream.write_all(b"HTTP/1.1 204 No Content\r\nx-request-id: r\r\n\r\n").await.unwrap();
        }
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4];
        stream.read_exact(&mut buffer).await.unwrap();
        stream.write_all(&buffer).await.unwrap();
        requests
    });
    client.get("/a").await.is(204);
    client.post("/b", &json!({})).await.is(204);
    assert_eq!(client.raw(b"\0\xff!?").await, b"\0\xff!?");
    let requests = server.await.unwrap();
    assert!(requests[0].starts_with("GET /a ") && requests[1].starts_with("POST /b "), "{requests:?}");
    assert!(requests.iter().all(|request| request.contains("authorization: Bearer k\r\n")), "{requests:?}");
}
