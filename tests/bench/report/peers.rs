//! The sidecar beside what others would build.

use super::{
    Results,
    markdown::{figure, table},
};
use crate::{
    measure::{ACCEPTED, EVALUATED, GUESSES, RIGHT_CODES},
    sample::{RATE, SERVER, SERVER_MB},
};

/// What is compared, by its name and how it is called, and what of ours it is compared with.
const ROWS: [(&str, &str, &str); 8] = [
    ("sidecar", "otp-sidecar, `hmac`", ""),
    ("node", "Node: fastify, rate-limiter-flexible; a failure is charged once it is known", "sidecar"),
    ("node-charged-first", "the same, charged first", "sidecar"),
    ("django-hmac", "Django, django-redis; keyed digest, charged once it is known", "sidecar"),
    ("django-hmac-charged-first", "the same, charged first", "sidecar"),
    ("sidecar-argon2id", "otp-sidecar, `argon2id`", ""),
    ("django-pbkdf2", "Django with its default password hasher, PBKDF2", "sidecar-argon2id"),
    ("django-argon2", "Django with its Argon2 hasher", "sidecar-argon2id"),
];

/// A table, and what is not in it.
pub fn section(results: &Results) -> String {
    let head = [
        "server".to_owned(),
        "send / wrong check, a second".to_owned(),
        format!("of {GUESSES} wrong codes at once, compared (limit 5) / of {RIGHT_CODES} right ones, accepted"),
        "CPU µs a send / memory, MB".to_owned(),
    ];
    let head = head.each_ref().map(String::as_str);
    let mut missing: Vec<_> = results.absent.iter().map(|(name, why)| (name.split('/').nth(1), why)).collect();
    missing.dedup();
    let missing: Vec<_> = missing
        .into_iter()
        .filter_map(|(name, why)| Some(format!("{}: not measured ({why}).", named(name?))))
        .collect();
    format!(
        "**Beside what others would build** (`tests/bench/peers`): the same calls and limits over the same Redis, in the \
         same rounds; 64 connections, with a slow hash 2 for each core. In brackets how often as many the sidecar does.\n\n\
         {}\n{}{}",
        table(head, ROWS.map(|(of, name, ours)| row(results, of, name, ours))),
        missing.join("\n"),
        if missing.is_empty() { "" } else { "\n" }
    )
}

fn named(name: &str) -> &str {
    ROWS.iter().find(|(of, ..)| *of == name).map_or(name, |(_, called, _)| called)
}

fn row(results: &Results, server: &str, name: &str, ours: &str) -> [String; 4] {
    let rate = |call: &str| {
        let of = |server: &str| results.median(&format!("peer/{server}/{call}"), RATE);
        let its = of(server);
        let times = of(ours).zip(its).map(|(ours, its)| format!(" ({} ×)", figure(Some(ours / its), 1)));
        format!("{}{}", figure(its, 0), times.unwrap_or_default())
    };
    let race = |what: &str, counted: &str| match results.spread(&format!("race/{server}/{what}"), counted) {
        Some(spread) if spread.min < spread.max => format!("{:.0}–{:.0}", spread.min, spread.max),
        spread => figure(spread.map(|spread| spread.median), 0),
    };
    let send = |of| results.median(&format!("peer/{server}/send"), of);
    [
        name.to_owned(),
        format!("{} / {}", rate("send"), rate("check-wrong")),
        format!("{} / {}", race("guesses", EVALUATED), race("right-code", ACCEPTED)),
        format!("{} / {}", figure(send(SERVER), 0), figure(send(SERVER_MB), 0)),
    ]
}
