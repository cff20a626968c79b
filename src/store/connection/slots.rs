//! Where buckets lie: which primary holds which, and how a cluster says it.

use std::sync::Arc;

use redis::{ErrorKind, FromRedisValue as _, Value};

use super::{
    access::Access,
    dial::To,
    host_port::HostPort,
    primary::{Lane, Primary},
};
use crate::{
    event::{BUCKETS, Bucket},
    store::{StoreError, failover::field, reason::denied},
};

/// The slot map names the primary of each bucket, and all that are known.
#[derive(Clone)]
pub(in crate::store) struct SlotMap {
    /// All that are known, whether they hold a bucket or not.
    pub(in crate::store) primaries: Vec<Arc<Primary>>,
    owners: [Option<Arc<Primary>>; BUCKETS],
}

/// A primary and the buckets that it holds.
pub(in crate::store) struct Holder {
    pub(in crate::store) primary: Arc<Primary>,
    pub(in crate::store) buckets: Vec<Bucket>,
}

impl SlotMap {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self { primaries: Vec::new(), owners: [const { None }; BUCKETS] }
    }

    /// All buckets lie with one.
    pub(super) fn of_one(primary: Arc<Primary>) -> Self {
        Self { owners: std::array::from_fn(|_| Some(Arc::clone(&primary))), primaries: vec![primary] }
    }

    /// The primary that holds a bucket, `None` while none is known.
    pub(in crate::store) fn of(&self, bucket: Bucket) -> Option<&Arc<Primary>> {
        self.owners.get(usize::from(bucket.number()))?.as_ref()
    }

    /// Whether a bucket lies with this primary.
    pub(in crate::store) fn holds(&self, primary: &Arc<Primary>, bucket: Bucket) -> bool {
        self.of(bucket).is_some_and(|held| Arc::ptr_eq(held, primary))
    }

    /// The primaries that hold a bucket.
    pub(in crate::store) fn holders(&self) -> Vec<Holder> {
        let mut holders: Vec<Holder> = Vec::new();
        for bucket in Bucket::all() {
            let Some(primary) = self.of(bucket) else { continue };
            match holders.iter_mut().find(|known| Arc::ptr_eq(&known.primary, primary)) {
                Some(known) => known.buckets.push(bucket),
                None => holders.push(Holder { primary: Arc::clone(primary), buckets: vec![bucket] }),
            }
        }
        holders
    }

    /// Another bucket of the same primary.
    pub(in crate::store) fn spare(&self, primary: &Arc<Primary>, bucket: Bucket) -> Option<Bucket> {
        Bucket::all().find(|other| *other != bucket && self.holds(primary, *other))
    }

    /// The primary at `place`, which may be new.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there can be no connection to it.
    pub(super) fn at(&mut self, access: &Access, place: &HostPort) -> Result<Arc<Primary>, StoreError> {
        if let Some(known) = self.primaries.iter().find(|primary| primary.place.as_ref() == Some(place)) {
            return Ok(Arc::clone(known));
        }
        let new = Primary::new(access, Some(place.clone()), To::Member(access.address(place)))?;
        self.primaries.push(Arc::clone(&new));
        Ok(new)
    }

    /// Notes who holds a bucket.
    pub(super) fn set(&mut self, bucket: Bucket, primary: &Arc<Primary>) {
        if let Some(owner) = self.owners.get_mut(usize::from(bucket.number())) {
            *owner = Some(Arc::clone(primary));
        }
    }

    /// Forgets the primaries that hold nothing.
    pub(super) fn tidy(&mut self) {
        self.primaries = self.holders().into_iter().map(|held| held.primary).collect();
    }
}

/// What a server of a cluster says of all slots, and how much it is to be believed.
#[derive(Debug)]
pub(super) struct Slots {
    /// Whether it belongs to the part of the cluster that works.
    pub(super) works: bool,
    /// The latest change that it knows of.
    epoch: u64,
    places: [Option<HostPort>; BUCKETS],
}

impl Slots {
    /// Asks a server.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Unusable`] if it belongs to no cluster.
    pub(super) async fn ask(primary: &Primary) -> Result<Self, StoreError> {
        let answer = primary.link(Lane::Background).within(|connection| async move {
            let mut both = redis::pipe();
            both.cmd("CLUSTER").arg("SLOTS").cmd("CLUSTER").arg("INFO");
            let asked = both.query_async::<(Value, String)>(&mut connection.redis()).await;
            asked.map_err(|error| match denied(&error, &["CLUSTER|SLOTS", "CLUSTER|INFO"]) {
                Some(why) => StoreError::Unusable(why),
                None if error.kind() == ErrorKind::Server(redis::ServerErrorKind::ResponseError) => {
                    StoreError::Unusable("it belongs to no cluster; REDIS_URL says redis+cluster".into())
                }
                None => error.into(),
            })
        });
        let (slots, info) = answer.await?;
        Ok(Self {
            works: field(&info, "cluster_state") == Some("ok"),
            epoch: field(&info, "cluster_current_epoch").and_then(|n| n.parse().ok()).unwrap_or(0),
            places: read(slots, primary.place.as_ref()),
        })
    }

    /// Whether this one is rather to be believed.
    pub(super) fn knows_more_than(&self, other: &Self) -> bool {
        (self.works, self.epoch) > (other.works, other.epoch)
    }

    /// The place of a bucket; `None` where its slot is nobody's.
    pub(super) fn of(&self, bucket: Bucket) -> Option<&HostPort> {
        self.places.get(usize::from(bucket.number()))?.as_ref()
    }
}

/// Reads an answer to `CLUSTER SLOTS` of the server at `asked`, which need not know its own address.
fn read(answer: Value, asked: Option<&HostPort>) -> [Option<HostPort>; BUCKETS] {
    let mut places = [const { None }; BUCKETS];
    let Value::Array(ranges) = answer else { return places };
    for range in ranges {
        let Value::Array(range) = range else { continue };
        let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = &*range else { continue };
        let [host, Value::Int(port), ..] = &**primary else { continue };
        let named = String::from_redis_value_ref(host).unwrap_or_default();
        let host = match (&*named, asked) {
            ("" | "?", Some(asked)) => asked.host.clone(),
            _ => named,
        };
        let Ok(port) = u16::try_from(*port) else { continue };
        for (bucket, at) in Bucket::all().zip(&mut places) {
            if (*first..=*last).contains(&i64::from(bucket.slot())) {
                *at = Some(HostPort { host: host.clone(), port });
            }
        }
    }
    places
}

/// Counts the buckets whose place an answer says, whatever it is.
pub(in crate::store) fn read_slots(answer: Value) -> usize {
    read(answer, None).iter().flatten().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let primary = vec![host, Value::Int(port), Value::BulkString(b"id".to_vec())];
        Value::Array(vec![Value::Int(first), Value::Int(last), Value::Array(primary)])
    }

    #[test]
    fn each_bucket_lies_where_its_slot_does() {
        let host = |name: &str| Value::BulkString(name.as_bytes().to_vec());
        let asked = HostPort { host: "asked".into(), port: 1 };
        let answer = Value::Array(vec![
            range(0, 5460, host("a"), 7000),
            range(5461, 10_922, Value::Nil, 7001),
            range(10_923, 16_382, host("::1"), 7002),
            Value::Int(3),
        ]);
        let places = read(answer, Some(&asked));
        let of = |number: usize| places[number].as_ref().map(|place| (&*place.host, place.port));
        assert_eq!([of(0), of(20)], [Some(("a", 7000)); 2]);
        assert_eq!([of(21), of(42)], [Some(("asked", 7001)); 2]);
        assert_eq!([of(43), of(63)], [Some(("::1", 7002)); 2]);
        assert_eq!(read(Value::Array(vec![]), None)[0], None);
    }

    #[test]
    fn whoever_works_and_knows_the_latest_change_is_believed() {
        let answer = |works, epoch| Slots { works, epoch, places: [const { None }; BUCKETS] };
        assert!(answer(true, 1).knows_more_than(&answer(false, 9)));
        assert!(answer(true, 3).knows_more_than(&answer(true, 2)));
        assert!(!answer(true, 2).knows_more_than(&answer(true, 2)));
    }
}
