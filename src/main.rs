//! The `otp-sidecar` binary.

fn main() {}
