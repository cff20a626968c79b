//! Risk: how likely it is that a sign-in is somebody else's than its user's. It tells, and never refuses.
//!
//! [`signals`] are what is known of a sign-in, a [`profile`] what is known of its user, a [`table`] what a tenant's users have in
//! common; [`model`] compares them.

pub mod level;
pub mod model;
pub mod profile;
pub mod signals;
pub mod table;
