//! What to do about an alert: there is a text for each, each says the same four things, and whatever it tells somebody to type
//! can be typed.

use std::{collections::BTreeSet, fs};

use otp_sidecar::{cli, http::runbooks};

use super::{
    daemon::{deployed, read},
    prometheus::{Prometheus, RULES},
    rules::alerts,
};
use crate::support::{Client, Rig};

const SECTIONS: [&str; 4] =
    ["## What it means for users", "## How to confirm", "## What to do", "## How to tell it is over"];

/// The blocks of one language in all runbooks, each with the alert it is for.
pub fn blocks(language: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for alert in alerts() {
        let text = read(&format!("runbooks/{alert}.md"));
        let begin = format!("```{language}\n");
        let pieces = text.split(&begin).skip(1).map(|piece| piece.split("\n```").next().unwrap().to_owned());
        found.extend(pieces.map(|piece| (alert.clone(), piece)));
    }
    assert!(found.len() > 10, "{language}: {found:?}");
    found
}

#[test]
fn each_alert_has_one_and_leads_to_it() {
    let files: BTreeSet<_> = fs::read_dir(deployed("runbooks"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".md").to_owned())
        .collect();
    assert_eq!(files, alerts());
    let served: BTreeSet<_> = runbooks::RUNBOOKS.iter().map(|one| one.alert.to_owned()).collect();
    assert_eq!(served, files, "src/http/runbooks.rs names each");
    let rules: String = RULES.iter().map(|file| read(&format!("prometheus/{file}"))).collect();
    for rule in rules.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap();
        // One place to change where they are served, and the path that the admin listener has.
        assert!(rule.contains(&format!("runbook_url: http://127.0.0.1:8081/runbooks/{name}\n")), "{name}");
        // One that always fires calls nobody.
        let severities = if name == "Watchdog" { &["none"][..] } else { &["critical", "warning"] };
        let given = severities.iter().map(|severity| rule.matches(&format!("severity: {severity}}}")).count());
        assert_eq!(given.sum::<usize>(), 1, "{name}");
    }
}

#[tokio::test]
async fn the_admin_listener_serves_each_where_the_alert_says_to_whoever_follows_the_link() {
    let rig = Rig::start(&[]);
    let rules: String = RULES.iter().map(|file| read(&format!("prometheus/{file}"))).collect();
    let urls: BTreeSet<_> = rules.split("runbook_url: http://127.0.0.1:8081").skip(1).map(first_line).collect();
    assert_eq!(urls.len(), alerts().len());
    // As a browser does with a link of a message, without a key.
    let linked = Client::new(rig.sidecar.admin().clone()).with_header("sec-fetch-site", "cross-site");
    for path in urls {
        let served = linked.get(path).await.is(200);
        assert_eq!(served.header("content-type"), Some("text/plain; charset=utf-8"));
        let alert = path.rsplit('/').next().unwrap();
        let text = read(&format!("runbooks/{alert}.md"));
        assert_eq!(served.header("content-length"), Some(&*text.len().to_string()), "{alert}");
        // They name each other by their files.
        linked.get(&format!("{path}.md")).await.is(200);
    }
    linked.get("/runbooks/OtpNothing").await.refused(404, "not_found");
    linked.get("/admin/v1/locks").await.refused(403, "forbidden");
    Client::new(rig.sidecar.app().clone()).get("/runbooks/OtpStoreDown").await.refused(404, "not_found");
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[test]
fn each_says_what_it_is_how_to_see_what_to_do_and_when_it_is_over() {
    for alert in alerts() {
        let text = read(&format!("runbooks/{alert}.md"));
        assert!(text.starts_with(&format!("# {alert}: ")), "{alert}");
        let sections: Vec<_> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(sections, SECTIONS, "{alert}");
        let [.., confirm, act, _] = &text.split("\n## ").collect::<Vec<_>>()[..] else { panic!("{alert}") };
        assert!(confirm.contains("```promql"), "{alert} has no question");
        // What is done first stands first.
        assert!(
            act.starts_with("What to do\n\n1. ") && act.contains("```sh"),
            "{alert} has no procedure with commands"
        );
    }
}

/// The words of a line as a shell would split it: blanks part, double quotes keep together.
pub fn words(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    quoted
        .flat_map(|(n, piece)| match n % 2 {
            0 => piece.split_whitespace().map(str::to_owned).collect(),
            _ => vec![piece.to_owned()],
        })
        .collect()
}

#[test]
fn each_command_of_ours_is_one() {
    let mut known = 0;
    for (alert, block) in blocks("sh") {
        for line in block.lines().filter(|line| line.contains("otp-sidecar ")) {
            // Variables before it; journalctl, df and the like name a unit or a directory.
            let Some(at) =
                line.find("otp-sidecar ").filter(|at| line[..*at].split_whitespace().all(|word| word.contains('=')))
            else {
                continue;
            };
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let parsed = cli::parse(words(&line[at..]).into_iter().map(Into::into), &mut out, &mut err);
            let told = parsed.is_ok() || line.contains("--version") && !out.is_empty();
            assert!(told, "{alert}: {line}\n{}", String::from_utf8_lossy(&err));
            known += 1;
        }
        let variables = block
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .filter(|(name, _)| name.starts_with("OTP_") || name.starts_with("MAX_"));
        for (name, value) in variables {
            let read = otp_sidecar::config::Config::from_env([(name.into(), value.into())]);
            assert!(read.is_ok(), "{alert}: {name}={value}: {:?}", read.err());
        }
    }
    assert!(known > 20, "{known}");
}

/// Every query of the runbooks is one to a Prometheus that has the rules.
pub async fn every_question_can_be_asked(prometheus: &Prometheus) {
    for (_, query) in blocks("promql") {
        prometheus.ask(&query).await;
    }
}
