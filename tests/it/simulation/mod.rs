mod check;
mod history;
mod plan;
