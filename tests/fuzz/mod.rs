//! Inputs that nobody thought of. `targets` say what must hold for any bytes at all; `corpus` keeps inputs that once
//! mattered. `make fuzz` searches for more with libFuzzer (`engine`); the tests here go over what is kept, and a few
//! seconds of plain mutations of it.

mod mutate;
mod smoke;
mod targets;
