//! What is sealed, keyed and drawn: what opens it, and what does not.

mod answer;
mod code;
mod digest;
mod id;
mod index;
mod message;
mod person;
mod trail;
mod who;
