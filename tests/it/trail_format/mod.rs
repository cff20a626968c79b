//! `deploy/docs/trail-format.md`: a page by which a stranger verifies a trail. `verify.py` knows nothing else.

mod edits;
pub mod second;
mod vector;
