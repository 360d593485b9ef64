//! The sign of a shared value.
//!
//! `x = x_e + x_g mod 2^l`, `x_e` the evaluator's bits (wires), `x_g` the garbler's (known). The sign bit of the sum is
//! `x_e[l-1] xor x_g[l-1] xor carry(l-1)`, and the carry chain is one gate a bit. The lowest carry, `x_e[0] and x_g[0]`,
//! is taken as `x_e[0]`: that adds at most one unit to the sum, and saves a gate. So `l - 2` gates in all.
//!
//! To keep the outcome one-sided the garbler subtracts two units from its share beforehand, for nothing: see
//! [`crate::relu`] for the bound.

use super::builder::Builder;
use super::template::Template;
use crate::Error;

/// DReLU of an `l`-bit shared value: 1 where the sum is non-negative; `l - 2` AND gates.
///
/// Inputs: `l` evaluator bits and `l` known bits, least significant first (the lowest known bit is not looked at).
///
/// # Errors
/// [`Error::Circuit`] unless `3 <= l <= 32`.
pub fn drelu(l: usize) -> Result<Template, Error> {
    if !(3..=32).contains(&l) {
        return Err(Error::Circuit {
            what: "a sign needs between 3 and 32 bits",
        });
    }
    let mut b = Builder::new();
    let x = b.inputs(l);
    let k = b.knowns(l);
    let mut pairs = x.into_iter().zip(k);
    let Some((mut carry, _)) = pairs.next() else {
        return Err(Error::Circuit {
            what: "a sign needs bits",
        });
    };
    let mut top = None;
    for (i, (x, k)) in pairs.enumerate() {
        if i + 2 == l {
            let sum = b.xor_known(x, k);
            let sum = b.xor(sum, carry);
            top = Some(b.not(sum));
        } else {
            carry = b.majority_known(x, k, carry);
        }
    }
    let top = top.ok_or(Error::Circuit {
        what: "a sign needs a top bit",
    })?;
    b.build(&[top])
}

/// What [`drelu`] computes, on integers: 1 where `(evaluator + (garbler | 1)) mod 2^l`, as a signed number, is not
/// negative; but bit 0 of the garbler's share takes part as the carry it forces, not as a bit of the sum.
#[must_use]
pub fn drelu_reference(l: usize, evaluator: u32, garbler: u32) -> bool {
    let mask = if l >= 32 {
        u64::from(u32::MAX)
    } else {
        (1u64 << l) - 1
    };
    // With the carry into bit 1 equal to the evaluator's bit 0, the upper bits add as if the garbler's bit 0 were 1.
    let sum = (u64::from(evaluator) + u64::from(garbler | 1)) & mask;
    sum >> (l.max(1) - 1) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_count_is_l_minus_two() {
        for l in 3..=32 {
            assert_eq!(drelu(l).unwrap().and_gates(), l - 2);
        }
        assert!(drelu(2).is_err() && drelu(33).is_err());
    }

    #[test]
    fn exhaustive_up_to_eight_bits() {
        for l in 3..=8usize {
            let template = drelu(l).unwrap();
            for e in 0..1u32 << l {
                for g in 0..1u32 << l {
                    let bits = |v: u32| (0..l).map(|i| u64::from(v >> i & 1)).collect::<Vec<_>>();
                    let out = template.evaluate(&bits(e), &bits(g))[0] & 1;
                    assert_eq!(out == 1, drelu_reference(l, e, g), "l {l} e {e} g {g}");
                }
            }
        }
    }

    #[test]
    fn few_registers() {
        assert!(drelu(12).unwrap().registers() <= 14);
    }
}
