//! What is said of a sign-in that is not like its user's.

mod bursts;
mod golden;
mod learned;
mod locations;
mod noted;
mod reported;
mod rules;
mod simulation;
mod strangers;
mod users;
