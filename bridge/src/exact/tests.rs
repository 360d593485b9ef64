//! Both packings between two threads, against plain integers.

mod distribution;
mod refusals;

use super::layout::Layout;
use super::*;
use crate::session::Kernels;
use halfmask_ckks::SecureRng;
use halfmask_mpc::channel::Channel;

const SESSION: [u8; 32] = [9; 32];

fn spec(share_bits: u32, inputs: usize, outputs: usize, packing: PackingChoice) -> ExactSpec {
    ExactSpec {
        share_bits,
        inputs,
        outputs,
        input_bound: 255,
        coefficient_bits: 31,
        packing,
    }
}

/// A generator of test values.
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

fn server(ch: &mut Channel, spec: &ExactSpec) -> Result<ExactServer, Error> {
    let mut random = SecureRng::from_seed([3; 32]);
    ExactServer::setup(ch, spec, &SESSION, &mut random, Kernels::detect())
}

fn client(ch: &mut Channel, spec: &ExactSpec) -> ExactClient {
    let mut random = SecureRng::from_seed([4; 32]);
    ExactClient::setup(ch, spec, &SESSION, &mut random, Kernels::detect()).unwrap()
}

/// Runs both parties after their set-up, the server in its own thread.
fn run<S: Send, C>(
    spec: &ExactSpec,
    serve: impl FnOnce(&mut ExactServer, &mut Channel) -> S + Send,
    ask: impl FnOnce(&mut ExactClient, &mut Channel) -> C,
) -> (S, C) {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let thread = s.spawn(move || {
            let mut server = server(&mut a, spec).unwrap();
            serve(&mut server, &mut a)
        });
        let mut client = client(&mut b, spec);
        let asked = ask(&mut client, &mut b);
        (thread.join().unwrap(), asked)
    })
}

/// Both shares of one call.
fn shares(spec: &ExactSpec, matrix: &ExactMatrix, x: &[u32], rows: usize) -> (Vec<u64>, Vec<u64>) {
    run(
        spec,
        |server, ch| server.apply(ch, "leaves", matrix, rows).unwrap(),
        |client, ch| {
            client.send(ch, "leaves", x, rows).unwrap();
            client.receive(ch, "leaves", rows).unwrap()
        },
    )
}

/// Runs one call and compares every value; returns how often each d = -1, 0, 1 occurred.
fn exact(spec: &ExactSpec, rows: usize) -> [usize; 3] {
    let (matrix, x) = (matrix(spec), inputs(spec, rows));
    let (mine, theirs) = shares(spec, &matrix, &x, rows);
    assert_eq!(
        (mine.len(), theirs.len()),
        (rows * spec.outputs, mine.len())
    );
    let quarters = 4i64 << spec.share_bits;
    let mut distances = [0; 3];
    let pairs = mine.chunks(spec.outputs).zip(theirs.chunks(spec.outputs));
    for (x, (mine, theirs)) in x.chunks(spec.inputs).zip(pairs) {
        let want = matrix.plain(x).unwrap();
        for (want, (mine, theirs)) in want.iter().zip(mine.iter().zip(theirs)) {
            assert!(mine.max(theirs) < &(quarters as u64));
            let sum = (mine + theirs) as i64;
            let want = want.rem_euclid(quarters / 4);
            assert_eq!(((sum + 2) % quarters) >> 2, want, "{spec:?}, {rows} rows");
            distances[(sum + 1 - 4 * want).rem_euclid(quarters) as usize] += 1;
        }
    }
    distances
}

#[test]
fn coefficient_packing_is_exact() {
    for (share_bits, inputs, outputs, rows) in [
        (26, 1, 1, 1),
        (26, 48, 400, 1),
        (30, 48, 400, 3),
        (38, 48, 400, 86),
        (38, 48, 1, 86),
        (30, 333, 3000, 1),
        (38, 333, 400, 2),
        (38, 1, 3000, 1),
        (38, 4096, 3, 2),
        (26, 5000, 40, 2),
        (38, 5000, 1, 1),
    ] {
        let spec = spec(share_bits, inputs, outputs, PackingChoice::Coefficient);
        assert_ne!(spec.packing(rows).unwrap(), Packing::Batch);
        exact(&spec, rows);
    }
}

#[test]
fn batch_packing_is_exact() {
    for (share_bits, inputs, outputs, rows) in [
        (26, 1, 1, 1),
        (30, 48, 400, 3),
        (38, 48, 49, 4096),
        (26, 333, 1, 100),
        (38, 333, 97, 8),
        (42, 2, 3, 4095),
    ] {
        let spec = spec(share_bits, inputs, outputs, PackingChoice::Batch);
        assert_eq!(spec.packing(rows).unwrap(), Packing::Batch);
        exact(&spec, rows);
    }
    // The digits' other numbers.
    for coefficient_bits in [3, 14, 15, 29] {
        let mut spec = spec(30, 9, 7, PackingChoice::Batch);
        spec.coefficient_bits = coefficient_bits;
        exact(&spec, 5);
    }
}

#[test]
fn distances_occur_and_stay_within_their_range() {
    // d is the nearest integer to a rounding of at most 1/2 and a noise of some 0.07 quarters: 0 but for a few in a hundred.
    let spec = spec(38, 48, 400, PackingChoice::Auto);
    let [below, none, above] = exact(&spec, 10);
    assert!(
        below > 40 && above > 40 && none > 3500,
        "{below} {none} {above}"
    );
}

#[test]
fn the_rule_takes_fewer_bytes_and_bytes_are_what_is_counted() {
    let auto = spec(30, 48, 400, PackingChoice::Auto);
    assert_eq!(auto.packing(1).unwrap(), Packing::Coefficient { rows: 1 });
    assert_eq!(auto.packing(4096).unwrap(), Packing::Batch);
    for rows in [1, 2, 60, 84, 85, 86, 200] {
        let chosen = auto.packing(rows).unwrap();
        for each in 1..=85 {
            let other = auto
                .bytes(Packing::Coefficient { rows: each }, rows)
                .unwrap();
            assert!(auto.bytes(chosen, rows).unwrap() <= other);
        }
        assert!(auto.bytes(chosen, rows).unwrap() <= auto.bytes(Packing::Batch, rows).unwrap());
    }
    for (rows, packing) in [
        (1, PackingChoice::Auto),
        (7, PackingChoice::Auto),
        (5, PackingChoice::Batch),
    ] {
        let spec = spec(30, 48, 400, packing);
        let (matrix, x) = (matrix(&spec), inputs(&spec, rows));
        let (counted, ()) = run(
            &spec,
            |server, ch| {
                ch.take_meter();
                server.apply(ch, "leaves", &matrix, rows).unwrap();
                let total = ch.meter().total();
                total.bytes_sent + total.bytes_received
            },
            |client, ch| {
                client.send(ch, "leaves", &x, rows).unwrap();
                client.receive(ch, "leaves", rows).unwrap();
            },
        );
        let predicted = spec.bytes(spec.packing(rows).unwrap(), rows).unwrap();
        // Each answer's last byte may be partly filled.
        assert!(
            counted.abs_diff(predicted) <= 400,
            "{counted}, predicted {predicted}"
        );
    }
}

#[test]
fn results_stand_where_the_layout_says() {
    for (inputs, outputs, rows) in [
        (3, 5, 2),
        (48, 400, 1),
        (48, 400, 7),
        (333, 20, 12),
        (2048, 2, 1),
        (4096, 1, 1),
        (5000, 2, 1),
    ] {
        let mut spec = spec(38, inputs, outputs, PackingChoice::Coefficient);
        spec.coefficient_bits = 10;
        let (layout, x) = (Layout::new(&spec, rows), self::inputs(&spec, rows));
        let coefficients: Vec<i32> = (0..inputs * outputs)
            .map(|i| i as i32 * 7919 % 1024 - 512)
            .collect();
        let answer = layout.answers() - 1;
        let carried = layout.outputs(answer);
        let positions = layout.positions(rows, carried.len());
        let mut got = vec![0i64; positions.len()];
        for piece in 0..layout.pieces() {
            let (mut row, mut weights) = (vec![1; 4096], vec![1; 4096]);
            layout.inputs(&x, piece, &mut row);
            layout.weights(&coefficients, answer, piece, &mut weights);
            for (got, &at) in got.iter_mut().zip(&positions) {
                // The negacyclic product at one coefficient.
                *got += (0..4096usize)
                    .map(|j| {
                        let product = i64::from(row[j]) * weights[(at as usize + 4096 - j) % 4096];
                        if j <= at as usize { product } else { -product }
                    })
                    .sum::<i64>();
            }
        }
        let mut got = got.iter();
        for x in x.chunks(inputs) {
            for o in carried.clone() {
                let row = &coefficients[o * inputs..(o + 1) * inputs];
                let want: i64 = row
                    .iter()
                    .zip(x)
                    .map(|(w, x)| i64::from(*w) * i64::from(*x))
                    .sum();
                assert_eq!(got.next(), Some(&want), "{inputs} {outputs} {rows} {o}");
            }
        }
    }
}
