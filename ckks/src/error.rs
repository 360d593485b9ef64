//! The crate's error type. Every variant carries the numbers that explain it.

use crate::simd::Simd;

/// What can be refused by this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system gave no randomness.
    #[error("the operating system's random generator failed: {0}")]
    Randomness(getrandom::Error),

    /// The ring degree is outside what the transforms support.
    #[error("ring degree {degree} is not a power of two in {min}..={max}")]
    Degree {
        /// The degree asked for.
        degree: usize,
        /// Smallest supported degree.
        min: usize,
        /// Largest supported degree.
        max: usize,
    },

    /// X -> X^g is no automorphism for this g.
    #[error("Galois element {element} is not an odd number below 2N = {twice_degree}")]
    GaloisElement {
        /// The element asked for.
        element: u64,
        /// 2N.
        twice_degree: u64,
    },

    /// No modulus was given.
    #[error("at least one prime modulus is needed")]
    NoModulus,

    /// A modulus does not fit the word that holds residues.
    #[error("modulus {modulus} is not an odd number of at most {max_bits} bits")]
    ModulusSize {
        /// The modulus asked for.
        modulus: u64,
        /// Bits the residue word supports.
        max_bits: u32,
    },

    /// A modulus is no prime congruent to 1 modulo 2N.
    #[error("modulus {modulus} is not a prime congruent to 1 modulo {twice_degree}")]
    NotNttPrime {
        /// The modulus asked for.
        modulus: u64,
        /// 2N, which must divide modulus - 1.
        twice_degree: u64,
    },

    /// The same modulus was given twice.
    #[error("modulus {0} is given twice")]
    RepeatedModulus(u64),

    /// The parameters do not reach 128 bits.
    #[error(
        "degree {degree} with a {log2_q}-bit modulus is below 128 bits of security: \
         {table} allows {allowed} bits (use a larger degree or a smaller modulus)"
    )]
    Insecure {
        /// The ring degree.
        degree: usize,
        /// Bits of the product of all moduli.
        log2_q: u64,
        /// Bits the table allows at this degree.
        allowed: u64,
        /// Name of the table.
        table: &'static str,
    },

    /// Objects of two different rings were mixed.
    #[error("operands belong to different rings (degree {left} and {right}, or other moduli)")]
    RingMismatch {
        /// Degree of the left operand.
        left: usize,
        /// Degree of the right operand.
        right: usize,
    },

    /// A slice has the wrong number of elements.
    #[error("{what}: expected {expected} elements, got {got}")]
    Length {
        /// What the slice holds.
        what: &'static str,
        /// Elements expected.
        expected: usize,
        /// Elements found.
        got: usize,
    },

    /// A slice's length is not a multiple of a row.
    #[error("{what}: {got} elements are not a whole number of rows of {row}")]
    PartialRow {
        /// What the slice holds.
        what: &'static str,
        /// Elements a row.
        row: usize,
        /// Elements found.
        got: usize,
    },

    /// A size computed from the caller's numbers does not fit the address space.
    #[error("{what}: {rows} rows of {row} elements do not fit in memory")]
    TooLarge {
        /// What was to be allocated.
        what: &'static str,
        /// Rows asked for.
        rows: usize,
        /// Elements a row.
        row: usize,
    },

    /// A residue is not reduced.
    #[error("{what}: element {index} is {value}, not below the modulus {modulus}")]
    Residue {
        /// What the slice holds.
        what: &'static str,
        /// Position of the first bad element.
        index: usize,
        /// Its value.
        value: u64,
        /// The modulus it must stay below.
        modulus: u64,
    },

    /// Padding bits after the last packed value are set.
    #[error("{what}: padding bits of the last byte are not zero (byte is {byte:#04x})")]
    Padding {
        /// What was unpacked.
        what: &'static str,
        /// The last byte.
        byte: u8,
    },

    /// A bit width is outside its range.
    #[error("{what}: {bits} bits are not in {min}..={max}")]
    BitWidth {
        /// What the width belongs to.
        what: &'static str,
        /// The width asked for.
        bits: u32,
        /// Smallest width.
        min: u32,
        /// Largest width.
        max: u32,
    },

    /// A flooding width is outside its range.
    #[error("an error of width {width} is not in 1..={max}")]
    ErrorWidth {
        /// The width asked for.
        width: u64,
        /// Largest width.
        max: u64,
    },

    /// A public seed has no index left.
    #[error("public seed exhausted: {asked} more indices after {used}")]
    SeedExhausted {
        /// Indices asked for.
        asked: u64,
        /// Indices already used.
        used: u64,
    },

    /// A weight matrix has the wrong shape.
    #[error("{outputs} x {terms} weights need {} values, got {got}", outputs * terms)]
    WeightShape {
        /// Rows.
        outputs: usize,
        /// Columns.
        terms: usize,
        /// Values found.
        got: usize,
    },

    /// A weight passes its stated bound (its value is not told: it is a secret).
    #[error("weight {index} is above {max_weight} in absolute value")]
    Weight {
        /// Position of the first such weight.
        index: usize,
        /// The bound.
        max_weight: u16,
    },

    /// A wide weight passes its stated width (its value is not told: it is a secret).
    #[error("weight {index} has more than {bits} bits")]
    WideWeight {
        /// Position of the first such weight.
        index: usize,
        /// The width.
        bits: u32,
    },

    /// A group's index lists do not fit its weights.
    #[error("group {group}: {what} lists {got} rows, its weights need {expected}")]
    GroupShape {
        /// Position of the group.
        group: usize,
        /// Which list.
        what: &'static str,
        /// Length needed.
        expected: usize,
        /// Length found.
        got: usize,
    },

    /// A group reads or writes a row that does not exist.
    #[error("group {group}: {what} row {row} is not below {rows}")]
    GroupRow {
        /// Position of the group.
        group: usize,
        /// Which list.
        what: &'static str,
        /// The row.
        row: usize,
        /// Number of rows.
        rows: usize,
    },

    /// An output row is computed by no group, or by two.
    #[error("output row {row} is computed {times} times, not once")]
    OutputCover {
        /// The row.
        row: usize,
        /// How often it is computed.
        times: usize,
    },

    /// A sum could overflow its 64-bit accumulator.
    #[error(
        "{terms} terms of weights up to {max_weight} and residues below {modulus} can pass 2^62"
    )]
    Accumulator {
        /// Terms of the largest group.
        terms: usize,
        /// The bound on the weights.
        max_weight: u16,
        /// The modulus.
        modulus: u64,
    },

    /// A SIMD level was asked for that this processor lacks.
    #[error("SIMD level {0} is not supported by this processor")]
    UnsupportedSimd(Simd),

    /// A SIMD level's name is unknown.
    #[error("unknown SIMD level {0:?}: use auto, avx512, avx2 or scalar")]
    UnknownSimd(String),
}
