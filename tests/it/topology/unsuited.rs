//! Which behavioural tests do not run on which kinds of store, and why: all exceptions there are.

use crate::support::topology::pool::Kind::{self, Cluster, ValkeyBehindSentinels};

/// Tests that are left out.
#[derive(Debug)]
pub struct Unsuited {
    /// How their names begin.
    pub tests: &'static str,
    /// Where.
    pub on: &'static [Kind],
    /// Why.
    pub why: &'static str,
}

const EVERY: &[Kind] = &[ValkeyBehindSentinels, Cluster];

/// All of them.
pub const UNSUITED: &[Unsuited] = &[
    Unsuited { tests: "behaviour::embedded::", on: EVERY, why: "the sidecar starts a server of its own" },
    Unsuited { tests: "behaviour::embedded_start::", on: EVERY, why: "the sidecar starts a server of its own" },
    Unsuited {
        tests: "mail::postfix::",
        on: EVERY,
        why: "it is about Postfix; `mail::handed` asks the same of every kind",
    },
    Unsuited { tests: "mail::start::", on: EVERY, why: "no store is asked" },
    Unsuited {
        tests: "behaviour::store_access::",
        on: EVERY,
        why: "its servers have users and certificates of their own; `topology::access` asks the same of every kind",
    },
    Unsuited {
        tests: "behaviour::admin::follow::whoever_follows_goes_on_when_the_store_answers_again",
        on: EVERY,
        why: "it stops its server for a while, which other tests use meanwhile",
    },
    Unsuited {
        tests: "behaviour::metrics::a_store_that_went_away_shows",
        on: EVERY,
        why: "it ends its server, which other tests use after it; `topology::outage` ends servers of every kind",
    },
    Unsuited {
        tests: "behaviour::reload::a_hangup_ends_nothing",
        on: EVERY,
        why: "it ends its server, which other tests use after it; secrets are read again without any store",
    },
    Unsuited {
        tests: "behaviour::admin::cli::a_healthcheck_tells_ready_from_not_ready_from_gone",
        on: EVERY,
        why: "it ends its server, which other tests use after it; `topology::outage` ends servers of every kind",
    },
    Unsuited {
        tests: "behaviour::admin::locks::a_hundred_thousand_are_listed_each_once_and_the_keys_are_never_searched",
        on: EVERY,
        why: "it is about how many they are, takes half a minute, and listens in on one server",
    },
    Unsuited {
        tests: "behaviour::admin::stats::only_what_changed_is_read_again_and_locks_end_without_an_event",
        on: EVERY,
        why: "it listens in on one server, which nobody else may ask meanwhile",
    },
    Unsuited {
        tests: "behaviour::admin::stats::sums_are_read_by_one_function_a_bucket_and_an_idle_sidecar_asks_little",
        on: EVERY,
        why: "it listens in on one server, which nobody else may ask meanwhile",
    },
    Unsuited {
        tests: "behaviour::admin::events::they_are_read_in_one_round",
        on: EVERY,
        why: "its server is far away; `topology::spread` counts what a cluster is asked",
    },
    Unsuited {
        tests: "behaviour::ip_limits::what_the_address_may_not_the_subject_does_not_pay_for_and_the_other_way_round",
        on: &[Cluster],
        why: "what an address was charged first comes back a moment after the refusal; `topology::networks` waits for it",
    },
];

impl Unsuited {
    /// Whether it leaves out this test there.
    pub fn leaves_out(&self, test: &str, on: Kind) -> bool {
        self.on.contains(&on) && test.starts_with(self.tests)
    }
}
