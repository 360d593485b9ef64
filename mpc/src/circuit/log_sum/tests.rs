use super::*;
use crate::circuit::Template;
use crate::circuit::testing::{assert_computes, mask, signed};
use crate::rng::SecureRng;
use rand_core::Rng;

fn template(l: &LogSum) -> Template {
    let mut b = Builder::new();
    let (a, c) = (b.inputs(l.width as usize), b.inputs(l.width as usize));
    let sum = l.circuit(&mut b, &a, &c);
    assert_eq!(sum.len(), l.width as usize);
    b.build(&sum).unwrap()
}

/// Largest, root mean square and mean error, in units, over the distances in `[start, end)`, both ways round.
fn errors(l: &LogSum, start: u64, end: u64) -> (f64, f64, f64) {
    let unit = f64::from(l.fraction).exp2();
    let (mut max, mut squares, mut sum) = (0f64, 0f64, 0f64);
    for distance in start..end {
        let x = distance as f64 / unit;
        let exact = (-x).exp2().ln_1p() / std::f64::consts::LN_2 * unit;
        let d = distance as i64;
        for got in [
            l.reference(d, 0) - d,
            l.reference(-1000, d - 1000) - d + 1000,
        ] {
            let error = got as f64 - exact;
            max = max.max(error.abs());
            squares += error * error;
            sum += error;
        }
    }
    let n = 2.0 * (end - start) as f64;
    (max, (squares / n).sqrt(), sum / n)
}

/// Of every preset the gates at width 28, and the largest and the root mean square error in range, and beyond.
const STATED: [(usize, [f64; 4]); PRESETS.len()] = [
    (329, [2.45, 0.48, 2.1, 0.55]),
    (303, [3.55, 0.54, 3.1, 0.64]),
    (276, [5.1, 0.87, 4.1, 1.07]),
    (248, [17.1, 2.09, 2.1, 0.80]),
    (225, [8.3, 1.09, 2.1, 0.72]),
    (202, [15.7, 1.90, 5.1, 1.59]),
    (198, [3.6, 0.72, 3.1, 0.87]),
    (183, [5.3, 1.22, 4.1, 1.42]),
];

fn presets() -> impl Iterator<Item = (&'static str, LogSum)> {
    PRESETS
        .iter()
        .map(|p| (p.name, LogSum::with(28, p.fraction, p.design).unwrap()))
}

#[test]
fn cost_and_precision() {
    for ((name, l), (gates, [max, rms, max_beyond, rms_beyond])) in presets().zip(STATED) {
        let end = 16u64 << l.fraction;
        let inside = errors(&l, 0, end);
        let beyond = errors(&l, 4 * end, 4 * end + (1 << l.fraction));
        assert_eq!(template(&l).and_gates(), gates, "{name}");
        assert!(
            inside.0 <= max && inside.1 <= rms && inside.2.abs() < 0.05,
            "{name} {inside:?}"
        );
        assert!(
            beyond.0 <= max_beyond && beyond.1 <= rms_beyond && beyond.2.abs() < 0.05,
            "{name} {beyond:?}"
        );
    }
}

#[test]
fn no_segment_is_biased() {
    for (name, l) in presets() {
        let step = 0.5f64.powi(l.table.lowest as i32);
        for segment in &l.table.segments {
            let (.., mean) = errors(&l, segment.start, segment.start + (1 << segment.log_width));
            assert!(mean.abs() < 0.6 * step + 0.05, "{name} {segment:?}: {mean}");
        }
    }
}

/// Sums of two products of two sums each, down to leaves: 255 sums that count for the root. Fixed point and floating point.
fn network(l: &LogSum, levels: u32, leaf: &mut impl FnMut() -> i64) -> (i64, f64) {
    if levels == 0 {
        let value = leaf();
        return (value, value as f64 / f64::from(l.fraction).exp2());
    }
    let mut product = || {
        let (x, y) = (network(l, levels - 1, leaf), network(l, levels - 1, leaf));
        (x.0 + y.0, x.1 + y.1)
    };
    let (x, y) = (product(), product());
    let max = x.1.max(y.1);
    let sum = max + ((x.1 - max).exp2() + (y.1 - max).exp2()).log2();
    (l.reference(x.0, y.0), sum)
}

#[test]
fn whole_networks_stay_precise() {
    let mut rng = SecureRng::from_seed([1; 32]);
    for (name, l) in presets() {
        let l = LogSum::with(48, l.fraction, l.design).unwrap();
        let mut worst = 0f64;
        for round in 0..12 {
            // Leaves of log2 p within (-1, 0] to (-16, 0].
            let bits = l.fraction + round % 5;
            let mut leaf = || -(i64::from(rng.next_u32()) & ((1 << bits) - 1));
            let (fixed, float) = network(&l, 8, &mut leaf);
            let error = fixed as f64 / f64::from(l.fraction).exp2() - float;
            worst = worst.max(error.abs() * std::f64::consts::LN_2);
        }
        if l.fraction == 16 {
            assert!(worst < 4e-4, "{name}: {worst} nats");
        }
    }
}

#[test]
fn circuit_and_reference_agree_on_every_distance() {
    for (name, wide) in presets() {
        let fraction = wide.fraction;
        let width = fraction + 7;
        let l = LogSum::with(width, fraction, wide.design).unwrap();
        let t = template(&l);
        let end = 17i64 << fraction;
        // All of them for short fractions and the default, else an odd step that meets all residues.
        let step = if fraction < 16 || name == "16-fine" {
            1
        } else {
            7
        };
        let differences: Vec<i64> = (-end..end).step_by(step).collect();
        for lanes in differences.chunks(64) {
            let pairs: Vec<(i64, i64)> = lanes.iter().map(|d| (d / 2 + 5, d / 2 + 5 - d)).collect();
            let slice = |word: fn(&(i64, i64)) -> i64| {
                (0..width).map(move |bit| (bit, word)).collect::<Vec<_>>()
            };
            let inputs: Vec<u64> = [slice(|p| p.0), slice(|p| p.1)]
                .concat()
                .iter()
                .map(|(bit, word)| {
                    let lanes = pairs.iter().enumerate();
                    lanes.fold(0, |s, (i, p)| s | ((word(p) >> bit & 1) as u64) << i)
                })
                .collect();
            let out = t.evaluate(&inputs, &[]);
            for (i, &(a, c)) in pairs.iter().enumerate() {
                let got = out
                    .iter()
                    .rev()
                    .fold(0, |v, lanes| v << 1 | (lanes >> i & 1));
                assert_eq!(
                    signed(got, width as usize),
                    l.reference(a, c),
                    "{name} {a} {c}"
                );
            }
        }
    }
}

#[test]
fn widths() {
    for (width, fraction) in [
        (24, 16),
        (28, 16),
        (31, 16),
        (40, 16),
        (48, 16),
        (48, 20),
        (30, 14),
        (24, 13),
    ] {
        let l = LogSum::with(
            width,
            fraction,
            Design {
                digits: 9,
                ..Design::FINE
            },
        )
        .unwrap();
        let w = width as usize;
        assert_computes(&template(&l), &[w, w], &[], |e, _| {
            l.reference(signed(e[0], w), signed(e[1], w)) as u64 & mask(w)
        });
    }
}

#[test]
fn moves_with_its_arguments() {
    let l = LogSum::new(28).unwrap();
    for d in (-(17 << 16)..17 << 16).step_by(1013) {
        let sum = l.reference(d, 0);
        for shift in [-5_000_000, -1, 70_001, 1 << 25] {
            assert_eq!(l.reference(d + shift, shift), sum + shift);
        }
        // The other way round the distance is e + 1 in place of e.
        assert!((l.reference(0, d) - sum).abs() <= 7);
        assert!(sum >= d.max(0) - 3 && sum <= d.max(0) + (1 << 16) + 3);
    }
}

#[test]
fn nonsense_is_refused() {
    let fine = Design::FINE;
    assert!(LogSum::new(20).is_err() && LogSum::new(49).is_err());
    assert!(LogSum::with(28, 3, fine).is_err() && LogSum::with(40, 25, fine).is_err());
    let one = |class: Class| -> &'static [Class] { Box::leak(Box::new([class])) };
    for design in [
        Design {
            classes: &[],
            ..fine
        },
        Design {
            classes: one(Class {
                end: 12,
                log2_width: -3,
            }),
            ..fine
        },
        Design {
            classes: one(Class {
                end: 1 << 13,
                log2_width: -3,
            }),
            ..fine
        },
        Design {
            classes: one(Class {
                end: 16,
                log2_width: -17,
            }),
            ..fine
        },
        Design {
            classes: one(Class {
                end: 16,
                log2_width: 6,
            }),
            ..fine
        },
        Design {
            classes: &[
                Class {
                    end: 3,
                    log2_width: -3,
                },
                Class {
                    end: 16,
                    log2_width: 1,
                },
            ],
            ..fine
        },
        Design {
            classes: &[
                Class {
                    end: 8,
                    log2_width: 0,
                },
                Class {
                    end: 16,
                    log2_width: -1,
                },
            ],
            ..fine
        },
        Design { digits: 0, ..fine },
        Design { digits: 13, ..fine },
        Design { guard: 7, ..fine },
        Design { dither: 7, ..fine },
        Design {
            pairs: &[(1, 1)],
            ..fine
        },
        Design {
            pairs: &[(2, 6)],
            ..fine
        },
    ] {
        assert!(
            matches!(LogSum::with(28, 16, design), Err(Error::Circuit { .. })),
            "{design:?}"
        );
    }
}

#[test]
fn larger_word_and_which() {
    for l in [2usize, 3, 5, 28] {
        let mut b = Builder::new();
        let (x, y) = (b.inputs(l), b.inputs(l));
        let (mut out, greater) = max_select(&mut b, &x, &y);
        out.push(greater);
        let t = b.build(&out).unwrap();
        assert_eq!(t.and_gates(), 2 * l - 1);
        assert_computes(&t, &[l, l], &[], |e, _| {
            let wrapped = e[0].wrapping_sub(e[1]) >> (l - 1) & 1;
            e[wrapped as usize] | wrapped << l
        });
    }
    // Within the range of the difference that is the order of signed words.
    let mut b = Builder::new();
    let (x, y) = (b.inputs(4), b.inputs(4));
    let (x, y) = (
        b.resize(&x, 5, Signedness::Signed),
        b.resize(&y, 5, Signedness::Signed),
    );
    let (mut out, greater) = max_select(&mut b, &x, &y);
    out.push(greater);
    assert_computes(&b.build(&out).unwrap(), &[4, 4], &[], |e, _| {
        let (x, y) = (signed(e[0], 4), signed(e[1], 4));
        (x.max(y) as u64 & mask(5)) | u64::from(y > x) << 5
    });
}
