//! What is said of a sign-in that is not like its user's.

mod golden;
mod simulation;
mod users;
