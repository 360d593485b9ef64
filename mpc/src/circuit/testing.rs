//! Templates against integer arithmetic.

use super::{Builder, Known, Template, Wire};
use crate::rng::SecureRng;
use rand_core::Rng;

/// A circuit of random gates over few wires, so that equal, complementary and constant operands abound; with what its outputs
/// are, bit by bit, for the given inputs and known bits.
pub(crate) fn random_circuit(seed: u8, inputs: &[u64], known: &[u64]) -> (Template, Vec<u64>) {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let mut b = Builder::new();
    let mut wires: Vec<(Wire, u64)> = inputs.iter().map(|v| (b.input(), *v)).collect();
    let known: Vec<(Known, u64)> = known.iter().map(|v| (b.known(), *v)).collect();
    wires.extend([(b.constant(false), 0), (b.constant(true), u64::MAX)]);
    for _ in 0..60 {
        let mut pick = |n: usize| rng.next_u32() as usize % n;
        // Mostly the latest wires.
        let (x, vx) = wires[wires.len() - 1 - pick(wires.len().min(6))];
        let (y, vy) = wires[pick(wires.len())];
        let (k, vk) = known[pick(known.len())];
        wires.push(match pick(6) {
            0 | 1 => (b.xor(x, y), vx ^ vy),
            2 => (b.and(x, y), vx & vy),
            3 => (b.not(x), !vx),
            4 => (b.xor_known(x, k), vx ^ vk),
            _ => (b.known_wire(k), vk),
        });
    }
    let outputs: Vec<Wire> = wires.iter().map(|w| w.0).collect();
    let template = b.build(&outputs).unwrap();
    (template, wires.into_iter().map(|w| w.1).collect())
}

/// `2^bits - 1`.
pub(crate) fn mask(bits: usize) -> u64 {
    if bits >= 64 {
        u64::MAX
    } else {
        (1 << bits) - 1
    }
}

/// `v` of `bits` bits as a signed number.
pub(crate) fn signed(v: u64, bits: usize) -> i64 {
    if bits == 0 {
        return 0;
    }
    ((v << (64 - bits)) as i64) >> (64 - bits)
}

/// AND gates and AND-depth.
pub(crate) fn gates(t: &Template) -> (usize, usize) {
    (t.and_gates(), t.and_depth())
}

/// Asserts that `template`, with evaluator words and garbler words of the given lengths, returns `want` (up to 64 bits).
/// Exhaustive up to 16 input bits; else random words and words at the edges.
pub(crate) fn assert_computes(
    template: &Template,
    words: &[usize],
    known: &[usize],
    want: impl Fn(&[u64], &[u64]) -> u64,
) {
    let (inputs, bits) = (words.iter().sum::<usize>(), known.iter().sum::<usize>());
    assert_eq!(template.inputs(), inputs, "inputs");
    assert_eq!(template.known(), bits, "known bits");
    assert!(template.outputs() <= 64);
    let lengths: Vec<usize> = words.iter().chain(known).copied().collect();
    let exhaustive = inputs + bits <= 16;
    let cases = if exhaustive {
        1u64 << (inputs + bits)
    } else {
        64 * 64
    };
    let mut rng = SecureRng::from_seed([inputs as u8; 32]);
    for start in (0..cases).step_by(64) {
        let batch: Vec<Vec<u64>> = (start..cases.min(start + 64))
            .map(|case| {
                let mut rest = case;
                let mut draw = |length: usize| {
                    if exhaustive {
                        let value = rest & mask(length);
                        rest >>= length;
                        return value;
                    }
                    let edge = match rng.next_u32() % 8 {
                        0 => 0,
                        1 => u64::MAX,
                        2 => 1,
                        3 => 1 << (length.max(1) - 1),
                        4 => (1 << (length.max(1) - 1)) - 1,
                        _ => rng.next_u64(),
                    };
                    edge & mask(length)
                };
                lengths.iter().map(|&l| draw(l)).collect()
            })
            .collect();
        let mut sliced = Vec::with_capacity(inputs + bits);
        for (word, &length) in lengths.iter().enumerate() {
            for bit in 0..length {
                let lanes = batch.iter().enumerate();
                sliced.push(lanes.fold(0u64, |s, (i, case)| s | (case[word] >> bit & 1) << i));
            }
        }
        let out = template.evaluate(&sliced[..inputs], &sliced[inputs..]);
        for (i, case) in batch.iter().enumerate() {
            let lanes = out.iter().enumerate();
            let got = lanes.fold(0u64, |s, (bit, lanes)| s | (lanes >> i & 1) << bit);
            let (e, g) = case.split_at(words.len());
            assert_eq!(got, want(e, g), "evaluator {e:x?} garbler {g:x?}");
        }
    }
}
