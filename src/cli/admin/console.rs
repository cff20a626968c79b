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

    #[test]
    fn only_yes_is_yes_and_nobody_is_asked_who_is_not_there_or_said_it_beforehand() {
        let ask = |typed: &str, asks, what: &dyn Fn(&mut Console<'_>) -> Result<(), Failure>| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let done = what(&mut Console { input: &mut typed.as_bytes(), out: &mut out, err: &mut err, asks });
            (done.err().map(|failure| failure.exit()), String::from_utf8(err).unwrap())
        };
        let confirm = |sure| move |console: &mut Console<'_>| console.confirm("Unlock a\u{1b}?", sure);
        for (typed, exit) in
            [("y\n", None), ("YES\n", None), ("\n", Some(Exit::Refused)), ("ja\n", Some(Exit::Refused))]
        {
            assert_eq!(ask(typed, true, &confirm(false)), (exit, "Unlock a\\u{1b}? [y/N] ".into()), "{typed:?}");
        }
        assert_eq!(ask("y\n", false, &confirm(false)), (Some(Exit::Usage), String::new()));
        assert_eq!(ask("", false, &confirm(true)), (None, String::new()));
        let reason = |given| move |console: &mut Console<'_>| console.reason(given).map(drop);
        assert_eq!(ask("", false, &reason(Some("ticket 7"))).0, None);
        assert_eq!(ask("on the phone\n", true, &reason(None)), (None, "Reason: ".into()));
        for (typed, asks, given) in [("x\n", false, None), ("\n", true, None), ("", true, Some(" "))] {
            assert_eq!(ask(typed, asks, &reason(given)).0, Some(Exit::Usage));
        }
    }
}
