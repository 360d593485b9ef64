//! Both packings between two threads, against plain integers.

use super::*;
use crate::session::Kernels;
use halfmask_ckks::SecureRng;
use halfmask_mpc::channel::Channel;

fn spec(share_bits: u32, inputs: usize, outputs: usize) -> ExactSpec {
    ExactSpec {
        share_bits,
        inputs,
        outputs,
        input_bound: 255,
        coefficient_bits: 31,
        packing: PackingChoice::Auto,
    }
}

/// A generator for inputs of tests.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }
}

/// A matrix that starts with rows of the largest coefficients of either sign.
fn matrix(spec: &ExactSpec) -> ExactMatrix {
    let mut draw = Draw(5);
    let largest = (1i64 << spec.coefficient_bits) - 1;
    let coefficients: Vec<i64> = (0..spec.outputs * spec.inputs)
        .map(|i| match i / spec.inputs % 7 {
            0 => largest,
            1 => -largest,
            2 => largest * (1 - 2 * (i as i64 % 2)),
            3 => 0,
            _ => (draw.next() as i64) % (largest + 1) * (1 - 2 * (draw.next() as i64 & 1)),
        })
        .collect();
    let constants: Vec<i64> = (0..spec.outputs)
        .map(|_| draw.next() as i64 - (1 << 43))
        .collect();
    ExactMatrix::new(spec, &coefficients, &constants).unwrap()
}

/// Rows of inputs, the first all maximal.
fn inputs(spec: &ExactSpec, rows: usize) -> Vec<u32> {
    let mut draw = Draw(6);
    (0..rows * spec.inputs)
        .map(|i| match i / spec.inputs {
            0 => spec.input_bound,
            _ => (draw.next() % u64::from(spec.input_bound + 1)) as u32,
        })
        .collect()
}

fn parties(spec: &ExactSpec, seed: u8) -> (ExactServer, Channel, ExactClient, Channel) {
    let (mut a, mut b) = Channel::pair();
    let session = [9; 32];
    let kernels = Kernels::detect();
    let random = SecureRng::from_seed([!seed; 32]);
    let client = std::thread::scope(|s| {
        let client =
            s.spawn(|| ExactClient::setup(&mut b, spec, &session, random, kernels).unwrap());
        let random = SecureRng::from_seed([seed; 32]);
        let server = ExactServer::setup(&mut a, spec, &session, random, kernels).unwrap();
        (server, client.join().unwrap())
    });
    (client.0, a, client.1, b)
}

/// Both shares of one call.
fn shares(spec: &ExactSpec, matrix: &ExactMatrix, x: &[u32], rows: usize) -> (Vec<u64>, Vec<u64>) {
    let (mut server, mut a, mut client, mut b) = parties(spec, 3);
    std::thread::scope(|s| {
        let server = s.spawn(move || server.apply(&mut a, "leaves", matrix, rows).unwrap());
        client.send(&mut b, "leaves", x, rows).unwrap();
        let theirs = client.receive(&mut b, "leaves", rows).unwrap();
        (server.join().unwrap(), theirs)
    })
}

/// Runs one call and compares every value; returns the distances d of the shares from four times the value.
fn exact(spec: &ExactSpec, rows: usize) -> Vec<i64> {
    let (matrix, x) = (matrix(spec), inputs(spec, rows));
    let (mine, theirs) = shares(spec, &matrix, &x, rows);
    let (ring, quarters) = (1i64 << spec.share_bits, 4i64 << spec.share_bits);
    let mut distances = Vec::new();
    let pairs = mine.chunks(spec.outputs).zip(theirs.chunks(spec.outputs));
    for (x, (mine, theirs)) in x.chunks(spec.inputs).zip(pairs) {
        let want = matrix.plain(x).unwrap();
        for (want, (mine, theirs)) in want.iter().zip(mine.iter().zip(theirs)) {
            let sum = (mine + theirs) as i64;
            let value = ((sum + 2) % quarters) >> 2;
            assert_eq!(value, want.rem_euclid(ring), "{spec:?}, {rows} rows");
            let d = (sum - 4 * want.rem_euclid(ring)).rem_euclid(quarters);
            distances.push(if d > quarters / 2 { d - quarters } else { d });
        }
    }
    assert_eq!(distances.len(), rows * spec.outputs);
    distances
}

#[test]
fn values_are_exact_in_both_packings() {
    for (share_bits, inputs, outputs) in [(26, 48, 400), (30, 1, 1), (38, 48, 400)] {
        for packing in [PackingChoice::Coefficient, PackingChoice::Batch] {
            for rows in [1, 3] {
                let mut spec = spec(share_bits, inputs, outputs);
                spec.packing = packing;
                exact(&spec, rows);
            }
        }
    }
}
