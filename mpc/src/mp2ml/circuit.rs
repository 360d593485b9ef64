//! The published circuit.

use crate::Error;
use crate::circuit::{Builder, Signedness, Template, Wire};

/// The garbler's words in the order of the circuit's known bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Its input share.
    Share,
    /// The mask of the output.
    Mask,
    /// `m - 1`.
    LastInput,
    /// `m`.
    InputModulus,
    /// `(m - 1) / 2`.
    Largest,
    /// `q - 1`.
    LastOutput,
    /// `q`.
    Modulus,
}

impl Word {
    pub(super) const COUNT: usize = 7;
}

/// The ReLU of [`crate::mp2ml`] on words of `w` bits with a shift of `h`: one evaluator word, seven words of known bits (share, mask, `m - 1`,
/// `m`, `(m - 1) / 2`, `q - 1`, `q`), one output word.
///
/// # Errors
/// [`Error::Circuit`] unless `h < w <= 64`.
pub fn relu(w: usize, h: usize) -> Result<Template, Error> {
    if w > 64 || h >= w {
        return Err(Error::Circuit {
            what: "the published ReLU has words of at most 64 bits, and a shift within them",
        });
    }
    let mut b = Builder::new();
    let x = b.inputs(w);
    let mut known = || {
        let bits = b.knowns(w);
        b.known_word(&bits)
    };
    let [
        share,
        mask,
        last_input,
        input_modulus,
        largest,
        last_output,
        modulus,
    ]: [_; Word::COUNT] = std::array::from_fn(|_| known());

    let sum = b.add(&x, &share);
    let sum = reduce(&mut b, &sum, &last_input, &input_modulus);
    let negative = b.less_than(&largest, &sum, Signedness::Unsigned);
    let positive = b.not(negative);
    let value = b.and_word(positive, &sum);

    // floor(v / 2^h + 1/2) = floor(v / 2^h) + v[h-1]
    let half = match h.checked_sub(1).and_then(|i| value.get(i)) {
        Some(&half) => half,
        None => b.constant(false),
    };
    let value = b.shift_right_by(&value, h, Signedness::Unsigned);
    let (masked, _) = b.add_with_carry(&value, &mask, half);
    let masked = reduce(&mut b, &masked, &last_output, &modulus);
    b.build(&masked)
}

/// `x mod modulus` for `x` below twice the modulus.
fn reduce(b: &mut Builder, x: &[Wire], last: &[Wire], modulus: &[Wire]) -> Vec<Wire> {
    let above = b.less_than(last, x, Signedness::Unsigned);
    let reduced = b.sub(x, modulus);
    b.multiplex(above, x, &reduced)
}
