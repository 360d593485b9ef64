//! The twin within its bound, exhaustively, and the protocol against the twin.

use super::*;
use crate::garble::Scheme;
use crate::ot::CotProtocol;
use crate::rng::SecureRng;
use crate::share::signed;
use crate::simd::Simd;
use rand_core::Rng;

fn run(
    spec: &RescaleSpec,
    evaluator: &[u32],
    garbler: &[u32],
) -> Result<(Vec<u32>, Vec<u32>), Error> {
    run_on(CotProtocol::default(), spec, evaluator, garbler)
}

fn run_on(
    cot: CotProtocol,
    spec: &RescaleSpec,
    evaluator: &[u32],
    garbler: &[u32],
) -> Result<(Vec<u32>, Vec<u32>), Error> {
    let scheme = Scheme::default();
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let theirs = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session =
                GarblerSession::setup_with(&mut a, cot, scheme, &mut rng, Simd::detect())?;
            let mut y = vec![0; garbler.len()];
            session.rescale(&mut a, "rescale", spec, garbler, &mut y)?;
            Ok::<_, Error>(y)
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session =
            EvaluatorSession::setup_with(&mut b, cot, scheme, &mut rng, Simd::detect())?;
        let mut y = vec![0; evaluator.len()];
        session.rescale(&mut b, "rescale", spec, evaluator, &mut y)?;
        b.flush()?;
        Ok((y, theirs.join().unwrap()?))
    })
}

#[test]
fn bound_holds_exhaustively() {
    let k = 8;
    for h in 0..=k - 2 {
        let spec = RescaleSpec {
            share_bits: k,
            shift: h,
            modulus: 65537,
        };
        spec.validate().unwrap();
        for x in -64i32..64 {
            for e in 0..256u32 {
                let g = (x as u32).wrapping_sub(e) & 255;
                let y = i64::from(rescale_reference(&spec, e, g));
                let y = if y > 32768 { y - 65537 } else { y };
                let error = y as f64 - f64::from(x) / f64::from(1u32 << h);
                assert!(error.abs() <= 1.0, "h {h} x {x} e {e}: {y}");
                if h == 0 {
                    assert_eq!(y, i64::from(x));
                }
            }
        }
    }
}

#[test]
fn shares_add_up_to_the_reference() {
    let mut rng = SecureRng::from_seed([3; 32]);
    for (share_bits, shift, modulus) in [
        (22, 6, 998_244_353),
        (16, 0, 65_539),
        (32, 4, 998_244_353),
        (28, 0, 998_244_353),
    ] {
        let spec = RescaleSpec {
            share_bits,
            shift,
            modulus,
        };
        for n in [0, 1, 17, SEGMENT + 3] {
            let mut any = || -> Vec<u32> {
                (0..n)
                    .map(|_| rng.next_u32() & low_mask(share_bits))
                    .collect()
            };
            let (e, g) = (any(), any());
            let (ye, yg) = run(&spec, &e, &g).unwrap();
            for i in 0..n {
                let want = rescale_reference(&spec, e[i], g[i]);
                assert_eq!(add_mod(ye[i], yg[i], modulus), want, "{spec:?} {i}");
                let x = signed(e[i].wrapping_add(g[i]) & low_mask(share_bits), share_bits);
                if x.unsigned_abs() < 1 << (share_bits - 2) {
                    let got = i64::from(want);
                    let got = if got > i64::from(modulus / 2) {
                        got - i64::from(modulus)
                    } else {
                        got
                    };
                    let error = got as f64 - f64::from(x) / f64::from(1u32 << shift);
                    assert!(error.abs() <= 1.0, "{spec:?} {i}: {x} {got}");
                }
            }
        }
    }
}

#[test]
fn bad_parameters_and_residues_are_refused() {
    let good = RescaleSpec {
        share_bits: 22,
        shift: 6,
        modulus: 998_244_353,
    };
    for bad in [
        RescaleSpec { shift: 21, ..good },
        RescaleSpec {
            share_bits: 33,
            ..good
        },
        RescaleSpec {
            modulus: 65537,
            ..good
        },
        RescaleSpec {
            modulus: 1 << 31,
            ..good
        },
    ] {
        assert!(bad.validate().is_err(), "{bad:?}");
    }
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let garbler = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
            assert!(session.rescale(&mut a, "", &good, &[1], &mut []).is_err());
            session.rescale(&mut a, "", &good, &[1; 16], &mut [0; 16])
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        b.send(&[0xff; 64]).unwrap();
        b.flush().unwrap();
        let error = garbler.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("is not below"), "{error}");
    });
}

#[test]
fn refills_of_silent_ot_do_not_meet_messages() {
    let spec = RescaleSpec {
        share_bits: 22,
        shift: 5,
        modulus: 998_244_353,
    };
    let refill = CotProtocol::Silent.refill().unwrap() as usize;
    // One refill serves the set-up's first request and most of the layer; the second comes in its middle.
    let count = refill + (1 << 15);
    let share = |i: usize, factor: u32| (i as u32).wrapping_mul(factor) >> 10;
    let e: Vec<u32> = (0..count).map(|i| share(i, 2_654_435_761)).collect();
    // Sums below a quarter of the ring.
    let g: Vec<u32> = e
        .iter()
        .enumerate()
        .map(|(i, e)| (share(i, 40_503) >> 2).wrapping_sub(*e) & 0x3f_ffff)
        .collect();
    let (y_e, y_g) = run_on(CotProtocol::Silent, &spec, &e, &g).unwrap();
    for i in (0..count).step_by(997) {
        let want = rescale_reference(&spec, e[i], g[i]);
        let got = (u64::from(y_e[i]) + u64::from(y_g[i])) % u64::from(spec.modulus);
        assert_eq!(got, u64::from(want), "value {i}");
    }
}
