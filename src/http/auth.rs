//! Who calls: the bearer's key names the tenant or the operator.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::{
    Uri,
    header::{AUTHORIZATION, HOST, HeaderMap},
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{Problem, code::Code};
use crate::{
    config::{ListenAddr, NamedKey},
    renewable::Renewable,
};

/// Who calls the app's listener when no key is configured.
pub const DEFAULT_NAME: &str = "default";
/// Who calls the operator's listener when no key is configured.
pub const LOCAL_NAME: &str = "local";

const NO_HOST: &str = "No key is configured, so only requests to a loopback name such as localhost are answered.";

/// The keys of one listener, which its clones share.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Renewable<Mode>>);

#[derive(Debug)]
enum Mode {
    /// No key is configured: whoever asks for one of these hosts has this name.
    Open {
        name: Arc<str>,
        hosts: Hosts,
    },
    Keys(Vec<Key>),
}

/// Which hosts a listener without keys answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// Loopback names only: over TCP a web page may reach it under a name of its own (DNS rebinding).
    Loopback,
    /// Any, or none: no page reaches a unix socket, and clients name there what they like.
    Any,
}

impl From<&ListenAddr> for Hosts {
    fn from(address: &ListenAddr) -> Self {
        match address {
            ListenAddr::Tcp(_) => Self::Loopback,
            ListenAddr::Unix(_) => Self::Any,
        }
    }
}

struct Key {
    operator: Operator,
    digest: [u8; 32],
}

/// An operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The name of the key: the actor.
    pub name: Arc<str>,
    /// Whether they may do more than look.
    pub changes: bool,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("name", &self.operator.name).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Without keys, everyone who asks for one of `hosts` is [`DEFAULT_NAME`]: the caller makes sure that such a
    /// listener is loopback or a unix socket.
    pub fn new(keys: &[NamedKey], hosts: Hosts) -> Self {
        Self::of(DEFAULT_NAME, keys, &[], hosts)
    }

    /// The operator's listener: `admins` may do everything, `viewers` may look. Without any key, as [`Authenticator::new`],
    /// everyone is [`LOCAL_NAME`] and may do everything.
    pub fn of_operators(admins: &[NamedKey], viewers: &[NamedKey], hosts: Hosts) -> Self {
        Self::of(LOCAL_NAME, admins, viewers, hosts)
    }

    fn of(nobody: &str, admins: &[NamedKey], viewers: &[NamedKey], hosts: Hosts) -> Self {
        let keys = admins.iter().map(|key| Key::new(key, true)).chain(viewers.iter().map(|key| Key::new(key, false)));
        let keys: Vec<Key> = keys.collect();
        let mode = if keys.is_empty() { Mode::Open { name: nobody.into(), hosts } } else { Mode::Keys(keys) };
        Self(Arc::new(Renewable::new(mode)))
    }

    /// Takes the keys of `other` from the next request on.
    pub fn renew(&self, other: &Self) {
        self.0.set(other.0.get());
    }

    /// Whether no key is configured.
    pub fn is_open(&self) -> bool {
        matches!(*self.0.get(), Mode::Open { .. })
    }

    /// The name that goes with the request's key, and what it may do.
    ///
    /// # Errors
    /// 401 without a known key; 403 when no key is configured and the request is not for one of the hosts (on HTTP/2
    /// `:authority` is in `uri`; where both it and `Host` are present, both must be loopback).
    pub fn operator(&self, uri: &Uri, headers: &HeaderMap) -> Result<Operator, Problem> {
        self.bearing(sent(headers, b"Bearer "), uri, headers)
    }

    /// The name that goes with the bearer's key or the password of Basic (RFC 7617), and Basic's user, who may be any.
    ///
    /// # Errors
    /// As [`Authenticator::operator`].
    pub fn authenticate_basic(&self, uri: &Uri, headers: &HeaderMap) -> Result<(Arc<str>, Option<String>), Problem> {
        let pair = sent(headers, b"Basic ").and_then(|pair| STANDARD.decode(pair).ok()).map(Zeroizing::new);
        let mut parts = pair.as_ref().map(|pair| pair.splitn(2, |b| *b == b':')).into_iter().flatten();
        let (user, password) = (parts.next(), parts.next());
        let name = self.bearing(password.or_else(|| sent(headers, b"Bearer ")), uri, headers)?.name;
        Ok((name, user.and_then(|user| String::from_utf8(user.to_vec()).ok())))
    }

    fn bearing(&self, secret: Option<&[u8]>, uri: &Uri, headers: &HeaderMap) -> Result<Operator, Problem> {
        match &*self.0.get() {
            Mode::Open { name, hosts } if *hosts == Hosts::Any || for_loopback(uri, headers) => {
                Ok(Operator { name: Arc::clone(name), changes: true })
            }
            Mode::Open { .. } => Err(Problem::saying(Code::Forbidden, NO_HOST)),
            Mode::Keys(keys) => Ok(secret.and_then(|secret| find(keys, secret)).ok_or(Code::Unauthenticated)?),
        }
    }
}

impl Key {
    fn new(key: &NamedKey, changes: bool) -> Self {
        let operator = Operator { name: key.name.as_str().into(), changes };
        Self { operator, digest: digest(key.secret.expose_secret().as_bytes()) }
    }
}

/// The digests are compared, not the secrets: they are all of one length, and where two of them differ tells nothing
/// about where the secrets do.
fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Takes as long whichever key it is, and if it is none.
fn find(keys: &[Key], secret: &[u8]) -> Option<Operator> {
    let presented = digest(secret);
    let (mut found, mut place) = (Choice::from(0), 0u64);
    for (key, i) in keys.iter().zip(0u64..) {
        let equal = key.digest.ct_eq(&presented);
        found |= equal;
        place.conditional_assign(&i, equal);
    }
    keys.get(usize::try_from(place).ok()?).filter(|_| bool::from(found)).map(|key| key.operator.clone())
}

/// What the only `Authorization` header says behind this scheme, in any case (RFC 6750 §2.1).
fn sent<'a>(headers: &'a HeaderMap, wanted: &[u8]) -> Option<&'a [u8]> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return None };
    let (scheme, secret) = value.as_bytes().split_at_checked(wanted.len())?;
    let secret = secret.trim_ascii();
    (scheme.eq_ignore_ascii_case(wanted) && !secret.is_empty()).then_some(secret)
}

/// Every name under which the request says it asks: its hosts, and the authority of its target.
pub(super) fn hosts<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> impl Iterator<Item = &'a [u8]> {
    let target = uri.authority().map(|authority| authority.as_str().as_bytes());
    headers.get_all(HOST).iter().map(|host| host.as_bytes()).chain(target)
}

fn for_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    // Two hosts are one too many: whoever passes the request on may have meant the other.
    let one = headers.get_all(HOST).iter().nth(1).is_none();
    let mut asked = hosts(uri, headers).peekable();
    one && asked.peek().is_some() && asked.all(|host| std::str::from_utf8(host).is_ok_and(is_loopback))
}

/// Whether `host`, with or without a port, can only be this machine. A name that merely resolves to it does not count:
/// that is what DNS rebinding does.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => return inside.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback()) && is_port(port),
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let is_name = name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback());
    is_name && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}
