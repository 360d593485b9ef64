//! The ReLU of MP2ML (Boemer et al., ARES 2020, figure 1), as a baseline: the published circuit on the engine of this crate.
//!
//! Input `x = x_e + x_g mod m`, read as a signed residue; output `y = y_e + y_g mod q` with `y = floor(max(x, 0) / 2^h + 1/2)`, **exactly**: no
//! approximation anywhere. The circuit works on words of `w` bits (64 in the publication), step by step as published:
//!
//! ```text
//! s = x_e + x_g;       s = s - m if s > m - 1                    add; compare, subtract, multiplex
//! r = 0 if s > (m - 1) / 2, else s                               compare, select
//! t = r / 2^h + r[h-1]                                           free: shifted wires, and a carry-in below
//! y_e = t + mask;      y_e = y_e - q if y_e > q - 1              add; compare, subtract, multiplex
//! ```
//!
//! `y_e` is opened to the evaluator; the garbler keeps `y_g = -mask`, its mask being fresh and uniform modulo `q`. (The publication has
//! `m = q`, and no `h`: its shift happens under encryption.) The words of the evaluator, all `w` bits of them, are wires with one OT each.
//! The words of the garbler, the moduli among them so that nothing is simplified which the publication pays for, are known bits.
//!
//! **Cost.** `10 w - 4` AND gates (four additions or subtractions of `w - 1`, six comparisons or selections of `w`), less `h - 1` that a shift
//! leaves without a reader: 636 at `w = 64`, that is 20,352 bytes of tables; with 64 OTs of 3.9 bytes (SoftSpoken), corrections and permute
//! bits, 20.6 kB. The publication reports 22.3 + 2.0 MB for 1000 ReLUs of ABY, 24.3 kB each; the difference is the
//! labels of the garbler's inputs (2 kB) and ABY's OT extension. [`crate::relu`] does the same layer in `l - 2` gates.
//!
//! **Simulator.** That of [`crate::evaluate`]; what is opened is `t + mask` with a uniform mask: uniform modulo `q`.

mod circuit;
mod parties;
mod spec;
#[cfg(test)]
mod tests;

pub use circuit::relu;
pub use spec::{Mp2mlSpec, mp2ml_reference};
