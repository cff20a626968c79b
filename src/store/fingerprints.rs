//! Fingerprints of keys: whether the audit key is the one of these data, and which peppers other sidecars use
//! (`lua/fingerprints.lua`).

use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Store, StoreError, connection::Lane, functions::FINGERPRINTS, key::OfBucket, reply::Reply};
use crate::{
    event::Bucket,
    secret::{AuditKey, IndexKey, Pepper, PepperRing, hex},
};

/// How often peppers are compared with those of other sidecars.
const COMPARE_EVERY: Duration = Duration::from_secs(60);

/// Fingerprints tell keys from one another, and nothing about them.
#[derive(Debug, Clone)]
pub struct Fingerprints {
    /// Of the index key.
    pub index: [u8; 16],
    /// Of the audit key.
    pub audit: [u8; 16],
    /// The kids of the pepper ring, the active one first.
    pub peppers: Vec<[u8; 4]>,
}

impl Fingerprints {
    /// Takes those of an index key, an audit key (`None`: derived from the index key) and a pepper ring.
    pub fn of(index_key: &[u8], audit_key: Option<&[u8]>, peppers: &[Pepper]) -> Self {
        let audit = audit_key.map_or_else(|| AuditKey::from_index_key(index_key), AuditKey::new);
        let peppers = PepperRing::new(peppers).map(|ring| ring.kids()).unwrap_or_default();
        Self { index: IndexKey::new(index_key).fingerprint(), audit: audit.fingerprint(), peppers }
    }
}

/// When peppers were last compared, with which of ours, and which were unknown then.
#[derive(Debug, Default)]
pub(super) struct Peppers {
    compared: Option<Instant>,
    ours: Vec<[u8; 4]>,
    unknown: BTreeSet<Vec<u8>>,
}

impl Store {
    /// Compares the audit key with the one of these data, and the peppers with those that other sidecars use,
    /// once a minute and when ours have changed.
    pub(super) async fn compare_keys(&self, ours: &Fingerprints, notes: bool) -> Result<(), StoreError> {
        let due = |peppers: &Peppers| {
            peppers.ours != ours.peppers || peppers.compared.is_none_or(|at| at.elapsed() >= COMPARE_EVERY)
        };
        let Some(bucket) = Bucket::all().next().filter(|_| due(&self.peppers())) else { return Ok(()) };
        let keys = [OfBucket::AuditKey, OfBucket::Peppers].map(|kind| kind.key(bucket).into_bytes());
        let stores = i32::from(notes);
        let active = ours.peppers.first().copied().unwrap_or_default();
        let primary = self.topology.of(bucket).await?;
        let mut cmd = self.fcall(&FINGERPRINTS, bucket, &keys);
        cmd.arg(&ours.audit).arg(stores).arg(&active);
        let asked = primary
            .link(Lane::Background)
            .within(|connection| async move { Ok(self.run(&mut connection.redis(), &cmd, false).await?) });
        // Of a cluster whose first primary is down: another time.
        let Ok(value) = asked.await else { return Ok(()) };
        let mut reply = Reply::new(FINGERPRINTS.name, value)?;
        if reply.int()? != 1 {
            return Err(StoreError::Unusable(format!(
                "OTP_AUDIT_KEY is not the key that this Redis's persons were sealed with; to go on with another one, delete \
                 the key {} (what is sealed cannot be opened any more)",
                OfBucket::AuditKey.key(bucket)
            )));
        }
        let mut unknown = BTreeSet::new();
        while let Ok(kid) = reply.bytes() {
            if !ours.peppers.iter().any(|known| known[..] == kid) {
                unknown.insert(kid);
            }
        }
        self.metrics.pepper_unknown.inc_by(unknown.len() as u64);
        let mut peppers = self.peppers();
        if !unknown.is_empty() && unknown != peppers.unknown {
            let kids = unknown.iter().map(|kid| hex(kid)).collect::<Vec<_>>().join(", ");
            tracing::warn!(
                kids,
                "another sidecar uses a pepper that OTP_PEPPER does not hold here: its codes fail here"
            );
        }
        *peppers = Peppers { compared: Some(Instant::now()), ours: ours.peppers.clone(), unknown };
        Ok(())
    }

    fn peppers(&self) -> MutexGuard<'_, Peppers> {
        self.peppers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
