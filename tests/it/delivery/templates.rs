//! The words around a code.

use std::{collections::BTreeMap, fs, time::Duration};

use otp_sidecar::delivery::{
    address::AddressKind,
    templates::{Occasion, SAMPLE, Templates, is_locale},
};

fn kinds() -> BTreeMap<String, AddressKind> {
    let kinds = [("email", AddressKind::Mail), ("sms", AddressKind::Phone), ("call", AddressKind::Phone)];
    kinds.map(|(name, kind)| (name.to_owned(), kind)).into()
}

fn written(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Templates, String>) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let templates = Templates::load(Some(dir.path()), &kinds(), "en", None);
    (dir, templates)
}

fn text(mark: &str) -> String {
    format!("Subject: {{{{ code }}}} {mark}\n\n{{{{ code }}}}\n")
}

#[test]
fn english_is_built_in_and_says_the_code_first() {
    let templates = Templates::load(None, &kinds(), "en", None).unwrap();
    let occasion = Occasion { tenant: "shop", channel: "email", app: "Shöp", ..SAMPLE };
    let words = templates.render(&occasion).unwrap();
    assert_eq!(words.subject.as_str(), "123456 is your Shöp code");
    assert!(words.text.starts_with("123456 is your Shöp code.\n\nIt works for 5 minutes, once."), "{}", *words.text);
    assert!(words.html.is_none() && !words.text.contains("://"));
    let words = templates.render(&Occasion { left: Duration::from_secs(59), ..occasion }).unwrap();
    assert!(words.text.contains("for a minute at most"));
}

#[test]
fn a_tenant_comes_before_all_a_purpose_before_default_and_a_locale_before_none() {
    let files = [
        ("email/default.txt", "none"),
        ("email/default.de.txt", "de"),
        ("email/login.de-at.txt", "login de-AT"),
        ("bank/email/default.txt", "bank"),
    ];
    let texts: Vec<_> = files.iter().map(|(name, mark)| (*name, text(mark))).collect();
    let texts: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (_dir, templates) = written(&texts);
    let templates = templates.unwrap();
    for (tenant, purpose, locale, mark) in [
        ("shop", "login", None, "none"),
        ("shop", "login", Some("fr"), "none"),
        ("shop", "signup", Some("de-AT"), "de"),
        ("shop", "login", Some("de-AT"), "login de-AT"),
        ("shop", "login", Some("DE-at-1996"), "login de-AT"),
        ("bank", "login", Some("de"), "bank"),
    ] {
        let words = templates.render(&Occasion { tenant, channel: "email", purpose, locale, ..SAMPLE }).unwrap();
        assert_eq!(words.subject.as_str(), format!("123456 {mark}"), "{tenant} {purpose} {locale:?}");
    }
}

#[test]
fn mistakes_are_found_at_start() {
    let good = text("x");
    for (files, why) in [
        (vec![("email/login.txt", "{{ code }}")], "does not begin with a line `Subject:`"),
        (vec![("email/login.txt", "Subject: hello\n\nhello\n")], "does not stand"),
        (vec![("email/login.txt", "Subject: {{ kode }}\n\n{{ code }}\n")], "undefined value"),
        (vec![("email/login.txt", "Subject: {{ code\n")], "syntax error"),
        (vec![("email/login.html", "<p>{{ code }}</p>")], "no text beside it"),
        (vec![("email/login.txt", good.as_str()), ("email/login.html", "<p>{{ app }}</p>")], "does not stand"),
        (vec![("email/login.txt", "From: nobody\nSubject: {{ code }}\n\n{{ code }}\n")], "no address"),
        (vec![("email/login.pdf", good.as_str())], "not named"),
        (vec![("email/Log-In.txt", good.as_str())], "not named"),
        (vec![("shop/post/login.txt", good.as_str())], "no directory of a channel"),
        (vec![("login.txt", good.as_str())], "no directory of a channel or tenant"),
        (vec![("sms/login.txt", "hello")], "does not stand"),
        (vec![("push.http", "POST /x")], "no directory of a channel or tenant"),
        (vec![("email/locked.txt", "Subject: {{ code }}\n\nx\n")], "cannot be used"),
    ] {
        let found = written(&files).1.map(|_| ()).unwrap_err();
        assert!(found.contains(why), "{files:?}: {found}");
    }
    // No start waits for one to write it.
    let (dir, _) = written(&[("email/login.txt", &good)]);
    let pipe = dir.path().join("email/default.txt");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let found = Templates::load(Some(dir.path()), &kinds(), "en", None).map(|_| ()).unwrap_err();
    assert!(found.contains("`email/default.txt`, which cannot be read: it is a pipe"), "{found}");
}

/// Whoever sends may be named by what an app calls itself, whatever that holds; the address stays the template's.
#[test]
fn a_senders_name_may_hold_what_an_app_calls_itself() {
    let text = "From: \"{{ app }}\" <codes@shop.example>\nSubject: {{ code }}\n\n{{ code }}\n";
    let (_dir, templates) = written(&[("email/default.txt", text)]);
    let templates = templates.unwrap();
    for app in ["Shop", "Shop, Inc. (\"EU\")", "eve@evil.example", "Eve <eve@evil.example>, ", ""] {
        let from = templates.render(&Occasion { channel: "email", app, ..SAMPLE }).unwrap().from.unwrap();
        assert_eq!(from.email.to_string(), "codes@shop.example", "{app}");
        assert_eq!(from.name.unwrap_or_default(), app.trim().trim_matches('"'), "{app}");
    }
}

#[test]
fn html_escapes_what_it_is_given() {
    let (_dir, templates) =
        written(&[("email/default.txt", &text("x")), ("email/default.html", "<p>{{ app }} {{ code }}</p>")]);
    let words = templates.unwrap().render(&Occasion { channel: "email", app: "<b>&", ..SAMPLE }).unwrap();
    assert_eq!(words.html.unwrap().as_str(), "<p>&lt;b&gt;&amp; 123456</p>");
}

#[test]
fn locales_are_words_of_letters_and_digits() {
    assert!(["de", "de-AT", "zh-Hant-TW", "sl-rozaj-biske-1994"].iter().all(|locale| is_locale(locale)));
    assert!(
        ["", "-", "de_AT", "de-", "d\n", "../x", "deutschland1", "1de", "de-\u{202e}"].iter().all(|l| !is_locale(l))
    );
}

#[test]
fn messages_to_phones_are_one_text_and_end_with_what_machines_read() {
    let origin = Some("shop.example".to_owned());
    let templates = Templates::load(None, &kinds(), "en", origin).unwrap();
    let occasion = Occasion { channel: "sms", kind: AddressKind::Phone, ..SAMPLE };
    let words = templates.render(&occasion).unwrap();
    assert_eq!(words.text.as_str(), "123456 is your Shop code. Do not pass it on.\n@shop.example #123456");
    assert!(words.subject.is_empty());
    let words = templates.render(&Occasion { app_hash: Some("FA+9qCX9VSu"), ..occasion }).unwrap();
    assert!(words.text.ends_with(".\nFA+9qCX9VSu") && words.text.len() <= 140, "one of the two, and the app's first");
    let words = templates.render(&Occasion { channel: "call", ..occasion }).unwrap();
    assert_eq!(words.text.as_str(), "Your Shop code is: 1, 2, 3, 4, 5, 6. Once more: 1, 2, 3, 4, 5, 6.");
}

/// A segment is 160 characters of the alphabet of phones, some of which count twice, or 70 of others.
#[test]
fn a_text_of_two_sms_is_named() {
    for (text, most) in [("x", 154), ("é", 154), ("€", 77), ("ł", 64), ("😀", 32)] {
        let of = |count: usize| format!("{{{{ code }}}}{}", text.repeat(count));
        let (_dir, templates) = written(&[("sms/default.txt", &of(most)), ("bank/sms/login.txt", &of(most + 1))]);
        assert_eq!(templates.unwrap().long_texts(&kinds()), ["bank/sms/login"], "{text}");
    }
}

/// A purpose that happens to be called so is served like any other.
#[test]
fn a_lock_is_told_of_without_a_code() {
    let (_dir, templates) = written(&[("email/locked.de.txt", "Subject: Gesperrt\n\n{{ minutes }} Minuten\n")]);
    let templates = templates.unwrap();
    let locked = Occasion { channel: "email", code: None, ..SAMPLE };
    assert!(templates.render(&locked).unwrap().subject.starts_with("Too many wrong codes for Shop"));
    let words = templates.render(&Occasion { locale: Some("de-AT"), ..locked }).unwrap();
    assert_eq!((words.subject.as_str(), words.text.as_str()), ("Gesperrt", "5 Minuten"));
    let words =
        templates.render(&Occasion { purpose: "locked", locale: Some("de"), code: Some("1"), ..locked }).unwrap();
    assert!(words.subject.starts_with("1 is your"));
}
