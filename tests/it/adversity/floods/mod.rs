//! Too much of something, by one who means it or by all at once. One file per kind of flood.

mod bodies;
mod bulk;
mod exports;
mod frames;
mod idle;
mod offered;
mod overload;
mod refusals;
mod slow;
mod smuggling;
