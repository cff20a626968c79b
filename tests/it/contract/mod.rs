//! The documents that machines read say what the program does, all of it and nothing else.

mod bounds;
mod codes;
mod document;
mod fields;
mod generated;
mod limits;
mod outages;
mod refusals;
mod routes;
mod series;
mod served;
mod tools;
mod words;
