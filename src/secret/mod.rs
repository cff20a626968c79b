//! Everything that needs a key or chance: codes, digests, ids and the names that subjects have in the store.

pub mod answer;
pub mod argon;
pub mod code;
pub mod digest;
pub mod id;
pub mod index;
pub mod message;
pub mod person;
pub mod sid;
pub mod trail;
pub mod who;

pub use answer::AnswerKey;
pub use argon::{ArgonCost, HashScheme};
pub use code::Code;
pub use digest::{Kid, Pepper, PepperRing};
pub use id::{Generation, Id};
pub use index::{IndexKey, PurposeTag, Reference, Spelling, TenantNames, hex};
pub use message::{MessageAbout, MessageSealer, Way};
pub use person::{AuditKey, Name, Person};
pub use trail::{PublicKey, TrailKeys};
pub use who::{Who, WhoSealer};
