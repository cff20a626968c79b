//! Where results go.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Results, json::json, machine::Machine, markdown, plots, section};
use crate::wishes::Wishes;

/// Of a run that is kept, from the root of the project.
const KEPT: &str = "tests/bench/results";
/// What shows them, from there.
const PAGE: &str = "deploy/docs/performance.md";

/// Writes what was found into the directory that was asked for: `results.json`, `results.md` and pictures.
///
/// # Errors
/// If a file cannot be written.
pub fn write(results: &Results, wishes: &Wishes) -> io::Result<()> {
    fs::create_dir_all(&wishes.out)?;
    let machine = Machine::here();
    fs::write(wishes.out.join("results.json"), format!("{}\n", json(results, &machine, wishes)))?;
    fs::write(wishes.out.join("results.md"), markdown::section(results, &machine, wishes))?;
    for (name, picture) in pictures(results) {
        fs::write(wishes.out.join(name), picture)?;
    }
    Ok(())
}

/// Keeps what was found: the pictures and figures beside the harness, and the section of `deploy/docs/performance.md` between its marks.
///
/// # Errors
/// If a file cannot be written, or that page has no such marks.
pub fn publish(results: &Results, wishes: &Wishes) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (kept, page) = (root.join(KEPT), root.join(PAGE));
    let wishes = Wishes { out: kept, ..wishes.clone() };
    write(results, &wishes)?;
    fs::remove_file(wishes.out.join("results.md"))?;
    let text = markdown::section(results, &Machine::here(), &wishes);
    let marked = section::replaced(&fs::read_to_string(&page)?, &text);
    fs::write(&page, marked.ok_or_else(|| io::Error::other("no marks in the page"))?)
}

fn pictures(results: &Results) -> impl Iterator<Item = (PathBuf, String)> {
    let pictures = [("load.svg", plots::load(results)), ("live.svg", plots::live(results))];
    pictures.into_iter().filter_map(|(name, picture)| Some((name.into(), picture?)))
}
