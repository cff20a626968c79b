//! Where a command reads and writes, and the questions it asks there.

use std::io::{self, BufRead, Write};

use super::{failure::Failure, text::inert};
use crate::cli::exit::Exit;

/// Input and outputs of a command.
pub struct Console<'a> {
    /// Where answers come from.
    pub input: &'a mut dyn BufRead,
    /// Where results go.
    pub out: &'a mut dyn Write,
    /// Where questions and complaints go.
    pub err: &'a mut dyn Write,
    /// Whether somebody is there to answer.
    pub asks: bool,
}

impl Console<'_> {
    /// Goes on only if somebody says yes; `sure` = they said so beforehand.
    ///
    /// # Errors
    /// [`Exit::Usage`] where nobody is there to ask, [`Exit::Refused`] if they say anything else.
    pub fn confirm(&mut self, question: &str, sure: bool) -> Result<(), Failure> {
        if sure {
            return Ok(());
        }
        if !self.asks {
            return Err(Failure::said(Exit::Usage, "there is no terminal to ask on: repeat it with --yes"));
        }
        let answer = self.ask(&format!("{} [y/N] ", inert(question)))?;
        if matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::said(Exit::Refused, "nothing was done"))
        }
    }

    /// Why it is done: what was `given`, else what they say.
    ///
    /// # Errors
    /// [`Exit::Usage`] where nobody is there to ask, or they say nothing.
    pub fn reason(&mut self, given: Option<&str>) -> Result<String, Failure> {
        let missing = || Failure::said(Exit::Usage, "say why, with --reason");
        let reason = match given {
            Some(reason) => reason.to_owned(),
            None if self.asks => self.ask("Reason: ")?,
            None => return Err(missing()),
        };
        if reason.trim().is_empty() { Err(missing()) } else { Ok(reason) }
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        write!(self.err, "{question}")?;
        self.err.flush()?;
        let mut answer = String::new();
        self.input.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<T>(typed: &str, asks: bool, with: impl FnOnce(&mut Console<'_>) -> T) -> (T, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console { input: &mut typed.as_bytes(), out: &mut out, err: &mut err, asks };
        let answer = with(&mut console);
        (answer, String::from_utf8(err).unwrap())
    }

    fn exit<T>(result: Result<T, Failure>) -> Option<Exit> {
        result.err().map(|failure| failure.exit())
    }

    #[test]
    fn only_yes_is_yes() {
        for (typed, expected) in [
            ("y\n", None),
            ("YES\n", None),
            ("\n", Some(Exit::Refused)),
            ("", Some(Exit::Refused)),
            ("ja\n", Some(Exit::Refused)),
        ] {
            let (answer, err) = asked(typed, true, |console| console.confirm("Unlock a\u{1b}?", false));
            assert_eq!((exit(answer), err.as_str()), (expected, "Unlock a\\u{1b}? [y/N] "), "{typed:?}");
        }
    }

    #[test]
    fn without_a_terminal_it_must_be_said_beforehand() {
        let (answer, err) = asked("y\n", false, |console| console.confirm("Unlock?", false));
        assert_eq!((exit(answer), err.as_str()), (Some(Exit::Usage), ""));
        assert_eq!(exit(asked("", false, |console| console.confirm("Unlock?", true)).0), None);
    }

    #[test]
    fn a_reason_is_given_or_asked_for() {
        let said = |typed, asks, given| asked(typed, asks, |console| console.reason(given)).0;
        assert_eq!(said("", false, Some("ticket 7")).unwrap(), "ticket 7");
        assert_eq!(said("on the phone\n", true, None).unwrap(), "on the phone");
        for nothing in [said("x\n", false, None), said("\n", true, None), said("", true, Some(" "))] {
            assert_eq!(exit(nothing), Some(Exit::Usage));
        }
    }
}
