//! The parts of the `halfmask` command, as a library so that they can be tested.

pub mod data;
