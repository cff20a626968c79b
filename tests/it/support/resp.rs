//! What passes between a client and Redis, one whole command or reply at a time (RESP2).

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Reads one command or reply as it stands; `None` at a clean end.
///
/// # Errors
/// If the stream breaks, or ends half-way.
pub async fn frame(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut left = 1_usize;
    while left > 0 {
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes).await? == 0 {
            return if start == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        left -= 1;
        let line = &bytes[start..];
        let number = || std::str::from_utf8(&line[1..]).ok()?.trim_end().parse::<i64>().ok();
        match line[0] {
            b'*' => left += usize::try_from(number().unwrap_or(0)).unwrap_or(0),
            b'$' => {
                if let Some(length) = number().and_then(|number| usize::try_from(number).ok()) {
                    let text = bytes.len();
                    bytes.resize(text + length + 2, 0);
                    from.read_exact(&mut bytes[text..]).await?;
                }
            }
            _ => {}
        }
    }
    Ok(Some(bytes))
}

/// The first two words of a command: its verb in upper case, and for a script its SHA-1 or its text.
pub fn words(command: &[u8]) -> (String, String) {
    let mut rest = command;
    let mut word = || {
        let start = rest.iter().position(|byte| *byte == b'$')?;
        let end = start + rest[start..].iter().position(|byte| *byte == b'\n')? + 1;
        let length: usize = std::str::from_utf8(&rest[start + 1..end]).ok()?.trim_end().parse().ok()?;
        let word = String::from_utf8_lossy(rest.get(end..end + length)?).into_owned();
        rest = &rest[end + length..];
        Some(word)
    };
    let verb = word().unwrap_or_default().to_uppercase();
    (verb, word().unwrap_or_default())
}

#[tokio::test]
async fn frames_are_cut_where_they_end_however_they_are_nested() {
    let sent = b"*2\r\n$4\r\nping\r\n$3\r\na\n$\r\n*2\r\n:1\r\n*1\r\n$-1\r\n-ERR no\r\n*0\r\n".to_vec();
    let mut from = &sent[..];
    let mut frames = Vec::new();
    while let Some(frame) = frame(&mut from).await.unwrap() {
        frames.push(frame);
    }
    assert_eq!(frames.len(), 4, "{frames:?}");
    assert_eq!(frames.concat(), sent);
    assert_eq!(words(&frames[0]), ("PING".to_owned(), "a\n$".to_owned()));
}
