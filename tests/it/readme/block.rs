//! Blocks of the pages that are marked with `<!-- test: name -->`, and the answers shown behind them.

use serde_json::Value;

use super::pages::PAGES;

const MARK: &str = "<!-- test: ";
const FENCE: &str = "```";

/// One marked block.
#[derive(Debug, Clone)]
pub struct Block {
    /// What stands between its fences.
    pub text: &'static str,
    /// What stands between it and the next mark.
    behind: &'static str,
}

/// The blocks marked with `name`, in order.
///
/// # Panics
/// If there is none.
pub fn marked(name: &str) -> Vec<Block> {
    let pieces = PAGES.iter().flat_map(|page| page.text.split(MARK).skip(1));
    let pieces = pieces.filter_map(|piece| piece.split_once(" -->\n"));
    let blocks: Vec<_> = pieces.filter(|(mark, _)| *mark == name).map(|(_, rest)| Block::read(rest)).collect();
    assert!(!blocks.is_empty(), "no block is marked {name}");
    blocks
}

impl Block {
    fn read(rest: &'static str) -> Self {
        let (text, behind) = fenced(rest).filter(|_| rest.starts_with(FENCE)).expect("a block right behind its mark");
        Self { text, behind }
    }

    /// The status and the JSON that are shown as its answer: the first number of three digits behind it, and the next
    /// block; for 204, which has no body, null.
    #[track_caller]
    pub fn answer(&self) -> (u16, Value) {
        let mut numbers = self.behind.split(|c: char| !c.is_ascii_digit());
        let status = numbers.find(|n| n.len() == 3).unwrap_or_else(|| panic!("no status of {}", self.text));
        let status = status.parse().expect("a number");
        if status == 204 {
            return (status, Value::Null);
        }
        let (json, _) = fenced(self.behind).unwrap_or_else(|| panic!("no answer to {}", self.text));
        (status, serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
    }

    /// Names and values of the headers that are shown in the line with the status, as `` `Name: value` ``.
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let line = self.behind.lines().find(|line| line.contains(|c: char| c.is_ascii_digit())).unwrap_or_default();
        line.split('`').skip(1).step_by(2).filter_map(|word| word.split_once(": ")).collect()
    }
}

/// What stands between the first two fences, and what comes behind them.
fn fenced(text: &'static str) -> Option<(&'static str, &'static str)> {
    let (_, from) = text.split_once(FENCE)?;
    let (_, body) = from.split_once('\n')?;
    body.split_once("\n```")
}
