//! Codes as people type and paste them.

use serde_json::json;

use crate::support::{
    Issued, Rig, Sidecar,
    client::fresh_ip,
    scheme::{Settings, both},
    wrong_code_than,
};

/// The zeros of some scripts: Arabic-Indic, Persian, Devanagari, Bengali, Thai, Khmer, full-width, Adlam, and bold.
const ZEROS: [char; 9] =
    ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{17e0}', '\u{ff10}', '\u{1e950}', '\u{1d7ce}'];
/// White space, hyphens, and what nobody sees.
const MARKS: &str = " \t\r\n\u{85}\u{a0}\u{1680}\u{2003}\u{2009}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\
    -\u{ad}\u{58a}\u{5be}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{2e3a}\u{301c}\u{30fc}\u{fe58}\u{fe63}\u{ff0d}\
    \u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{61c}\u{202a}\u{202c}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fe0f}\u{180e}";

/// All ways to write this code.
fn written(code: &str) -> Vec<String> {
    let (one, other) = code.split_at(3);
    let mut all: Vec<String> = MARKS
        .chars()
        .flat_map(|mark| [format!("{mark}{code}"), format!("{one}{mark}{other}"), format!("{code}{mark}")])
        .collect();
    all.push(code.chars().flat_map(|digit| [' ', digit, '\u{200b}', '-']).collect());
    // Far more than any page wraps around it.
    all.push(format!("{one}{}{other}", "\u{200b} ".repeat(2000)));
    all.extend(ZEROS.iter().map(|zero| {
        code.chars().map(|digit| char::from_u32(u32::from(*zero) + digit.to_digit(10).unwrap()).unwrap()).collect()
    }));
    // Of several scripts, as after a correction by hand.
    all.push(
        one.to_owned()
            + &other
                .chars()
                .map(|digit| char::from_u32(0x660 + digit.to_digit(10).unwrap()).unwrap())
                .collect::<String>(),
    );
    all
}

#[tokio::test]
async fn a_code_is_the_same_however_it_is_written_and_one_guess() {
    both(async |scheme| {
        let rig = Rig::unlimited(
            &[
                scheme,
                &[
                    ("MAX_FAILED_VERIFICATIONS_PER_OTP", "1000"),
                    ("OTP_MAX_CONSECUTIVE_FAILURES", "0"),
                    ("OTP_ALLOW_WEAK", "true"),
                ],
            ]
            .concat(),
        );
        let issued = rig.client.issue("ada").await;
        let wrong = written(&wrong_code_than(&issued.code));
        for (n, typed) in wrong.iter().enumerate() {
            let answer = rig.client.check_id(&issued.id, typed).await.rejected("pending", "wrong_code");
            assert_eq!(answer.number("attempts_left"), 999 - n as u64, "{typed:?}");
        }
        let one = rig.client.issue("bob").await;
        for n in 0..written(&one.code).len() {
            let Issued { id, code } = rig.client.issue("bob").await;
            let typed = &written(&code)[n];
            let by = if n % 2 == 0 { json!({"id": id}) } else { json!({"subject": "bob"}) };
            let mut body = by;
            (body["code"], body["ip"]) = (json!(typed), json!(fresh_ip()));
            assert_eq!(rig.client.check_body(body).await.is(200).str("status"), "approved", "{typed:?}");
        }
    })
    .await;
}

const LOWER: &str = "abcdefghijkmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const MIXED: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn swapped(code: &str) -> String {
    code.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

/// Some characters of the code in the other case.
fn half_swapped(code: &str) -> String {
    let (one, other) = code.split_at(code.len() / 2);
    format!("{one}-{}", swapped(other))
}

#[tokio::test]
async fn an_alphabet_of_one_case_takes_either_and_one_of_both_its_own() {
    both(async |scheme| {
        for (alphabet, either) in [(LOWER, true), (UPPER, true), (MIXED, false)] {
            let rig = Rig::unlimited(&[scheme, &[("OTP_ALPHABET", alphabet), ("OTP_LENGTH", "12")]].concat());
            for typed in [swapped, half_swapped] {
                let [one, other] = [rig.client.issue("ada").await, rig.client.issue("bob").await];
                let by_id = rig.client.check_id(&one.id, &typed(&one.code)).await;
                let by_subject = rig.client.check("bob", "login", &typed(&other.code)).await;
                for answer in [by_id, by_subject] {
                    assert_eq!(answer.is(200).body["valid"], json!(either), "{alphabet}");
                }
            }
        }
    })
    .await;
}

fn with_alphabet(rig: &Rig, scheme: Settings, alphabet: &str) -> Sidecar {
    rig.another(&[scheme, &[("OTP_ALPHABET", alphabet), ("OTP_LENGTH", "12")]].concat())
}

/// Which case is meant is decided by the alphabet that the code was issued with, not by the one that holds now.
#[tokio::test]
async fn a_code_issued_before_the_alphabet_changed_keeps_its_case() {
    both(async |scheme| {
        for (before, now) in [(LOWER, UPPER), (UPPER, LOWER), (MIXED, LOWER), (MIXED, UPPER)] {
            let rig = Rig::unlimited(scheme);
            let (before, now) = (with_alphabet(&rig, scheme, before), with_alphabet(&rig, scheme, now));
            let [one, other] = [before.client().issue("ada").await, before.client().issue("bob").await];
            now.client().check_id(&one.id, &one.code).await.approved();
            now.client().check("bob", "login", &other.code).await.approved();
            // And one of now in either case, at the same time.
            let new = now.client().issue("ada").await;
            now.client().check("ada", "login", &swapped(&new.code)).await.approved();
        }
    })
    .await;
}
