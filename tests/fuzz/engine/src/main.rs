//! libFuzzer over one of the targets: `FUZZ_TARGET` names it, the rest of the command line is libFuzzer's.

#![no_main]
#![recursion_limit = "256"]
#![allow(dead_code)]

#[path = "../../targets/mod.rs"]
mod targets;
mod support;

use std::cell::RefCell;

thread_local! {
    static TRY: RefCell<targets::Try> = RefCell::new(begin());
}

fn begin() -> targets::Try {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let names = targets::ALL.map(|target| target.name).join(", ");
    let target = targets::ALL.into_iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("FUZZ_TARGET must be one of: {names}")).start)()
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    TRY.with_borrow_mut(|attempt| attempt(data));
});
