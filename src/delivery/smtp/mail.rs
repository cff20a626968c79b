//! A message as a mail: headers, text, and HTML where there is one.

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use zeroize::Zeroizing;

use crate::delivery::{Letter, address::MailAddress};

/// A mail, ready to be handed to a relay.
pub struct Parcel {
    /// Who sends it.
    pub from: Address,
    /// Who gets it.
    pub to: Address,
    /// All of it, as it goes over the wire.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Makes a mail of words. Every repetition has the same `Message-ID`, so that whoever got it twice sees it once.
pub fn parcel(from: &Mailbox, to: &MailAddress, letter: &Letter<'_>) -> Option<Parcel> {
    let Letter { id, words, .. } = letter;
    let from = words.from.as_ref().unwrap_or(from);
    let to = Address::new(&to.local, &to.domain).ok()?;
    let id = format!("<{id}@{}>", from.email.domain());
    // RFC 3834 §5: no holiday notes come back.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(words.subject.as_str())
        .message_id(Some(id))
        .date_now()
        .raw_header(automatic);
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(words.text.to_string());
    let message = match &words.html {
        None => builder.singlepart(text),
        Some(html) => {
            let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(html.to_string());
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html))
        }
    };
    Some(Parcel { from: from.email.clone(), to, bytes: Zeroizing::new(message.ok()?.formatted()) })
}
