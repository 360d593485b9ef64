//! Every operation once, after what it reads, in few blocks.

use super::super::{ProgramBuilder, Value};
use super::*;
use crate::circuit::{Builder, Wire};

/// Eight-bit adders: a binary tree over `leaves` inputs.
fn tree(leaves: usize) -> Program {
    let mut b = Builder::new();
    let (x, y) = (b.inputs(8), b.inputs(8));
    let sum = b.add(&x, &y);
    let adder = b.build(&sum).unwrap();
    let mut p = ProgramBuilder::new();
    let adder = p.template(adder);
    let mut layer: Vec<Value> = (0..leaves).map(|_| p.input(8)).collect();
    while layer.len() > 1 {
        layer = layer
            .chunks(2)
            .map(|pair| match pair {
                [_, _] => p.apply(adder, pair, &[], &[8]).unwrap()[0],
                _ => pair[0],
            })
            .collect();
    }
    p.build(&layer).unwrap()
}

#[test]
fn every_operation_runs_once_after_what_it_reads() {
    for rows in [1, 3, 16, 40] {
        let program = tree(100);
        let schedule = Schedule::new(&program, rows);
        assert_eq!(schedule.order.len(), 99);
        let mut done = [false; 99];
        for wave in schedule.waves() {
            let operations = schedule.operations(wave);
            assert_eq!(wave.instances, operations.len() * rows);
            for &operation in operations {
                for word in program.operands_of(&program.operations[operation]) {
                    if let Source::Operation { operation, .. } = word.source {
                        assert!(done[operation]);
                    }
                }
            }
            for &operation in operations {
                assert!(!std::mem::replace(&mut done[operation], true));
            }
        }
    }
}

#[test]
fn a_single_row_fills_its_blocks() {
    let program = tree(1024);
    let schedule = Schedule::new(&program, 1);
    let blocks: usize = schedule.waves().iter().map(Wave::blocks).sum();
    // 1008 of 1023 operations lie in the six layers of sixteen and more, the others in four blocks.
    assert_eq!(blocks, 63 + 4);
    let tables = schedule.waves().iter();
    let bytes: usize = tables.map(|w| w.table_bytes(Scheme::HalfGates)).sum();
    assert_eq!(bytes, 1023 * 7 * 32);
    // Two layers of labels, not ten.
    assert!(schedule.labels() <= (512 + 256) * 8);
    let many = Schedule::new(&program, 32);
    assert_eq!(many.waves().len(), 10);
}

#[test]
fn chains_out_of_step_share_blocks() {
    // Sixteen chains of two circuits in turn; half of them begin with the other one.
    let circuit = |gates: usize| {
        let mut b = Builder::new();
        let (x, y) = (b.inputs(gates), b.inputs(gates));
        let out: Vec<Wire> = x.iter().zip(&y).map(|(x, y)| b.and(*x, *y)).collect();
        b.build(&out).unwrap()
    };
    let mut p = ProgramBuilder::new();
    let (small, large) = (p.template(circuit(8)), p.template(circuit(9)));
    let mut opened = Vec::new();
    for chain in 0..16 {
        let mut v = p.input(8);
        for step in 0..20 {
            if (step + chain) % 2 == 0 {
                v = p.apply(small, &[v, v], &[], &[8]).unwrap()[0];
            } else {
                let carry = p.input(1);
                let out = p.apply(large, &[v, carry, v, carry], &[], &[8, 1]);
                v = out.unwrap()[0];
            }
        }
        opened.push(v);
    }
    let program = p.build(&opened).unwrap();
    let schedule = Schedule::new(&program, 1);
    let blocks: usize = schedule.waves().iter().map(Wave::blocks).sum();
    // 20 at best; 40 if the two kinds of chain never met.
    assert!(blocks <= 22, "{blocks}");
}
