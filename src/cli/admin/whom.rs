//! Whom a command is about.

use std::net::{AddrParseError, IpAddr};

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Failure, text_of};
use crate::cli::Exit;

/// A user, by name or by reference.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Whom {
    /// The user as the app knows them
    #[arg(value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Whose user it is; may be left out where there is but one tenant
    #[arg(long)]
    pub tenant: Option<String>,
    /// The user as events name them: 32 hexadecimal digits, instead of SUBJECT
    #[arg(long = "ref", value_name = "HEX", conflicts_with_all = ["subject", "tenant"])]
    pub reference: Option<String>,
}

impl Whom {
    /// Whether anybody is named.
    pub fn is_named(&self) -> bool {
        self.subject.is_some() || self.reference.is_some()
    }

    /// The fields of a call that name them.
    ///
    /// # Errors
    /// [`Exit::Usage`] if nobody is named.
    pub fn fields(&self) -> Result<Map<String, Value>, Failure> {
        if !self.is_named() {
            return Err(Failure::said(Exit::Usage, "name a user: SUBJECT, or --ref"));
        }
        Ok(self.given())
    }

    /// The fields that are given, even where nobody is named.
    pub fn given(&self) -> Map<String, Value> {
        let fields = [("subject", &self.subject), ("tenant", &self.tenant), ("subject_ref", &self.reference)];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))).collect()
    }

    /// In words, for questions.
    pub fn words(&self) -> String {
        match (&self.subject, &self.tenant, &self.reference) {
            (Some(subject), Some(tenant), _) => format!("{subject} of {tenant}"),
            (Some(subject), None, _) => subject.clone(),
            (None, _, Some(reference)) => format!("the user {reference}"),
            (None, _, None) => "nobody".to_owned(),
        }
    }
}

/// Reads an address as calls do, with white space around it.
///
/// # Errors
/// It is none.
pub fn address(text: &str) -> Result<IpAddr, AddrParseError> {
    text.trim().parse()
}

/// The user of an entry: by name where it is known, else by reference.
pub fn name_of(entry: &Value) -> String {
    match text_of(entry, "subject") {
        "" => format!("({})", text_of(entry, "subject_ref")),
        name => name.to_owned(),
    }
}
