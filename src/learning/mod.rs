//! What events teach, as the exporter carries them out: a [`Learner`] scores sign-ins for the trail, teaches users' profiles and what
//! users share, and notes patterns over several calls; [`Bursts`] notes what there is more of than on other days.

mod bursts;
mod learner;
mod patterns;

pub use bursts::Bursts;
pub use learner::{Learner, Lessons};
