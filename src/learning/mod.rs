//! What events teach, as the exporter carries them out: [`learner`] scores sign-ins for the trail and teaches users' profiles and what
//! users share; [`patterns`](Lessons) over several calls, and [`bursts`] over all of them, are noted as events of their own.

mod bursts;
mod learner;
mod patterns;

pub use bursts::Bursts;
pub use learner::{Learner, Lessons};
