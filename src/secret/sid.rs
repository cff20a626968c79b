//! Short names of verifications whose codes we deliver: 16 bytes, as many as the sids of Twilio's clients have.
//!
//! Bucket (1) and generation (12) find the message that carries the code, and that tells all else; 3 bytes of an HMAC over
//! tenant and both tell most names that are not ours before the store is asked. What is found must be the tenant's as well.

use super::{
    Generation, IndexKey,
    index::{first, mac},
};

/// The name, in bytes, for the number of a bucket.
pub fn name(index: &IndexKey, tenant: &str, bucket: u8, generation: &Generation) -> [u8; 16] {
    let mut name = [0; 16];
    let tag: [u8; 3] = first(&mac(&index.sid, &[tenant.as_bytes(), &[bucket], &generation.0]));
    let parts = [bucket].into_iter().chain(generation.0).chain(tag);
    name.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    name
}

/// The bucket's number and the generation; `None` where it is another tenant's name, or none of ours.
pub fn open(index: &IndexKey, tenant: &str, name: &[u8; 16]) -> Option<(u8, Generation)> {
    let (&bucket, rest) = name.split_first()?;
    let generation = Generation(*rest.first_chunk()?);
    (self::name(index, tenant, bucket, &generation) == *name).then_some((bucket, generation))
}
