//! Short names of verifications whose codes we deliver, as Twilio's clients have them: `VE` and 16 bytes in hex.
//!
//! Bucket (1) and generation (12) find the message that carries the code, and that tells all else; 3 bytes of an HMAC over
//! tenant and both tell most names that are not ours before the store is asked. What is found must be the tenant's as well.

use super::{
    Generation, IndexKey, Reference,
    index::{first, hex, mac},
};

/// The name, for the number of a bucket.
pub fn name(index: &IndexKey, tenant: &str, bucket: u8, generation: &Generation) -> String {
    let tag: [u8; 3] = first(&mac(&index.sid, &[tenant.as_bytes(), &[bucket], &generation.0]));
    ["VE", &hex(&[bucket]), &hex(&generation.0), &hex(&tag)].concat()
}

/// The generation, behind a reference of the same bucket; `None` where it is another tenant's name, or none of ours.
pub fn open(index: &IndexKey, tenant: &str, name: &str) -> Option<(Reference, Generation)> {
    let reference = Reference::read(name.strip_prefix("VE")?)?;
    let (&bucket, rest) = reference.0.split_first()?;
    let generation = Generation(*rest.first_chunk()?);
    self::name(index, tenant, bucket, &generation).eq_ignore_ascii_case(name).then_some((reference, generation))
}
