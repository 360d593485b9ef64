//! Circuits against native arithmetic, and against exact arithmetic in formats small enough to try every pair.

use super::*;
use crate::circuit::{Builder, Template, Wire};
use crate::rng::SecureRng;
use rand_core::Rng;

type Unary = fn(&mut Builder, Format, &[Wire]) -> Vec<Wire>;
type Binary = fn(&mut Builder, Format, &[Wire], &[Wire]) -> Vec<Wire>;

pub(super) fn unary(format: Format, op: Unary) -> Template {
    let mut b = Builder::new();
    let x = b.inputs(format.bits());
    let out = op(&mut b, format, &x);
    b.build(&out).unwrap()
}

fn binary(format: Format, op: Binary) -> Template {
    let mut b = Builder::new();
    let (x, y) = (b.inputs(format.bits()), b.inputs(format.bits()));
    let out = op(&mut b, format, &x, &y);
    b.build(&out).unwrap()
}

fn bit(wire: Wire) -> Vec<Wire> {
    vec![wire]
}

/// The transpose of a matrix of 64 by 64 bits, which is its own inverse.
fn transpose(rows: &mut [u64; 64]) {
    let (mut width, mut mask) = (32, 0xffff_ffffu64);
    while width > 0 {
        for i in (0..64).filter(|i| i & width == 0) {
            let swap = (rows[i] >> width ^ rows[i + width]) & mask;
            rows[i] ^= swap << width;
            rows[i + width] ^= swap;
        }
        width /= 2;
        mask ^= mask << width;
    }
}

/// What a template returns for 64 instances of the evaluator's and the garbler's words, of `bits` bits.
pub(super) fn run(
    template: &Template,
    bits: usize,
    words: &[[u64; 64]],
    known: &[[u64; 64]],
) -> [u64; 64] {
    let sliced = |words: &[[u64; 64]]| {
        let mut wires = Vec::with_capacity(bits * words.len());
        for word in words {
            let mut sliced = *word;
            transpose(&mut sliced);
            wires.extend_from_slice(&sliced[..bits]);
        }
        wires
    };
    let mut out = [0; 64];
    let outputs = template.evaluate(&sliced(words), &sliced(known));
    out[..outputs.len()].copy_from_slice(&outputs);
    transpose(&mut out);
    out
}

/// A word of which one thing or another is at an edge; `other` is the one it will meet.
fn draw(rng: &mut SecureRng, format: Format, other: u64) -> u64 {
    let (e, m) = (format.exponent, format.mantissa);
    let (ones_e, ones_m) = ((1u64 << e) - 1, (1u64 << m) - 1);
    let r = rng.next_u64();
    let choice = rng.next_u32();
    let sign = r >> 63;
    let near = |x: u64, by: u64| (x + r % (2 * by + 1)).saturating_sub(by).min(ones_e);
    let other_exponent = other >> m & ones_e;
    let exponent = match choice % 16 {
        0 => 0,
        1 => ones_e,
        2 => near(ones_e - 1, 2),
        3 => near(0, m as u64 + 2),
        4..=7 => near(other_exponent, 2),
        8 => near(other_exponent, m as u64 + 4),
        // Products about the least normal number, and about the largest.
        9 => near(format.bias().saturating_sub(other_exponent), m as u64 + 3),
        10 => near((ones_e + format.bias()).saturating_sub(other_exponent), 3),
        _ => r >> 8 & ones_e,
    };
    let random = rng.next_u64() & ones_m;
    let at = rng.next_u64() % m as u64;
    let mantissa = match choice >> 8 & 15 {
        0 => 0,
        1 => ones_m,
        2 => 1 << at,
        3 => ones_m ^ 1 << at,
        4 => random & random << 1 & (random >> 3),
        // Few significant bits: ties.
        5 | 6 => random & (ones_m << at),
        7 => random & (ones_m >> at),
        // Cancellation.
        8 => other & ones_m,
        9 => other.wrapping_add(1) & ones_m,
        10 => (other ^ 1 << at) & ones_m,
        _ => random,
    };
    sign << (e + m) | exponent << m | mantissa
}

fn is_nan(format: Format, x: u64) -> bool {
    let magnitude = x & ((1 << (format.bits() - 1)) - 1);
    magnitude > ((1 << format.exponent) - 1) << format.mantissa
}

/// Compares `batches` times 64 random pairs; NaN and NaN count as equal if the circuit's is the canonical one.
fn assert_pairs(
    format: Format,
    template: &Template,
    batches: usize,
    canonical: bool,
    want: impl Fn(u64, u64) -> u64,
) {
    let mut rng = SecureRng::from_seed([format.bits() as u8; 32]);
    for _ in 0..batches {
        let mut words = [[0; 64]; 2];
        let [xs, ys] = &mut words;
        for (x, y) in xs.iter_mut().zip(ys) {
            *x = draw(&mut rng, format, 0);
            *y = draw(&mut rng, format, *x);
        }
        assert_batch(format, template, &words, canonical, &want);
    }
}

fn assert_batch(
    format: Format,
    template: &Template,
    words: &[[u64; 64]; 2],
    canonical: bool,
    want: impl Fn(u64, u64) -> u64,
) {
    let used = template.inputs() / format.bits();
    let got = run(template, format.bits(), &words[..used], &[]);
    let nan = ((1 << (format.exponent + 1)) - 1) << (format.mantissa - 1);
    for i in 0..64 {
        let (x, y) = (words[0][i], words[1][i]);
        let want = want(x, y);
        let good = if template.outputs() == format.bits() && is_nan(format, want) {
            got[i] == nan || !canonical && is_nan(format, got[i])
        } else {
            got[i] == want
        };
        assert!(
            good,
            "{format:?}: {x:x}, {y:x} give {:x}, not {want:x}",
            got[i]
        );
    }
}

/// More than a million pairs for every operation.
const BATCHES: usize = 16_000;

macro_rules! native {
    ($name:ident, $float:ty, $bits:ty, $format:expr) => {
        #[test]
        fn $name() {
            let f = $format;
            let word = |x: u64| <$float>::from_bits(x as $bits);
            let of = |x: $float| u64::from(x.to_bits());
            let add = binary(f, super::add);
            assert_pairs(f, &add, BATCHES, true, |x, y| of(word(x) + word(y)));
            let sub = binary(f, super::sub);
            assert_pairs(f, &sub, BATCHES, true, |x, y| of(word(x) - word(y)));
            let mul = binary(f, super::mul);
            assert_pairs(f, &mul, BATCHES, true, |x, y| of(word(x) * word(y)));
            let square = unary(f, super::square);
            assert_pairs(f, &square, BATCHES, true, |x, _| of(word(x) * word(x)));
            let less = binary(f, |b, f, x, y| bit(super::less(b, f, x, y)));
            assert_pairs(f, &less, BATCHES, true, |x, y| u64::from(word(x) < word(y)));
            let equal = binary(f, |b, f, x, y| bit(super::equal(b, f, x, y)));
            assert_pairs(f, &equal, BATCHES, true, |x, y| {
                u64::from(word(x) == word(y))
            });
            let max = binary(f, super::max);
            assert_pairs(f, &max, BATCHES, false, |x, y| {
                let (p, q) = (word(x), word(y));
                // Of zeros the native maximum may return either.
                of(if p == 0.0 && q == 0.0 {
                    if p.is_sign_negative() { q } else { p }
                } else {
                    p.max(q)
                })
            });
        }
    };
}

native!(single_precision_is_native, f32, u32, Format::F32);
native!(double_precision_is_native, f64, u64, Format::F64);

/// A number of a small format, a finite one in units of the least subnormal.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Exact {
    Finite { negative: bool, magnitude: u128 },
    Infinite { negative: bool },
    Nan,
}

fn exact(f: Format, x: u64) -> Exact {
    let mantissa = u128::from(x & ((1 << f.mantissa) - 1));
    let exponent = x >> f.mantissa & ((1 << f.exponent) - 1);
    let negative = x >> (f.bits() - 1) == 1;
    match exponent {
        0 => Exact::Finite {
            negative,
            magnitude: mantissa,
        },
        _ if exponent + 1 < 1 << f.exponent => Exact::Finite {
            negative,
            magnitude: (mantissa | 1 << f.mantissa) << (exponent - 1),
        },
        _ if mantissa == 0 => Exact::Infinite { negative },
        _ => Exact::Nan,
    }
}

/// The nearest number to `magnitude` times `2^-scale` units, found among all magnitudes; ties to even.
fn nearest(f: Format, negative: bool, magnitude: u128, scale: u32) -> u64 {
    let sign = u64::from(negative) << (f.bits() - 1);
    let infinity = ((1u64 << f.exponent) - 1) << f.mantissa;
    // What would be the next finite number stands for infinity.
    let value = |x: u64| {
        let (e, m) = (x >> f.mantissa, u128::from(x & ((1 << f.mantissa) - 1)));
        let units = if e == 0 {
            m
        } else {
            (m | 1 << f.mantissa) << (e - 1)
        };
        units << scale
    };
    let above = (0..=infinity).find(|&x| value(x) >= magnitude);
    let Some(above) = above else {
        return sign | infinity;
    };
    if value(above) == magnitude {
        return sign | above;
    }
    let (low, high) = (magnitude - value(above - 1), value(above) - magnitude);
    let up = low > high || low == high && above % 2 == 0;
    sign | if up { above } else { above - 1 }
}

fn exact_sum(f: Format, x: u64, y: u64) -> u64 {
    let infinity = |negative: bool| {
        u64::from(negative) << (f.bits() - 1) | ((1 << f.exponent) - 1) << f.mantissa
    };
    let nan = infinity(false) | 1;
    match (exact(f, x), exact(f, y)) {
        (Exact::Nan, _) | (_, Exact::Nan) => nan,
        (Exact::Infinite { negative: p }, Exact::Infinite { negative: q }) if p != q => nan,
        (Exact::Infinite { negative }, _) | (_, Exact::Infinite { negative }) => infinity(negative),
        (
            Exact::Finite {
                negative: p,
                magnitude: a,
            },
            Exact::Finite {
                negative: q,
                magnitude: c,
            },
        ) => {
            let signed = |negative: bool, v: u128| if negative { -(v as i128) } else { v as i128 };
            let sum = signed(p, a) + signed(q, c);
            let negative = sum < 0 || sum == 0 && p && q;
            nearest(f, negative, sum.unsigned_abs(), 0)
        }
    }
}

fn exact_product(f: Format, x: u64, y: u64) -> u64 {
    let infinity = ((1 << f.exponent) - 1) << f.mantissa;
    let sign = (x ^ y) >> (f.bits() - 1) << (f.bits() - 1);
    match (exact(f, x), exact(f, y)) {
        (Exact::Nan, _) | (_, Exact::Nan) => infinity | 1,
        (Exact::Infinite { .. }, Exact::Finite { magnitude: 0, .. })
        | (Exact::Finite { magnitude: 0, .. }, Exact::Infinite { .. }) => infinity | 1,
        (Exact::Infinite { .. }, _) | (_, Exact::Infinite { .. }) => sign | infinity,
        (Exact::Finite { magnitude: a, .. }, Exact::Finite { magnitude: c, .. }) => {
            // Units of 2^(1 - B - m), squared.
            let scale = f.bias() as u32 + f.mantissa as u32 - 1;
            nearest(f, sign != 0, a * c, scale)
        }
    }
}

fn exact_less(f: Format, x: u64, y: u64) -> bool {
    let key = |x: u64| match exact(f, x) {
        Exact::Nan => None,
        Exact::Infinite { negative: true } => Some(i128::MIN),
        Exact::Infinite { negative: false } => Some(i128::MAX),
        Exact::Finite {
            negative,
            magnitude,
        } => Some(if negative {
            -(magnitude as i128)
        } else {
            magnitude as i128
        }),
    };
    matches!((key(x), key(y)), (Some(x), Some(y)) if x < y)
}

#[test]
fn every_pair_of_small_formats() {
    for (exponent, mantissa) in [(2, 1), (2, 4), (3, 1), (3, 3), (4, 3), (4, 4), (5, 2)] {
        let f = Format { exponent, mantissa };
        let add = binary(f, super::add);
        let sub = binary(f, super::sub);
        let mul = binary(f, super::mul);
        let square = unary(f, super::square);
        let less = binary(f, |b, f, x, y| bit(super::less(b, f, x, y)));
        let count = 1u64 << f.bits();
        let flip = 1 << (f.bits() - 1);
        for x in 0..count {
            for start in (0..count).step_by(64) {
                let mut words = [[x; 64]; 2];
                for (i, y) in words[1].iter_mut().enumerate() {
                    *y = (start + i as u64) % count;
                }
                assert_batch(f, &add, &words, true, |x, y| exact_sum(f, x, y));
                assert_batch(f, &sub, &words, true, |x, y| {
                    exact_sum(f, x, if is_nan(f, y) { y } else { y ^ flip })
                });
                assert_batch(f, &mul, &words, true, |x, y| exact_product(f, x, y));
                assert_batch(f, &less, &words, true, |x, y| {
                    u64::from(exact_less(f, x, y))
                });
            }
            let words = [[x; 64]; 2];
            assert_batch(f, &square, &words, true, |x, _| exact_product(f, x, x));
        }
    }
}

/// Gates of the circuits published with ABY and CryptoSPN (`fp_nostatus_*`), a multiplexer counted as one AND.
#[test]
fn fewer_gates_than_published() {
    let less: Binary = |b, f, x, y| bit(super::less(b, f, x, y));
    let equal: Binary = |b, f, x, y| bit(super::equal(b, f, x, y));
    for (name, op, want, published) in [
        ("add", super::add as Binary, [560, 1_232], [1_857, 4_363]),
        ("sub", super::sub, [560, 1_232], [1_820, 4_303]),
        ("mul", super::mul, [1_560, 5_151], [3_016, 11_068]),
        ("less", less, [105, 204], [218, 427]),
        // The published comparison, and a multiplexer.
        ("max", super::max, [127, 255], [218 + 32, 427 + 64]),
        ("equal", equal, [71, 138], [usize::MAX; 2]),
    ] {
        for (i, f) in [Format::F32, Format::F64].into_iter().enumerate() {
            assert_eq!(binary(f, op).and_gates(), want[i], "{name} {f:?}");
            assert!(want[i] <= published[i], "{name} {f:?}");
        }
    }
    for (f, want, published) in [(Format::F32, 851, 1_550), (Format::F64, 2_861, 6_596)] {
        assert_eq!(unary(f, super::square).and_gates(), want, "square {f:?}");
        assert!(want <= published);
    }
}
