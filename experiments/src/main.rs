//! The halfmask command.

fn main() {}
