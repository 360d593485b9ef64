//! Hand-written circuits, round trips, hostile text.

use super::*;
use crate::circuit::testing::{assert_computes, random_circuit};
use crate::circuit::{Builder, Signedness, argmax, drelu};
use crate::rng::SecureRng;
use Owner::{Evaluator, Garbler};
use rand_core::Rng;

const ADDER: &str = include_str!("../../../tests/vectors/adder_2_bits_old.txt");
const ALL_GATES: &str = include_str!("../../../tests/vectors/all_gates_fashion.txt");

#[test]
fn adder_in_the_old_format() {
    let sum = |a: u64, b: u64| a + b;
    let c = Imported::parse(ADDER, &[Evaluator, Evaluator]).unwrap();
    assert_eq!(
        (c.format, &c.inputs[..], &c.outputs[..]),
        (Format::Old, &[2, 2][..], &[3][..])
    );
    assert_eq!(c.template.and_gates(), 3);
    assert_computes(&c.template, &[2, 2], &[], |e, _| sum(e[0], e[1]));
    let c = Imported::parse(ADDER, &[Evaluator, Garbler]).unwrap();
    assert_computes(&c.template, &[2], &[2], |e, g| sum(e[0], g[0]));
    let c = Imported::parse(ADDER, &[Garbler, Evaluator]).unwrap();
    assert_computes(&c.template, &[2], &[2], |e, g| sum(g[0], e[0]));
    let c = Imported::parse(ADDER, &[Garbler, Garbler]).unwrap();
    assert_computes(&c.template, &[], &[2, 2], |_, g| sum(g[0], g[1]));
}

#[test]
fn every_gate_of_the_fashion_format() {
    let want = |a: u64, b: u64, c: u64| {
        let product = a & b;
        let not_high = 1 ^ (product >> 1);
        (product & 1 & (1 ^ c)) | (not_high ^ c) << 2 | 1 << 3 | (b & 1) << 4
    };
    let c = Imported::parse(ALL_GATES, &[Evaluator, Garbler, Evaluator]).unwrap();
    assert_eq!(
        (c.format, &c.inputs[..], &c.outputs[..]),
        (Format::Fashion, &[2, 2, 1][..], &[3, 2][..])
    );
    assert_eq!(c.template.and_gates(), 3);
    assert_computes(&c.template, &[2, 1], &[2], |e, g| want(e[0], g[0], e[1]));
    let c = Imported::parse(ALL_GATES, &[Evaluator; 3]).unwrap();
    assert_computes(&c.template, &[2, 2, 1], &[], |e, _| want(e[0], e[1], e[2]));
}

#[test]
fn round_trips_compute_the_same() {
    let mut templates = vec![drelu(12).unwrap(), argmax(5, 6).unwrap()];
    let mut b = Builder::new();
    let (x, y, k) = (b.inputs(6), b.inputs(5), b.knowns(4));
    let k = b.known_word(&k);
    let mut out = b.multiply_signed(&x, &y, 11);
    out.extend(b.min(&x, &k, Signedness::Unsigned));
    // Outputs twice, inputs and constants as outputs.
    out.extend([
        out[0],
        out[0],
        x[3],
        b.constant(true),
        b.constant(false),
        k[2],
    ]);
    templates.push(b.build(&out).unwrap());
    let mut b = Builder::new();
    let k = b.knowns(2);
    let out = b.known_word(&k);
    templates.push(b.build(&out).unwrap());

    templates.extend((0..32).map(|seed| random_circuit(seed, &[0; 3], &[0; 2]).0));

    let mut rng = SecureRng::from_seed([1; 32]);
    for t in templates {
        let text = t.to_bristol();
        let owners: &[Owner] = match (t.inputs(), t.known()) {
            (0, _) => &[Garbler],
            (_, 0) => &[Evaluator],
            _ => &[Evaluator, Garbler],
        };
        let c = Imported::parse(&text, owners).unwrap();
        assert_eq!(c.outputs, [t.outputs()]);
        assert_eq!(c.template.known(), t.known());
        assert_eq!(c.template.and_gates(), t.and_gates());
        for _ in 0..32 {
            let inputs: Vec<u64> = (0..t.inputs()).map(|_| rng.next_u64()).collect();
            let known: Vec<u64> = (0..t.known()).map(|_| rng.next_u64()).collect();
            assert_eq!(
                c.template.evaluate(&inputs, &known),
                t.evaluate(&inputs, &known)
            );
        }
        // A second trip changes nothing any more.
        let again = c.template.to_bristol();
        let twice = Imported::parse(&again, owners).unwrap();
        assert_eq!(twice.template.gate_counts(), c.template.gate_counts());
    }
}

#[test]
fn faults_are_named_by_line() {
    let header = "2 6\n2 2 2\n1 2\n";
    for (text, line, what) in [
        (String::new(), 1, "header"),
        ("1 2".into(), 1, "header"),
        ("x 2\n1 1\n1 1\n".into(), 1, "no number"),
        ("1 2 3\n1 1\n1 1\n".into(), 1, "numbers of gates"),
        ("1 2\n2 1\n1 1\n".into(), 2, "1 lengths for 2"),
        ("1 3\n1 1\n1 1 1\n".into(), 3, "2 lengths for 1"),
        (
            "0 18446744073709551615\n1 1\n1 1\n".into(),
            1,
            "cannot all be assigned",
        ),
        (
            "0 5\n2 9223372036854775807 9223372036854775807\n1 1\n".into(),
            2,
            "input bits",
        ),
        ("0 5\n1 18446744073709551616\n1 1\n".into(), 2, "no number"),
        ("0 2\n1 3\n1 1\n".into(), 1, "fewer than"),
        ("0 2\n1 2\n1 3\n".into(), 3, "output bits"),
        (
            "0 4\n2 2 2\n2 9223372036854775807 9223372036854775807\n".into(),
            3,
            "output bits",
        ),
        ("99999999999 4\n2 2 2\n1 2\n".into(), 3, "99999999999"),
        (format!("{header}2 1 0 1 4 AND\n"), 4, "1 gates"),
        (
            format!("{header}2 1 0 1 4 AND\n2 1 0 1 6 AND\n"),
            5,
            "wire 6 of only 6",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n2 1 0 1 4 AND\n"),
            5,
            "assigned twice",
        ),
        (
            format!("{header}2 1 0 1 0 AND\n2 1 0 1 4 AND\n"),
            4,
            "assigned twice",
        ),
        (
            format!("{header}2 1 0 5 4 AND\n2 1 0 1 5 AND\n"),
            4,
            "wire 5 is not assigned",
        ),
        (
            format!("{header}2 1 0 9 4 AND\n2 1 0 1 5 AND\n"),
            4,
            "wire 9 of only 6",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n2 1 0 1 5 NAND\n"),
            5,
            "NAND",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n2 1 0 5 AND\n"),
            5,
            "2 wires",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n1 1 0 5 AND\n"),
            5,
            "AND\" with 1 inputs",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n1 1 2 5 EQ\n"),
            5,
            "expected 0 or 1",
        ),
        (format!("{header}2 1 0 1 4 AND\n0 0 MAND\n"), 5, "MAND"),
        (
            format!("{header}2 1 0 1 4 AND\nXOR\n"),
            5,
            "counts, wires and a name",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n2 1 -1 0 5 XOR\n"),
            5,
            "no number",
        ),
        (
            format!("{header}2 1 0 1 4 AND\n18446744073709551615 2 4 XOR\n"),
            5,
            "1 wires",
        ),
    ] {
        let owners: &[Owner] = match text.lines().nth(1).and_then(|l| l.split(' ').next()) {
            Some("1") => &[Evaluator],
            _ => &[Evaluator, Garbler],
        };
        let error = Imported::parse(&text, owners).unwrap_err().to_string();
        assert!(
            error.contains(&format!("line {line}:")) && error.contains(what),
            "{text:?}: {error}"
        );
    }
    // An output that nothing assigns.
    let text = "1 6\n2 2 2\n1 2\n2 1 0 1 4 AND\n";
    let error = Imported::parse(text, &[Evaluator, Garbler]).unwrap_err();
    assert!(
        error.to_string().contains("wire 5 is not assigned"),
        "{error}"
    );
    let error = Imported::parse(ADDER, &[Evaluator]).unwrap_err();
    assert!(error.to_string().contains("2 input values"), "{error}");
}

#[test]
fn damaged_text_never_panics() {
    let mut rng = SecureRng::from_seed([5; 32]);
    for original in [ADDER, ALL_GATES] {
        for _ in 0..3000 {
            let mut bytes = original.as_bytes().to_vec();
            for _ in 0..=rng.next_u32() % 3 {
                let at = rng.next_u32() as usize % bytes.len().max(1);
                match rng.next_u32() % 3 {
                    _ if bytes.len() < 2 => {}
                    0 => bytes[at] = b"0123456789 \n-XA"[rng.next_u32() as usize % 15],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let text = String::from_utf8(bytes).unwrap();
            // Either a circuit or an error; the circuit can be run.
            if let Ok(c) = Imported::parse(&text, &[Evaluator, Garbler]) {
                let inputs = vec![0; c.template.inputs()];
                assert_eq!(
                    c.template.evaluate(&inputs, &[]).len(),
                    c.template.outputs()
                );
            }
        }
    }
}
