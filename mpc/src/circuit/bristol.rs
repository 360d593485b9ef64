//! The exchange formats of the field: "Bristol" circuits of both generations, as text.
//!
//! The old format (Tillich and Smart) gives the lengths of two inputs and one output and knows XOR, AND and INV;
//! *Bristol Fashion* gives any number of input and output values and adds EQ (a constant), EQW (a copy) and MAND (several ANDs in
//! one line). Wires are numbered: inputs first, outputs last, every wire assigned once and before it is read.
//!
//! A file does not say whose its inputs are; [`Owner`] does. An evaluator's value becomes input wires, a garbler's value
//! known bits, which cost no oblivious transfer: they enter as wires of active label zero
//! ([`super::Builder::known_wire`]).
//!
//! Files are not trusted: the counts in the header are checked against the length of the text before anything is allocated
//! by them, and every error names its line.

mod export;
mod import;
#[cfg(test)]
mod tests;

use super::Template;

/// Bits of all inputs together, at most: a template's inputs become labels, sixteen bytes each and instance.
pub const MAX_INPUT_BITS: usize = 1 << 20;

/// Whose an input value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The evaluator's: one oblivious transfer a bit.
    Evaluator,
    /// The garbler's: known bits.
    Garbler,
}

/// Which of the two formats a text was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Two inputs, one output; XOR, AND, INV.
    Old,
    /// Any number of values; EQ, EQW and MAND too.
    Fashion,
}

/// A circuit from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The circuit; its inputs are the evaluator's values in the file's order, its known bits likewise the garbler's.
    pub template: Template,
    /// Bits of every input value of the file.
    pub inputs: Vec<usize>,
    /// Bits of every output value of the file.
    pub outputs: Vec<usize>,
    /// The format found.
    pub format: Format,
}
