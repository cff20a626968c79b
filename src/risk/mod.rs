//! Risk: how likely it is that a sign-in is somebody else's than its user's. It tells, and never refuses.
//!
//! [`signals`] are what is known of a sign-in, by [`geo`] and [`families`]; a [`profile`] is what is known of its user, a
//! [`table`] what a tenant's users have in common; [`model`] compares them, [`mod@score`] adds rules and reasons, and [`learn`]
//! says what becomes of a profile. [`state`] is what a sidecar holds of all this.

pub mod families;
pub mod geo;
pub mod learn;
pub mod level;
pub mod model;
pub mod profile;
pub mod rates;
pub mod score;
pub mod settings;
pub mod signals;
pub mod state;
pub mod table;

pub use score::{Context, Score, SignIn, score};
pub use settings::{Mode, Settings};
pub use signals::Signals;
pub use state::{Pattern, Risk};
