//! Where a command reads and writes, and the questions it asks there.

use std::io::{self, BufRead, Write};

use super::text::inert;
use crate::cli::exit::{Exit, Failure};

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
        // What is no text is no answer.
        let _ = self.input.read_line(&mut answer);
        Ok(answer.trim().to_owned())
    }
}
