//! Near spellings: of somebody who was never seen, those one slip of a finger away who were.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Service, ServiceError, SubjectSelector};
use crate::{
    policy::Subject,
    secret::{Person, Reference},
};

/// Most that are offered.
const OFFERED: usize = 5;
/// Beyond so many characters only characters that were left out twice or changed places are looked for.
const LONGEST: usize = 48;
/// What mail addresses, names and phone numbers are made of.
const TYPED: &str = "abcdefghijklmnopqrstuvwxyz0123456789.-_@+";

/// Somebody who was seen.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Near {
    subject: String,
    tenant: String,
}

impl Service {
    /// Finds whoever was seen under a spelling near this one of its tenant, or under the very same with another of these
    /// `tenants`; nobody near a reference.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub(super) async fn near(&self, whom: &SubjectSelector, tenants: &[String]) -> Result<Vec<Near>, ServiceError> {
        let SubjectSelector::Subject { tenant, subject } = whom else { return Ok(Vec::new()) };
        let own = self.index.subject(tenant, subject);
        let elsewhere = tenants.iter().filter(|other| *other != tenant).map(|other| (other, subject.clone()));
        let misspelt = slips(subject.normal()).into_iter().filter_map(|text| Some((tenant, Subject::new(&text).ok()?)));
        let mut order: Vec<(Reference, Near)> = Vec::new();
        for (tenant, candidate) in elsewhere.chain(misspelt) {
            let reference = self.index.subject(tenant, &candidate);
            if reference != own {
                order.push((reference, Near { subject: candidate.spelling().to_owned(), tenant: tenant.to_owned() }));
            }
        }
        let seen = self.persons(order.iter().map(|candidate| candidate.0)).await?;
        let mut offered = BTreeSet::new();
        let new = |candidate: &(Reference, Near)| {
            seen.get(&candidate.0).is_some_and(Person::is_somebody) && offered.insert(candidate.0)
        };
        Ok(order.into_iter().filter(new).map(|candidate| candidate.1).take(OFFERED).collect())
    }
}

/// What somebody may have meant: two neighbours swapped, one character too many, one missing, one wrong; the likelier first.
fn slips(text: &str) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    let with = |before: usize, put: &[char], behind: usize| -> String {
        all.iter().take(before).chain(put).chain(all.iter().skip(behind)).collect()
    };
    let mut found = Vec::new();
    for (at, pair) in all.windows(2).enumerate() {
        if let [one, other] = pair {
            found.push(with(at, &[*other, *one], at + 2));
        }
    }
    found.extend((0..all.len()).map(|at| with(at, &[], at + 1)));
    if all.len() <= LONGEST {
        for put in TYPED.chars() {
            found.extend((0..=all.len()).map(|at| with(at, &[put], at)));
        }
        for put in TYPED.chars() {
            found.extend((0..all.len()).map(|at| with(at, &[put], at + 1)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slip_of_a_finger_is_thought_of_and_nothing_else() {
        let found = slips("ann@example.com");
        for meant in ["nan@example.com", "an@example.com", "anne@example.com", "amn@example.com", "ann@exmaple.com"] {
            assert!(found.iter().any(|text| text == meant), "{meant}");
        }
        assert!(!found.iter().any(|text| text == "annie@example.com" || text == "ann@example.org"));
        // 14 swapped, 15 too many, 41 for each of 16 gaps and 15 places.
        assert_eq!(found.len(), 14 + 15 + 41 * 16 + 41 * 15);
        assert_eq!(slips(&"a".repeat(200)).len(), 199 + 200);
        assert!(slips("é").contains(&String::new()));
    }
}
