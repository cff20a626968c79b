//! The key that signs the trail's checkpoints with Ed25519 (RFC 8032): it follows from the audit key, and whoever has the
//! public key alone can check them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use super::person::AuditKey;

/// What stands before an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410 §4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// What trails are signed with.
pub struct TrailKeys {
    signer: Ed25519KeyPair,
    public: PublicKey,
}

impl TrailKeys {
    /// Those of an audit key; `None` is never seen: the signing key is made from 32 bytes, and any 32 will do.
    pub fn new(audit: &AuditKey) -> Option<Self> {
        let signer = Ed25519KeyPair::from_seed_unchecked(&*audit.checkpoint).ok()?;
        let public = PublicKey(signer.public_key().as_ref().try_into().ok()?);
        Some(Self { signer, public })
    }

    /// Whoever has it can check what [`TrailKeys::sign`] signed.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.iter_mut().zip(self.signer.sign(message).as_ref()).for_each(|(to, from)| *to = *from);
        signature
    }
}

crate::policy::opaque!(TrailKeys);

/// An Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// As `openssl` reads it, with a line feed at its end.
    pub fn pem(&self) -> String {
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode([&SPKI[..], &self.0].concat()))
    }

    /// Its 32 bytes in base64.
    pub fn text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The first half of its SHA-256, in hex: enough to tell one key from another.
    pub fn id(&self) -> String {
        Sha256::digest(self.0).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads PEM, or base64 of the 32 bytes or of what PEM has between its lines.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let inner = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).unwrap_or(text).trim();
        let bytes = STANDARD_NO_PAD.decode(inner.trim_end_matches('=')).ok()?;
        Some(Self(bytes.strip_prefix(&SPKI).unwrap_or(&bytes).try_into().ok()?))
    }

    /// Whether this key's owner signed `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}
