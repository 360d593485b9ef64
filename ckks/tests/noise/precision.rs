//! Bits that are right in every slot, at secure parameters.

use crate::walk::{Encryption, Setup, Walk, climb, extremes};
use halfmask_ckks::ckks::{Complex64, Parameters, Preset};

/// The worst slot over extreme messages and those that a search of `rounds` rounds finds, in bits.
fn worst_bits(
    setup: &mut Setup,
    rounds: usize,
    compute: impl Fn(&Setup, Walk, Walk) -> Walk,
) -> f64 {
    let mut largest = 0.0;
    for encryption in [Encryption::Symmetric, Encryption::Public] {
        let zeros = [setup.zero(encryption), setup.zero(encryption)];
        let error = |message: &[Complex64]| {
            let [x, y] = [&zeros[0], &zeros[1]].map(|z| setup.start(z, encryption, message));
            let result = compute(setup, x, y);
            let (error, bound) = (
                setup.slot_error(&result),
                setup.model.slot_error(&result.estimate),
            );
            assert!(error <= bound, "{error:e} passes the bound {bound:e}");
            error
        };
        let extreme = extremes(setup.slots())
            .iter()
            .map(|m| error(m))
            .fold(0.0, f64::max);
        let found = climb(setup.slots(), rounds, error);
        largest = f64::max(largest, f64::max(extreme, found));
    }
    -largest.log2()
}

#[test]
fn one_product_at_8192_leaves_20_bits_in_every_slot() {
    let mut setup = Setup::new(&Parameters::preset(Preset::N8192).unwrap());
    let bits = worst_bits(&mut setup, 24, |s, x, y| s.rescale(&s.multiply(&x, &y)));
    println!("N = 8192, one product: {bits:.1} bits");
    assert!(bits >= 20.0, "{bits}");
}

#[test]
fn four_levels_at_16384_leave_18_bits_in_every_slot() {
    for preset in [Preset::N16384, Preset::N16384Grouped] {
        let mut setup = Setup::new(&Parameters::preset(preset).unwrap());
        let bits = worst_bits(&mut setup, 4, |s, x, y| {
            let mut power = s.rescale(&s.multiply(&x, &y));
            for _ in 1..4 {
                power = s.rescale(&s.multiply(&power, &power));
            }
            assert_eq!(power.ciphertext.level(), 3);
            power
        });
        println!("{preset:?}, four levels: {bits:.1} bits");
        assert!(bits >= 18.0, "{preset:?}: {bits}");
    }
}
