//! What is an address, and how it is shown.

use otp_sidecar::delivery::address::{AddressKind, mail_address, masked};

#[test]
fn what_is_an_address_and_what_is_none() {
    for (text, domain) in [
        ("ann@example.com", "example.com"),
        ("a.n+n=o'x@sub.example.co", "sub.example.co"),
        ("ann@müller.example", "xn--mller-kva.example"),
        ("ann@EXAMPLE.com", "example.com"),
    ] {
        assert_eq!(mail_address(text).as_ref().map(|address| address.domain()), Some(domain), "{text}");
    }
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}.com", "abcdefgh.".repeat(31));
    for text in [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@localhost",
        "ann@example.com.",
        "ann@.com",
        "ann@example..com",
        "a@b@example.com",
        "ann@[1.2.3.4]",
        "ann@1.2.3.4",
        "\"ann\"@example.com",
        "ann(x)@example.com",
        "ann @example.com",
        " ann@example.com",
        "ann@example.com\r\nRCPT TO:<eve@example.com>",
        "ann\0@example.com",
        ".ann@example.com",
        "ann.@example.com",
        "a..n@example.com",
        "änn@example.com",
        "ann@exam\u{202e}ple.com",
        "ann@exam\u{200b}ple.com",
        "ann@-example.com",
        "ann@example.com>",
        "<ann@example.com",
        "ann@xn--a.example",
        "ann@exam_ple.com",
        "ann,eve@example.com",
        "ann;eve@example.com",
        &long,
        &longer,
    ] {
        assert!(mail_address(text).is_none(), "{text:?}");
    }
}

#[test]
fn a_masked_address_shows_its_first_character_and_its_domain() {
    assert_eq!(masked("ann@example.com"), "a•••@example.com");
    assert_eq!(masked("ann@müller.example"), "a•••@müller.example");
    assert_eq!(masked("+4917112345612"), "+49•••••••12");
}

#[test]
fn numbers_are_digits_behind_a_plus_and_nothing_else() {
    assert!(["+4917112345612", "+1234567", "+123456789012345"].iter().all(|number| AddressKind::Phone.takes(number)));
    for text in [
        "",
        "+",
        "4917112345612",
        "+049171123456",
        "004917112345",
        "+123456",
        "+1234567890123456",
        "+49 171 1234561",
        "+49-171-123456",
        "+４９１７１１２３４５",
        "+4917112345x",
        "+4917112345\n",
        "+4917112345;+4917112346",
        "ann@example.com",
    ] {
        assert!(!AddressKind::Phone.takes(text), "{text:?}");
    }
}
