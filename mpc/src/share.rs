//! Additive shares modulo a power of two, and what each party may do to them alone.
//!
//! **Changing the modulus.** Let `x = x_e + x_g mod 2^k`. Both parties round their share,
//! `z -> round(z / 2^(k-l)) mod 2^l`, halves up. Over the integers `x_e + x_g = x + w 2^k`; the wrap `w` becomes `w 2^l` and
//! vanishes. Each rounding errs by `(-1/2, 1/2]`, so the new shares add up to `x / 2^(k-l) + e` with `e` in `(-1, 1]`: the
//! top bits of `x`, right within one unit, for nothing.
//!
//! **Truncation.** For `x` in `[0, 2^(k-1))`, `round(x_e / 2^h) + round(x_g / 2^h) - w 2^(k-h)` is `x / 2^h + e`, `e` in `(-1, 1]`,
//! and the wrap is `w = top(x_e) OR top(x_g)`: without a wrap both shares are at most `x`, below one half; with one, a share is
//! at least one half. The terms may be written into any other ring, since they are integers of known size.
//!
//! **Moduli.** Residues are `u32`, moduli at most `2^31`, or `2^32`, which is written 0: the wrapping formulas of addition and
//! subtraction below hold for it unchanged.

use crate::Error;

/// Shares have at most this many bits.
pub const MAX_SHARE_BITS: u32 = 32;

/// `2^bits` as a modulus, for `bits` up to 32.
#[inline(always)]
#[must_use]
pub(crate) fn power_of_two(bits: u32) -> u32 {
    1u32.checked_shl(bits).unwrap_or(0)
}

/// `round(x / 2^shift)`, halves up.
#[inline(always)]
#[must_use]
pub fn round_shift(x: u32, shift: u32) -> u32 {
    if shift == 0 {
        x
    } else {
        // As (x + 2^(shift - 1)) >> shift, without the overflow.
        (x >> shift) + (x >> (shift - 1) & 1)
    }
}

/// One party's share of `k` bits as a share of the top `l <= k` bits.
#[inline(always)]
#[must_use]
pub fn switch(x: u32, k: u32, l: u32) -> u32 {
    round_shift(x, k - l) & low_mask(l)
}

/// `2^bits - 1`.
#[inline(always)]
#[must_use]
pub fn low_mask(bits: u32) -> u32 {
    if bits >= 32 {
        u32::MAX
    } else {
        (1 << bits) - 1
    }
}

/// `x` of `k` bits as a signed number.
#[inline(always)]
#[must_use]
pub fn signed(x: u32, k: u32) -> i32 {
    let unused = 32 - k;
    ((x << unused) as i32) >> unused
}

/// Writes bit `i` of up to sixteen values to `words[i]`, value `j` in bit `j`.
#[inline(always)]
pub(crate) fn slice_bits(values: &[u32], words: &mut [u16]) {
    for (i, word) in words.iter_mut().enumerate() {
        let mut w = 0;
        for (j, v) in values.iter().enumerate() {
            w |= (v >> i & 1) << j;
        }
        *word = w as u16;
    }
}

/// `a + b mod m` for `a, b < m`.
#[inline(always)]
pub(crate) fn add_mod(a: u32, b: u32, m: u32) -> u32 {
    let s = a.wrapping_add(b);
    s.min(s.wrapping_sub(m))
}

/// `a - b mod m` for `a, b < m`.
#[inline(always)]
pub(crate) fn sub_mod(a: u32, b: u32, m: u32) -> u32 {
    let d = a.wrapping_sub(b);
    d.min(d.wrapping_add(m))
}

/// `bit * a` for a bit, without a branch.
#[inline(always)]
pub(crate) fn select(bit: u32, a: u32) -> u32 {
    bit.wrapping_neg() & a
}

/// `(1 - 2 bit) a mod m`.
#[inline(always)]
pub(crate) fn negate_if(bit: u32, a: u32, m: u32) -> u32 {
    let negated = sub_mod(0, a, m);
    a ^ select(bit, a ^ negated)
}

/// Residues of a message, four bytes each, little-endian.
pub(crate) fn write_residues(values: &[u32], bytes: &mut [u8]) {
    for (v, b) in values.iter().zip(bytes.as_chunks_mut::<4>().0) {
        *b = v.to_le_bytes();
    }
}

/// Reads residues and refuses any that is not below `modulus`.
pub(crate) fn read_residues(
    what: &'static str,
    bytes: &[u8],
    modulus: u32,
    values: &mut [u32],
) -> Result<(), Error> {
    let mut largest = 0;
    for (v, b) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *v = u32::from_le_bytes(*b);
        largest = largest.max(*v);
    }
    let top = modulus.wrapping_sub(1);
    if largest <= top {
        return Ok(());
    }
    let index = values.iter().position(|v| *v > top).unwrap_or(0);
    Err(Error::Malformed {
        what: format!("{what} {index}"),
        detail: format!("residue {largest} is not below {modulus}"),
    })
}

/// Reads 16-bit words, little-endian.
pub(crate) fn read_words(bytes: &[u8], words: &mut [u16]) {
    for (w, b) in words.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *w = u16::from_le_bytes(*b);
    }
}

/// Writes 16-bit words, little-endian.
pub(crate) fn write_words(words: &[u16], bytes: &mut [u8]) {
    for (w, b) in words.iter().zip(bytes.as_chunks_mut::<2>().0) {
        *b = w.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switching_errs_by_at_most_one_unit_exhaustively() {
        let k = 9;
        for l in 3..=k {
            let unit = f64::from(1u32 << (k - l));
            for e in 0..1u32 << k {
                for g in 0..1u32 << k {
                    let x = signed(e.wrapping_add(g) & low_mask(k), k);
                    let y = signed(
                        switch(e, k, l).wrapping_add(switch(g, k, l)) & low_mask(l),
                        l,
                    );
                    let mut error = f64::from(y) - f64::from(x) / unit;
                    // Modulo 2^l: only at the very ends of the range.
                    let ring = f64::from(1u32 << l);
                    if error > ring / 2.0 {
                        error -= ring;
                    } else if error <= -ring / 2.0 {
                        error += ring;
                    }
                    assert!(error > -1.0 && error <= 1.0, "l {l} e {e} g {g}: {error}");
                }
            }
        }
    }

    #[test]
    fn truncation_errs_by_at_most_one_unit_exhaustively() {
        let k = 9;
        for h in 0..k {
            for x in 0..1u32 << (k - 1) {
                for e in 0..1u32 << k {
                    let g = x.wrapping_sub(e) & low_mask(k);
                    let wrap = i64::from((e | g) >> (k - 1));
                    let t = i64::from(round_shift(e, h)) + i64::from(round_shift(g, h))
                        - (wrap << (k - h));
                    let error = t as f64 - f64::from(x) / f64::from(1u32 << h);
                    assert!(error > -1.0 && error <= 1.0, "h {h} x {x} e {e}: {error}");
                    if h == 0 {
                        assert_eq!(t, i64::from(x));
                    }
                }
            }
        }
    }

    #[test]
    fn modular_helpers() {
        let m = 17;
        for a in 0..m {
            for b in 0..m {
                assert_eq!(add_mod(a, b, m), (a + b) % m);
                assert_eq!(sub_mod(a, b, m), (a + m - b) % m);
            }
            assert_eq!(negate_if(0, a, m), a);
            assert_eq!(negate_if(1, a, m), (m - a) % m);
            assert_eq!((select(0, a), select(1, a)), (0, a));
        }
        for bits in [8, 31, 32] {
            let (m, ring) = (power_of_two(bits), 1u64 << bits);
            let edges = [
                0,
                1,
                ring / 2 - 1,
                ring / 2,
                ring / 2 + 1,
                ring - 2,
                ring - 1,
            ];
            for a in edges {
                for b in edges {
                    let (x, y) = (a as u32, b as u32);
                    assert_eq!(u64::from(add_mod(x, y, m)), (a + b) % ring, "{bits} bits");
                    assert_eq!(u64::from(sub_mod(x, y, m)), (a + ring - b) % ring);
                }
            }
        }
        let mut words = [0u16; 5];
        slice_bits(&[1, 2, 31], &mut words);
        assert_eq!(words, [0b101, 0b110, 0b100, 0b100, 0b100]);
    }

    #[test]
    fn residues_are_checked() {
        let mut out = [0u32; 2];
        let mut bytes = [0u8; 8];
        write_residues(&[5, 16], &mut bytes);
        read_residues("value", &bytes, 17, &mut out).unwrap();
        assert_eq!(out, [5, 16]);
        let err = read_residues("value", &bytes, 16, &mut out)
            .unwrap_err()
            .to_string();
        assert!(err.contains("value 1") && err.contains("16"), "{err}");
        read_residues("value", &[0xff; 8], power_of_two(32), &mut out).unwrap();
        assert_eq!(out, [u32::MAX; 2]);
    }
}
