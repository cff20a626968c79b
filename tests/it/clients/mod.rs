//! HTTP clients and proxies that others wrote, used as apps and operators use them: what they send by themselves is taken,
//! and their connections are used again.

mod programs;
mod proxies;
