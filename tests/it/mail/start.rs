//! What must be right before anything is delivered, and the command that tries it.

use super::relay::Relay;
use crate::support::Sidecar;

const FROM: (&str, &str) = ("OTP_DELIVERY_FROM", "Shop <no-reply@shop.example>");
const URL: (&str, &str) = ("OTP_DELIVERY_URL__EMAIL", "smtp+plain://127.0.0.1:2525");

#[test]
fn mistakes_are_told_at_start_and_nothing_of_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("email")).unwrap();
    std::fs::write(dir.path().join("email/login.txt"), "Subject: {{ kode }}\n\n{{ code }}\n").unwrap();
    let templates = dir.path().display().to_string();
    for (variables, told) in [
        (vec![URL], "OTP_DELIVERY_FROM must be set"),
        (vec![FROM, ("OTP_DELIVERY_URL", "smtps://a")], "OTP_DELIVERY_URL must name a channel"),
        (vec![FROM, ("OTP_DELIVERY_URL__EMAIL", "imap://user:secret@a")], "OTP_DELIVERY_URL__EMAIL must be smtps://"),
        (vec![FROM, ("OTP_DELIVERY_URL__email", "smtps://a")], "OTP_DELIVERY_URL__email must name a channel"),
        (vec![FROM, ("OTP_DELIVERY_URL__RETURN", "smtps://a")], "not RETURN"),
        (vec![FROM, URL, ("OTP_DELIVERY_FROM", "nobody")], "OTP_DELIVERY_FROM must be a mail address"),
        (vec![FROM, URL, ("OTP_LOCALE", "de_AT")], "OTP_LOCALE must be a locale"),
        (vec![FROM, URL, ("OTP_DELIVERY_TRIES", "0")], "OTP_DELIVERY_TRIES must be"),
        (
            vec![FROM, ("OTP_DELIVERY_URL__EMAIL", "smtps://a"), ("OTP_DELIVERY_CA", "/nowhere")],
            "OTP_DELIVERY_CA names",
        ),
        (vec![FROM, URL, ("OTP_TEMPLATES_DIR", &templates)], "OTP_TEMPLATES_DIR holds `email/login`"),
    ] {
        let builder = variables.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
        let (code, out, err) = builder.run(&["check-config"]);
        assert!(code == 64 && err.contains(told), "{variables:?}: {code} {out} {err}");
        assert!(!err.contains("secret@"), "{err}");
    }
}

#[test]
fn a_secret_of_a_channel_may_come_from_a_file_and_is_not_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "smtps://user:hidden@mail.example\n").unwrap();
    let path = file.path().display().to_string();
    let builder = Sidecar::builder().set(FROM.0, FROM.1).set("OTP_DELIVERY_URL__EMAIL_FILE", &path);
    let (code, out, err) = builder.run(&["check-config"]);
    assert!(code == 0 && out.contains("set (smtps)") && !out.contains("hidden"), "{code} {out} {err}");
}

/// What only channels by HTTP have is of no use to a relay.
#[test]
fn what_a_relay_makes_no_use_of_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("email.http"), "POST /x\n\n{{ code }}").unwrap();
    let templates = dir.path().display().to_string();
    let more = [("OTP_DELIVERY_SECRET__EMAIL", "s3cret"), ("OTP_TEMPLATES_DIR", &templates)];
    let (code, out, err) = Sidecar::builder().set_all(&[FROM, URL]).set_all(&more).run(&["check-config"]);
    let told = out + &err;
    for what in ["OTP_DELIVERY_SECRET__EMAIL", "OTP_TEMPLATES_DIR holds `email.http`, which"] {
        let warning = format!("{what} is not used, since OTP_DELIVERY_URL__EMAIL names a relay of mails");
        assert!(code == 0 && told.contains(&warning) && !told.contains("s3cret"), "{code} {told}");
    }
}

#[test]
fn the_command_sends_a_sample_and_says_what_became_of_it() {
    let relay = Relay::plain();
    let variables = relay.variables();
    let builder = variables.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
    for (words, code, told) in [
        (vec!["deliver", "email", "ann@example.com"], 0, "accepted: 123456 is your default code"),
        (vec!["deliver", "email", "ann@example.com", "--tenant", "shop"], 0, "accepted: 123456 is your shop code"),
        (vec!["deliver", "email", "550-ann@example.com"], 1, "refused with 550, permanent"),
        (vec!["deliver", "email", "450-ann@example.com"], 1, "refused with 450, transient"),
        (vec!["deliver", "sms", "ann@example.com"], 2, "no such channel"),
        (vec!["deliver", "email", "ann"], 2, "no plain mail address"),
    ] {
        let (exit, out, err) = builder.run(&words);
        assert!(exit == code && format!("{out}{err}").contains(told), "{words:?}: {exit} {out} {err}");
    }
    assert_eq!(relay.mails("ann@example.com").len(), 2);
}
