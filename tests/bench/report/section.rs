//! The part of a document that is written by a program.

/// Puts `text` between the marks; `None` if they are not there.
pub fn replaced(document: &str, text: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", text.trim()))
}

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// What this file promises.
pub fn a_section_is_replaced_between_its_marks_and_nothing_else() {
    let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");
    assert_eq!(replaced(&document, "\nnew\n"), Some(format!("a\n{BEGIN}\nnew\n{END}\nb\n")));
    assert_eq!(replaced("a\nb\n", "new"), None);
    let page = include_str!("../../../deploy/docs/performance.md");
    assert!(replaced(page, "new").is_some_and(|page| page.contains("\nnew\n")), "marks in the page");
}
