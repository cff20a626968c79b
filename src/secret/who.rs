//! Personal fields of an event while it lies in the outbox: sealed under a key derived from the index key, which is not in
//! Redis. The exporter opens them and seals them again under the person's own key ([`super::person`]).
//!
//! AES-256-GCM-SIV (RFC 8452) with a nonce of zeros and the subject's reference as associated data: equal fields of one
//! subject give equal bytes, which is all that a repeated nonce reveals, and the references beside them tell as much.

use std::net::IpAddr;

use aes_gcm_siv::{
    AesGcmSiv, KeyInit, Nonce,
    aead::{Aead, AeadInOut, Payload},
    aes::Aes256Enc,
};
use serde::{Deserialize, Serialize};

use super::index::{IndexKey, Reference};

/// Bytes that nearly all fields fit together, and the tag of what seals them.
const USUAL: usize = 256;

const SUBJECT: u8 = 1;
const IPV4: u8 = 2;
const IPV6: u8 = 3;
const USER_AGENT: u8 = 4;
const DEVICE: u8 = 5;
const REASON: u8 = 6;
const SECURITY_ONLY: u8 = 7;
const ISSUED: u8 = 8;
const TO: u8 = 9;
const SUBJECT_KNOWN: u8 = 10;

/// What is known of the person behind a call, as the app or an operator gave it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Who<'a> {
    /// The subject's spelling.
    pub subject: Option<&'a str>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The client's user agent.
    pub user_agent: Option<&'a str>,
    /// The client's device.
    pub device_id: Option<&'a str>,
    /// Why an operator acted.
    pub reason: Option<&'a str>,
    /// Where a message went.
    pub to: Option<&'a str>,
    /// User agent and device of this person are not to be kept, from now on until a call says otherwise.
    pub security_only: bool,
    /// When the id was issued that the subject's spelling was taken from, ms since 1970; `None` where the call gave it.
    pub issued_ms: Option<u64>,
    /// Whether the app knows the subject; `None` where it did not say.
    pub subject_known: Option<bool>,
}

/// The same, read back; what an operator is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The subject's spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The client's user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The client's device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Why an operator acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where a message went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// User agent and device of this person are not to be kept.
    #[serde(skip)]
    pub security_only: bool,
    /// When the id was issued that the subject's spelling was taken from, ms since 1970.
    #[serde(skip)]
    pub issued_ms: Option<u64>,
    /// Whether the app knows the subject.
    #[serde(skip)]
    pub subject_known: Option<bool>,
}

impl Who<'_> {
    /// The fields that are there, each as u8 tag, u16 length, bytes.
    pub fn packed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL);
        let mut put = |tag: u8, bytes: &[u8]| {
            // The interface takes none as long as 64 KiB.
            if let Ok(length) = u16::try_from(bytes.len()) {
                out.push(tag);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(bytes);
            }
        };
        let mut text = |tag, text: Option<&str>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                put(tag, text.as_bytes());
            }
        };
        text(SUBJECT, self.subject);
        text(USER_AGENT, self.user_agent);
        text(DEVICE, self.device_id);
        text(REASON, self.reason);
        text(TO, self.to);
        match self.ip {
            Some(IpAddr::V4(ip)) => put(IPV4, &ip.octets()),
            Some(IpAddr::V6(ip)) => put(IPV6, &ip.octets()),
            None => {}
        }
        if self.security_only {
            put(SECURITY_ONLY, &[]);
        }
        if let Some(issued) = self.issued_ms {
            put(ISSUED, &issued.to_be_bytes());
        }
        // As long for both.
        if let Some(known) = self.subject_known {
            put(SUBJECT_KNOWN, &[u8::from(known)]);
        }
        out
    }
}

impl<'a> Who<'a> {
    /// Reads what [`Who::packed`] packs; `None` for anything else. Tags of a later version are skipped.
    pub fn unpack(mut rest: &'a [u8]) -> Option<Self> {
        let mut who = Self::default();
        while let Some((&[tag, l0, l1], more)) = rest.split_first_chunk::<3>() {
            let (bytes, more) = more.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            let text = || std::str::from_utf8(bytes).ok();
            match tag {
                SUBJECT => who.subject = Some(text()?),
                IPV4 => who.ip = Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
                IPV6 => who.ip = Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
                USER_AGENT => who.user_agent = Some(text()?),
                DEVICE => who.device_id = Some(text()?),
                REASON => who.reason = Some(text()?),
                TO => who.to = Some(text()?),
                SECURITY_ONLY => who.security_only = true,
                ISSUED => who.issued_ms = Some(u64::from_be_bytes(bytes.try_into().ok()?)),
                SUBJECT_KNOWN => who.subject_known = Some(bytes != [0]),
                _ => {}
            }
            rest = more;
        }
        rest.is_empty().then_some(who)
    }
}

impl Known {
    /// Reads what [`Who`] packs; `None` for anything else.
    pub fn unpack(packed: &[u8]) -> Option<Self> {
        let Who { subject, ip, user_agent, device_id, reason, to, security_only, issued_ms, subject_known } =
            Who::unpack(packed)?;
        let [subject, user_agent, device_id, reason, to] =
            [subject, user_agent, device_id, reason, to].map(|text| text.map(str::to_owned));
        Some(Self { subject, ip, user_agent, device_id, reason, to, security_only, issued_ms, subject_known })
    }
}

/// AES-256-GCM-SIV. Its mode decrypts no block, and keys for that would be a third of what a new key costs.
pub(super) type Cipher = AesGcmSiv<Aes256Enc>;

/// Seals and opens the personal fields of one index key's outbox.
#[derive(Clone)]
pub struct WhoSealer(Cipher);

impl WhoSealer {
    /// A sealer under the index key's own key for them.
    pub fn new(key: &IndexKey) -> Self {
        Self(Cipher::new(&(*key.who_key).into()))
    }

    /// Empty where nothing is known.
    pub fn seal(&self, subject: &Reference, who: &Who<'_>) -> Vec<u8> {
        let mut fields = who.packed();
        if fields.is_empty() {
            return fields;
        }
        // The cipher fails only for inputs of 64 GiB; then the fields are not kept.
        let sealed = self.0.encrypt_in_place(&Nonce::from([0; 12]), &subject.0, &mut fields);
        sealed.map_or_else(|_| Vec::new(), |()| fields)
    }

    /// The fields as they were packed; `None` for what was not sealed here for this subject.
    pub fn open(&self, subject: &Reference, sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(&Nonce::from([0; 12]), Payload { msg: sealed, aad: &subject.0 }).ok()
    }
}

crate::policy::opaque!(WhoSealer);
