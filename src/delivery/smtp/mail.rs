//! A message as a mail: headers, text, and HTML where there is one.

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use crate::delivery::{Letter, address::mail_address};

/// Makes a mail of words. Every repetition has the same `Message-ID`, so that whoever got it twice sees it once.
pub(super) fn mail(from: &Mailbox, letter: &Letter<'_>) -> Option<Message> {
    let Letter { id, to, words, .. } = letter;
    let from = words.from.as_ref().unwrap_or(from);
    let id = format!("<{id}@{}>", from.email.domain());
    // RFC 3834 §5: no holiday notes come back.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, mail_address(to)?))
        .subject(words.subject.as_str())
        .message_id(Some(id))
        .date_now()
        .raw_header(automatic);
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(words.text.to_string());
    match &words.html {
        None => builder.singlepart(text).ok(),
        Some(html) => {
            let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(html.to_string());
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html)).ok()
        }
    }
}
