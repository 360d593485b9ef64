//! Values through the bridge and back, between two threads, against exact integer arithmetic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_bridge::ckks::noise::{LinearLayer, NoiseModel};
use halfmask_bridge::ckks::{ErrorTerm, Parameters, Simd};
use halfmask_bridge::linear::{Block, IntegerLinear, Matrix};
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::mpc::planner::Engine;
use halfmask_bridge::session::{ClientSession, Kernels, Randomness, ServerSession};

const Q: u32 = 998_244_353;
const BITS: u32 = 22;

/// Runs `server` and `client` in two threads of one fresh session.
fn run<S: Send, C>(
    seed: u8,
    server: impl FnOnce(&mut ServerSession, &mut Channel) -> S + Send,
    client: impl FnOnce(&mut ClientSession, &mut Channel) -> C,
) -> (S, C) {
    let (mut a, mut b) = Channel::pair();
    let parameters = Parameters::throughput();
    std::thread::scope(|s| {
        let p = parameters.clone();
        let handle = s.spawn(move || {
            let random = Randomness::from_seed([seed; 32]);
            let mut session =
                ServerSession::setup(&mut a, &p, Engine::default(), random, Kernels::detect())
                    .unwrap();
            let out = server(&mut session, &mut a);
            a.flush().unwrap();
            out
        });
        let random = Randomness::from_seed([!seed; 32]);
        let mut session = ClientSession::setup(
            &mut b,
            &parameters,
            Engine::default(),
            random,
            Kernels::detect(),
        )
        .unwrap();
        let out = client(&mut session, &mut b);
        b.flush().unwrap();
        (handle.join().unwrap(), out)
    })
}

fn residues(n: usize, seed: u64) -> Vec<u32> {
    let mut x = seed;
    (0..n)
        .map(|_| {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed | 1);
            ((x >> 32) % u64::from(Q)) as u32
        })
        .collect()
}

/// Three outputs of four inputs in two blocks, one input used by both.
fn layer() -> (IntegerLinear, Vec<Vec<i64>>, Vec<i64>) {
    let first = Matrix::new(2, 3, 255, &[255, -3, 0, -255, 17, 1]).unwrap();
    let second = Matrix::new(1, 2, 255, &[100, -1]).unwrap();
    let blocks = vec![
        Block {
            inputs: vec![0, 1, 3],
            outputs: vec![2, 0],
            matrix: first,
        },
        Block {
            inputs: vec![2, 3],
            outputs: vec![1],
            matrix: second,
        },
    ];
    let bias = vec![5, -400_000, 0];
    let dense = vec![
        vec![-255, 17, 0, 1],
        vec![0, 0, 100, -1],
        vec![255, -3, 0, 0],
    ];
    (
        IntegerLinear::new(Q, 4, blocks, bias.clone()).unwrap(),
        dense,
        bias,
    )
}

#[test]
fn layers_agree_with_the_dense_matrix() {
    let (linear, dense, bias) = layer();
    let x = [1000, -2000, 30, 4];
    let want: Vec<i64> = dense
        .iter()
        .zip(&bias)
        .map(|(row, b)| row.iter().zip(&x).map(|(w, x)| w * x).sum::<i64>() + b)
        .collect();
    assert_eq!(linear.plain(&x).unwrap(), want);
    assert_eq!(linear.spread(&[1.0; 4]).unwrap(), [273.0, 101.0, 258.0]);
    assert_eq!((linear.norms().l1_norm, linear.multiply_adds()), (273, 8));
    assert!(
        linear
            .plain(&x[..3])
            .unwrap_err()
            .to_string()
            .contains("3 inputs, expected 4")
    );
    let lone = Block {
        inputs: vec![0],
        outputs: vec![0],
        matrix: Matrix::new(1, 1, 9, &[9]).unwrap(),
    };
    let err = IntegerLinear::new(Q, 1, vec![lone.clone()], vec![1, 2]).unwrap_err();
    assert!(err.to_string().contains("1 outputs, 2 biases"), "{err}");
    assert!(IntegerLinear::new(Q, 0, vec![lone], vec![1]).is_err());
    assert!(Matrix::new(1, 1, 8, &[9]).is_err());
}

#[test]
fn shares_to_ciphertexts_to_shares_is_exact_within_the_noise_bound() {
    for (images, error0) in [
        (1usize, ErrorTerm::CentredBinomial),
        (37, ErrorTerm::Uniform { width: 1 << 14 }),
        (2048, ErrorTerm::CentredBinomial),
    ] {
        let (linear, dense, bias) = layer();
        let (mine, theirs) = (residues(4 * images, 3), residues(4 * images, 4));
        let (server_share, client_share) = run(
            images as u8,
            |session, ch| {
                let batch = session
                    .receive_encrypted(ch, "in", 4, Some(&theirs), images)
                    .unwrap();
                let batch = linear.encrypted(&batch, Simd::detect()).unwrap();
                session
                    .send_as_shares(ch, "out", &batch, BITS, error0, images)
                    .unwrap()
            },
            |session, ch| {
                session.send_encrypted(ch, "in", &mine, images).unwrap();
                session.receive_shares(ch, "out", 3, BITS, images).unwrap()
            },
        );
        let model = NoiseModel {
            degree: 2048,
            error0,
            failure_bits: 60.0,
        };
        let norms = LinearLayer {
            l1_norm: 273,
            l2_norm_squared: 255 * 255 + 17 * 17 + 1,
        };
        let bound = model.switched_layer(norms, u64::from(Q), BITS);
        let ring = f64::from(1 << BITS);
        let mut sum_of_squares = 0.0;
        for (o, row) in dense.iter().enumerate() {
            for j in 0..images {
                let m = row
                    .iter()
                    .enumerate()
                    .map(|(i, w)| {
                        w * (i64::from(mine[i * images + j]) + i64::from(theirs[i * images + j]))
                    })
                    .sum::<i64>()
                    + bias[o];
                let exact = m.rem_euclid(i64::from(Q)) as f64 * ring / f64::from(Q);
                let at = o * images + j;
                let x =
                    (client_share[at].wrapping_add(server_share[at]) & ((1 << BITS) - 1)) as f64;
                let distance = (x - exact).rem_euclid(ring);
                let distance = distance.min(ring - distance);
                assert!(
                    distance <= bound.tail,
                    "images {images}: {distance} above {bound:?}"
                );
                sum_of_squares += distance * distance;
            }
        }
        // The noise is there: an exact answer would mean that nothing was re-randomised.
        let rms = (sum_of_squares / (3 * images) as f64).sqrt();
        assert!(
            rms > 0.5 && rms < bound.tail / 3.0,
            "images {images}: rms {rms}"
        );
    }
}

#[test]
fn a_client_share_is_uniform_and_fresh() {
    // The same message converted twice: the shares must be unrelated and fill the ring.
    let images = 2048;
    let values = vec![123_456u32; 8 * images];
    let ((), (first, second)) = run(
        9,
        |session, ch| {
            let batch = session
                .receive_encrypted(ch, "in", 8, None, images)
                .unwrap();
            for _ in 0..2 {
                session
                    .send_as_shares(ch, "out", &batch, BITS, ErrorTerm::CentredBinomial, images)
                    .unwrap();
            }
        },
        |session, ch| {
            session.send_encrypted(ch, "in", &values, images).unwrap();
            let first = session.receive_shares(ch, "out", 8, BITS, images).unwrap();
            (
                first,
                session.receive_shares(ch, "out", 8, BITS, images).unwrap(),
            )
        },
    );
    let equal = first.iter().zip(&second).filter(|(a, b)| a == b).count();
    assert!(equal <= 3, "{equal} of {} shares repeat", first.len());
    let mut cells = [0f64; 64];
    for x in first.iter().chain(&second) {
        cells[(x >> (BITS - 6)) as usize] += 1.0;
    }
    let expected = (2 * first.len()) as f64 / 64.0;
    let chi: f64 = cells
        .iter()
        .map(|c| (c - expected).powi(2) / expected)
        .sum();
    // 63 degrees of freedom, fixed seeds.
    assert!(chi < 120.0, "chi square {chi}");
}

#[test]
fn preparation_changes_no_share() {
    // 70 elements are three messages; what is prepared covers none, a part, and more than all of them.
    let (images, elements) = (3, 70);
    let values = residues(elements * images, 6);
    let flood = ErrorTerm::Uniform { width: 1 << 10 };
    let converse = |ahead: usize| {
        run(
            8,
            |session, ch| {
                let outgoing = [
                    (ahead, ErrorTerm::CentredBinomial),
                    (5, flood),
                    (ahead, ErrorTerm::CentredBinomial),
                ];
                session.prepare(ahead, &outgoing).unwrap();
                let of_small = session.prepared(ErrorTerm::CentredBinomial);
                assert_eq!(of_small, (ahead, 2 * ahead));
                let batch = session
                    .receive_encrypted(ch, "in", elements, Some(&values), images)
                    .unwrap();
                assert_eq!(session.prepared(flood), (ahead.saturating_sub(70), 5));
                let of_first = session
                    .send_as_shares(ch, "a", &batch, BITS, ErrorTerm::CentredBinomial, images)
                    .unwrap();
                let of_second = session
                    .send_as_shares(ch, "b", &batch, BITS, flood, images)
                    .unwrap();
                [of_first, of_second]
            },
            |session, ch| {
                session.prepare(ahead).unwrap();
                assert_eq!(session.prepared(), ahead);
                session.send_encrypted(ch, "in", &values, images).unwrap();
                assert_eq!(session.prepared(), ahead.saturating_sub(70));
                ["a", "b"].map(|layer| {
                    session
                        .receive_shares(ch, layer, elements, BITS, images)
                        .unwrap()
                })
            },
        )
    };
    let plain = converse(0);
    for ahead in [1, 40, 80] {
        assert!(converse(ahead) == plain, "{ahead} made ahead");
    }
}

#[test]
fn bytes_are_what_the_widths_say() {
    let images = 5;
    let (sent, received) = run(
        2,
        |session, ch| {
            ch.take_meter();
            let batch = session
                .receive_encrypted(ch, "in", 3, None, images)
                .unwrap();
            session
                .send_as_shares(ch, "out", &batch, BITS, ErrorTerm::CentredBinomial, images)
                .unwrap();
            let total = ch.meter().total();
            (total.bytes_sent, total.bytes_received)
        },
        |session, ch| {
            ch.take_meter();
            session
                .send_encrypted(ch, "in", &residues(3 * images, 1), images)
                .unwrap();
            session.receive_shares(ch, "out", 3, BITS, images).unwrap();
            let total = ch.meter().total();
            (total.bytes_sent, total.bytes_received)
        },
    );
    assert_eq!(received, (3 * 2048 * 30 / 8, 3 * 2 * 2048 * 22 / 8));
    assert_eq!(sent, (received.1, received.0));
}

#[test]
fn sizes_and_garbage_are_refused() {
    let images = 2;
    run(
        1,
        |session, ch| {
            let err = session
                .receive_encrypted(ch, "in", 1, Some(&[1, 2, 3]), images)
                .unwrap_err();
            assert!(err.to_string().contains("own share"), "{err}");
            assert!(session.receive_encrypted(ch, "in", 1, None, 4096).is_err());
            // Residues of all ones are not below q.
            let err = session
                .receive_encrypted(ch, "in", 1, None, images)
                .unwrap_err();
            assert!(err.to_string().contains("998244353"), "{err}");
        },
        |session, ch| {
            assert!(
                session
                    .send_encrypted(ch, "in", &[1, 2, 3], images)
                    .is_err()
            );
            assert!(session.send_encrypted(ch, "in", &[Q, 0], images).is_err());
            assert!(session.send_encrypted(ch, "in", &[], 0).is_err());
            ch.send(&vec![0xff; 2048 * 30 / 8]).unwrap();
        },
    );
}
