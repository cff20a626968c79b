//! Where a cluster's slots lie, as one of its servers tells it.

use std::sync::Arc;

use redis::Value;

use super::{
    StoreError,
    fitness::field,
    node::{ABOUT, Node},
    server::Place,
};
use crate::event::{BUCKETS, Bucket};

/// Where each bucket lies; `None` where its slot is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slots([Option<Place>; BUCKETS]);

/// What a server says, and how much it is to be believed.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether it belongs to the part of the cluster that works.
    works: bool,
    /// The latest change that it knows of.
    epoch: u64,
    pub(super) slots: Slots,
}

impl Answer {
    /// Whether it is of the part of the cluster that works.
    pub(super) fn works(&self) -> bool {
        self.works
    }

    /// Whether this one is rather to be believed.
    pub(super) fn knows_more_than(&self, other: &Self) -> bool {
        (self.works, self.epoch) > (other.works, other.epoch)
    }
}

impl Slots {
    /// Asks a server.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Unfit`] if it belongs to no cluster.
    pub(super) async fn ask(node: &Arc<Node>) -> Result<Answer, StoreError> {
        let asked = node.place.clone();
        let answer = node.link(ABOUT).run(|way| async move {
            let mut connection = way.connection;
            let mut both = redis::Pipeline::new();
            both.cmd("CLUSTER").arg("SLOTS").cmd("CLUSTER").arg("INFO");
            Ok(both.query_async::<(Value, String)>(&mut connection).await?)
        });
        let (slots, info) = answer.await.map_err(|error| match error {
            StoreError::Refused(code) if code == "NOPERM" => {
                StoreError::Unfit("its ACL denies CLUSTER SLOTS or CLUSTER INFO to this user".into())
            }
            StoreError::Refused(code) if code == "ERR" => {
                StoreError::Unfit("it belongs to no cluster; REDIS_URL says redis+cluster".into())
            }
            error => error,
        })?;
        Ok(Answer {
            works: field(&info, "cluster_state") == Some("ok"),
            epoch: field(&info, "cluster_current_epoch").and_then(|n| n.parse().ok()).unwrap_or(0),
            slots: Self::read(slots, asked.as_ref()),
        })
    }

    /// The place of a bucket.
    pub(super) fn of(&self, bucket: Bucket) -> Option<&Place> {
        self.0.get(usize::from(bucket.number()))?.as_ref()
    }

    /// Reads an answer to `CLUSTER SLOTS` of the server at `asked`, which need not know its own address.
    fn read(answer: Value, asked: Option<&Place>) -> Self {
        let mut slots = Self([const { None }; BUCKETS]);
        let Value::Array(ranges) = answer else { return slots };
        for range in ranges {
            let Value::Array(range) = range else { continue };
            let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = &*range else { continue };
            let [host, Value::Int(port), ..] = &**primary else { continue };
            let named = match host {
                Value::BulkString(host) => String::from_utf8(host.clone()).unwrap_or_default(),
                Value::SimpleString(host) => host.clone(),
                _ => String::new(),
            };
            let host = match (&*named, asked) {
                ("" | "?", Some(asked)) => asked.host.clone(),
                _ => named,
            };
            let Ok(port) = u16::try_from(*port) else { continue };
            for (bucket, at) in Bucket::all().zip(&mut slots.0) {
                if (*first..=*last).contains(&i64::from(bucket.slot())) {
                    *at = Some(Place { host: host.clone(), port });
                }
            }
        }
        slots
    }
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
        let asked = Place { host: "asked".into(), port: 1 };
        let answer = Value::Array(vec![
            range(0, 5460, host("a"), 7000),
            range(5461, 10_922, Value::Nil, 7001),
            range(10_923, 16_382, host("::1"), 7002),
            Value::Int(3),
        ]);
        let slots = Slots::read(answer, Some(&asked));
        let of = |number| slots.of(Bucket::of_number(number).unwrap()).map(|place| (&*place.host, place.port));
        assert_eq!([of(0), of(20)], [Some(("a", 7000)); 2]);
        assert_eq!([of(21), of(42)], [Some(("asked", 7001)); 2]);
        assert_eq!([of(43), of(63)], [Some(("::1", 7002)); 2]);
        assert_eq!(Slots::read(Value::Array(vec![]), None).of(Bucket::of_number(0).unwrap()), None);
    }

    #[test]
    fn whoever_works_and_knows_the_latest_change_is_believed() {
        let answer = |works, epoch| Answer { works, epoch, slots: Slots([const { None }; BUCKETS]) };
        assert!(answer(true, 1).knows_more_than(&answer(false, 9)));
        assert!(answer(true, 3).knows_more_than(&answer(true, 2)));
        assert!(!answer(true, 2).knows_more_than(&answer(true, 2)));
    }
}
