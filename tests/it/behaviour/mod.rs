//! By noun: what the contract says.
