//! The section of the page on performance.

use super::{Results, machine::Machine, peers, scale};
use crate::{
    measure::{BINARY_MB, BYTES, EVENT_REDIS, EVENT_SIDECAR, PEAK_MB, READY_MS},
    plan,
    sample::{OTHERS, P50, P99, P999, RATE, REDIS, SERVER, SERVER_MB, spread},
    wishes::Wishes,
};

/// What a reader wants to know of a run, with pictures that lie in `tests/bench/results`.
pub fn section(results: &Results, machine: &Machine, wishes: &Wishes) -> String {
    let parts = [
        introduction(results, machine, wishes),
        calls(results),
        hashed(results),
        durable(results),
        switched_on(results),
        on_time(results),
        live(results),
        peers::section(results),
        scale::section(results),
        resources(results),
    ];
    parts.join("\n")
}

/// A table of up to four columns, which a phone can show; rows of which nothing but the first cell is known are left out.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let row = |cells: &[String; N]| format!("| {} |\n", cells.join(" | "));
    let known = |cells: &[String; N]| cells[1..].iter().any(|cell| !cell.trim_matches(['–', '/', ' ']).is_empty());
    let rows: String = rows.into_iter().filter(known).map(|cells| row(&cells)).collect();
    format!("{}|{}\n{rows}", row(&head.map(str::to_owned)), "---|".repeat(N))
}

/// A figure with so many digits behind the point, and its thousands apart; `–` where there is none.
pub fn figure(figure: Option<f64>, digits: usize) -> String {
    let Some(figure) = figure else { return "–".into() };
    let plain = format!("{figure:.digits$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut out = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// A figure and in brackets how it compares, where that is known.
fn with_ratio(of: Option<f64>, ratio: Option<f64>, unit: &str) -> String {
    let ratio = ratio.map(|ratio| format!(" ({ratio:.2}{unit})"));
    figure(of, 0) + &ratio.unwrap_or_default()
}

fn pair(figures: [Option<f64>; 2], digits: usize) -> String {
    figures.map(|of| figure(of, digits)).join(" / ")
}

fn introduction(results: &Results, machine: &Machine, wishes: &Wishes) -> String {
    let others = results.entries.iter().flat_map(|entry| &entry.samples).filter_map(|sample| sample.get(OTHERS));
    let others = spread(others.collect());
    format!(
        "Written by `make bench`, on {} cores ({}, Linux {}, {}) that client, sidecar and Redis share: medians of {} \
         rounds of {} s, in which all that is compared runs in turn. On another machine other figures come out; the \
         ratios and the processor time of one call hold better. All else on the machine took {} % of it meanwhile (median), at most {} %.\n",
        machine.cores,
        machine.processor,
        machine.kernel,
        machine.redis,
        wishes.repeats,
        wishes.budget.lasts.as_secs_f64(),
        figure(others.map(|others| others.median), 0),
        figure(others.map(|others| others.max), 0)
    )
}

fn calls(results: &Results) -> String {
    let row = |name: &str, of: &str| {
        let unix = format!("{of}/unix");
        let median = |figure| results.median(&unix, figure);
        let limit = results.entry(&unix).and_then(|entry| entry.limit.as_deref()?.split('/').next());
        let limit = if limit == Some("hyper") { " × hyper" } else { " × reference" };
        [
            name.to_owned(),
            with_ratio(median(RATE), results.ratio(&unix, RATE), limit),
            pair([median(P50), median(P99)], 2),
            pair([median(SERVER), median(REDIS)], 1),
        ]
    };
    let rows = [
        ("limit: hyper alone", "hyper"),
        ("limit: reference, send", "reference"),
        ("send", "send/hmac"),
        ("send, Redis without append-only file", "send-without-aof/hmac"),
        ("send, `OTP_LOG=warn`", "send-without-log/hmac"),
        ("check, wrong code", "check-wrong/hmac"),
        ("check, right code", "check-right/hmac"),
        ("`status`", "status/hmac"),
        ("`guard/request`", "guard-request/hmac"),
        ("`guard/failure`", "guard-failure/hmac"),
        ("refused by Redis: `resend_cooldown`", "refused-too-soon/hmac"),
        ("refused from memory: `resend_cooldown`", "flood-too-soon/hmac"),
        ("refused from memory: `subject_locked`", "flood-locked/hmac"),
    ];
    let head = ["call", "a second (of its limit)", "p50 / p99 ms", "CPU µs: server / Redis"];
    format!(
        "**As fast as can be**: 64 connections over a unix socket, each of which asks again as soon as it has its \
         answer; `OTP_HASH=hmac`, all limits, events and the log on, an append-only file. The *reference* is hyper on one \
         thread with one script that counts sends and stores a code, and nothing else. Spread, times inside Redis and over \
         TCP are in `tests/bench/results/results.json`.\n\n{}",
        table(head, rows.map(|(name, of)| row(name, of)))
    )
}

fn durable(results: &Results) -> String {
    let row = |name: &str, of: &str| {
        let of = format!("durable/{of}");
        let median = |figure| results.median(&of, figure);
        [
            name.to_owned(),
            with_ratio(median(RATE), results.ratio(&of, RATE), ""),
            pair([median(P50), median(P99)], 1),
            pair([median(SERVER), median(REDIS)], 1),
        ]
    };
    let rows = [
        ("one Redis, `none`", "one/none"),
        ("one Redis, unset: nobody to wait for", "one/default"),
        ("one Valkey, `none`", "valkey/none"),
        ("one Valkey, `fsync`", "valkey/fsync"),
        ("Sentinel, one replica, `none`", "sentinel/none"),
        ("Sentinel, one replica, `replica`", "sentinel/replica"),
        ("three primaries with a replica each, `none`", "cluster/none"),
        ("three primaries with a replica each, `replica`", "cluster/replica"),
    ];
    format!(
        "**Successes that are not lost** (`OTP_DURABILITY`): right codes, 64 connections, `hmac`. All servers share these \
         cores, so that the ratio to `none` on the same store counts.\n\n{}",
        table(
            ["store", "a second (of `none`)", "p50 / p99 ms", "CPU µs: server / Redis"],
            rows.map(|(name, of)| row(name, of))
        )
    )
}

fn switched_on(results: &Results) -> String {
    let row = |name: &str, of: &str| {
        let of = format!("with/{of}");
        let median = |figure| results.median(&of, figure);
        [
            name.to_owned(),
            with_ratio(median(RATE), results.ratio(&of, RATE), ""),
            pair([median(P50), median(P99)], 2),
            pair([median(SERVER), median(REDIS)], 1),
        ]
    };
    let rows = [
        ("send", "risk/off/send"),
        ("send, `OTP_RISK=shadow`", "risk/shadow/send"),
        ("send, `OTP_RISK=report`", "risk/report/send"),
        ("right check", "risk/off/check-right"),
        ("right check, `OTP_RISK=shadow`", "risk/shadow/check-right"),
        ("right check, `OTP_RISK=report`", "risk/report/check-right"),
        ("send, without sinks", "sinks/off"),
        ("send, `OTP_SYSLOG_URL`, every event", "sinks/syslog"),
        ("send, `OTP_WEBHOOK_URL`, its usual events", "sinks/webhook"),
        ("send at a fixed rate, the caller delivers", "delivery/return"),
        ("the same, mailed by a provider that takes it at once", "delivery/mail"),
        ("send at a lower rate, the caller delivers", "delivery/slow/return"),
        ("the same, mailed by a provider that never answers", "delivery/slow/hanging"),
    ];
    let event = |of: &str| pair([results.median(of, EVENT_SIDECAR), results.median(of, EVENT_REDIS)], 1);
    format!(
        "**What is off unless it is asked for** (`hmac`), beside the same without it.\n\n{}\n\
         Of this each event takes, once it is in the outbox, {} µs of the sidecar's exporter and of Redis where it is a \
         send's, {} where it is a wrong check's (`BENCH_ONLY=event make bench`).\n",
        table(
            ["call", "a second (of it without)", "p50 / p99 ms", "CPU µs: server / Redis"],
            rows.map(|(name, of)| row(name, of))
        ),
        event("event/send"),
        event("event/check-wrong")
    )
}

fn hashed(results: &Results) -> String {
    let row = |name: &str, of: &str| {
        let median = |figure| results.median(of, figure);
        [
            name.to_owned(),
            with_ratio(median(RATE), results.ratio(of, RATE), ""),
            pair([median(P50), median(P99)], 1),
            pair([median(SERVER).map(|us| us / 1e3), median(REDIS).map(|us| us / 1e3)], 2),
        ]
    };
    let rows = [
        ("limit: Argon2id alone, all cores, memory reused", "argon2"),
        ("send", "send/argon2id/unix"),
        ("check, wrong code", "check-wrong/argon2id/unix"),
        ("check, right code", "check-right/argon2id/unix"),
    ];
    let other = |of: &str| pair([results.median(of, P50), results.median(of, P99)], 2);
    format!(
        "**`OTP_HASH=argon2id`** at its default cost, 2 connections for each core.\n\n{}\nOther calls (`status`, 500 a \
         second) meanwhile take {} ms (p50 / p99), without hashing {}.\n",
        table(
            ["call", "a second (of its limit)", "p50 / p99 ms", "CPU ms: server / Redis"],
            rows.map(|(name, of)| row(name, of))
        ),
        other("neighbours/hashing"),
        other("neighbours/quiet")
    )
}

fn on_time(results: &Results) -> String {
    let rate = plan::WHOLE.rates.first().copied().unwrap_or_default();
    let row = |(name, of): (&str, &str)| {
        let median = |figure_of| figure(results.median(&format!("open/{of}/{rate}"), figure_of), 2);
        [name.to_owned(), median(P50), median(P99), median(P999)]
    };
    let rows = [
        ("hyper alone", "hyper"),
        ("reference, send", "reference"),
        ("send", "send/hmac"),
        ("check, wrong code", "check-wrong/hmac"),
    ];
    format!(
        "**At fixed rates**: calls are due whether or not those before were answered, and times count from when they were \
         due. At {} a second, with what the client itself takes:\n\n{}\n![answered calls and times against offered \
         load](../../tests/bench/results/load.svg)\n",
        figure(Some(rate.into()), 0),
        table(["ms", "p50", "p99", "p99.9"], rows.map(row))
    )
}

fn live(results: &Results) -> String {
    let few = plan::WHOLE.users[0];
    let row = |users: usize| {
        let rate = |call: &str| {
            let of = |users| results.median(&format!("live/{call}/{users}"), RATE);
            let ratio = of(users).zip(of(few)).map(|(rate, few)| rate / few);
            format!("{} ({} ×)", figure(of(users), 0), figure(ratio, 2))
        };
        let bytes = results.median(&format!("live/memory/{users}"), BYTES);
        [figure(Some(users as f64), 0), rate("send"), rate("check-wrong"), figure(bytes, 0)]
    };
    format!(
        "**Many users**, all of whom have a live code and a wrong guess behind them; nothing is counted by IP here.\n\n{}\n\
         ![calls a second and their cost against live users](../../tests/bench/results/live.svg)\n",
        table(
            ["live users", "send, a second", "wrong check, a second", "bytes of Redis for each"],
            plan::WHOLE.users.iter().map(|users| row(*users))
        )
    )
}

fn resources(results: &Results) -> String {
    let memory = |of: &str, name| figure(results.median(of, name), 1);
    let rows = [
        ["memory, idle".into(), format!("{} MB", memory("memory/idle", SERVER_MB))],
        ["memory after sends at full speed".into(), format!("{} MB", memory("send/hmac/unix", SERVER_MB))],
        [
            "memory with 10,000 connections that rest".into(),
            format!(
                "{} MB, at most {}",
                memory("memory/connections", SERVER_MB),
                memory("memory/connections", PEAK_MB)
            ),
        ],
        ["memory while it hashes on all cores".into(), format!("{} MB", memory("send/argon2id/unix", SERVER_MB))],
        ["start to `/readyz`, Redis running".into(), format!("{} ms", memory("start/own-redis", READY_MS))],
        ["the program".into(), format!("{} MB", memory("size/binary", BINARY_MB))],
        ["first start with its own Redis".into(), format!("{} ms", memory("start/embedded", READY_MS))],
    ];
    format!("**What it takes** besides:\n\n{}", table(["of the sidecar", ""], rows))
}

/// What this file promises.
pub fn figures_are_readable_and_what_is_unknown_says_so() {
    assert_eq!(figure(Some(1_234_567.0), 0), "1,234,567");
    assert_eq!(figure(Some(999.96), 1), "1,000.0");
    assert_eq!(figure(None, 2), "–");
    let told = table(["a", "b"], [["1".into(), "2".into()], ["3".into(), "– / –".into()]]);
    assert_eq!(told, "| a | b |\n|---|---|\n| 1 | 2 |\n");
    assert_eq!(with_ratio(Some(1000.0), Some(0.5), " × x"), "1,000 (0.50 × x)");
    assert_eq!(with_ratio(Some(1000.0), None, ""), "1,000");
}
