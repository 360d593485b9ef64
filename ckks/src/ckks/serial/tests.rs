use super::*;
use crate::ckks::{
    Ciphertext, Error, EvaluationKeys, ParametersLiteral, Plaintext, Preset, PublicKey, SecretKey,
    SeededCiphertext,
};
use crate::{Evaluation, Poly, PublicSeed, SecureRng, SecurityTable, sample};
use std::sync::Arc;

/// N = 32 over primes of three widths.
fn context() -> Arc<Context> {
    let literal = ParametersLiteral {
        degree: 32,
        data_moduli: vec![1_125_899_906_840_833, 1_099_511_626_049, 12_289],
        special_moduli: vec![1_125_899_906_840_897],
        log2_scale: 40,
        table: SecurityTable::default(),
        allow_insecure: true,
    };
    Context::new(&Parameters::new(&literal).unwrap()).unwrap()
}

fn element(context: &Context, level: usize, seed: u8) -> Poly<Evaluation, u64> {
    let ring = context.level_ring(level).unwrap();
    let mut words = vec![0; ring.element_words()];
    sample::expand_uniform(&[seed; 32], 0, ring, &mut words).unwrap();
    Poly::from_words(ring, words).unwrap()
}

fn plaintext(context: &Arc<Context>, level: usize) -> Plaintext {
    Plaintext {
        context: Arc::clone(context),
        poly: element(context, level, 1),
        scale: 1.5e12,
    }
}

fn ciphertext(context: &Arc<Context>, level: usize, parts: u8) -> Ciphertext {
    Ciphertext {
        context: Arc::clone(context),
        parts: (0..parts).map(|i| element(context, level, i)).collect(),
        level,
        scale: 1.0,
    }
}

#[test]
fn plaintexts_and_ciphertexts_come_back_at_every_level() {
    let context = context();
    for level in 0..=2 {
        let sent = plaintext(&context, level);
        let got = Plaintext::from_bytes(&context, &sent.to_bytes()).unwrap();
        assert_eq!(got.poly, sent.poly);
        assert_eq!((got.level(), got.scale), (level, 1.5e12));
        for parts in 2..=3 {
            let sent = ciphertext(&context, level, parts);
            let got = Ciphertext::from_bytes(&context, &sent.to_bytes()).unwrap();
            assert_eq!(got.parts, sent.parts);
            assert_eq!((got.level(), got.scale()), (level, 1.0));
        }
    }
}

#[test]
fn keys_come_back() {
    let context = context();
    let mut rng = SecureRng::from_seed([5; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let again = SecretKey::from_bytes(&context, &secret.to_bytes()).unwrap();
    assert_eq!(again.ternary(), secret.ternary());
    assert_eq!(again.evaluation(), secret.evaluation());
    assert_eq!(again.negated(), secret.negated());
    let public = PublicKey::generate(&secret, &mut rng).unwrap();
    let again = PublicKey::from_bytes(&context, &public.to_bytes()).unwrap();
    assert_eq!((again.a(), again.b()), (public.a(), public.b()));
    let keys = EvaluationKeys::builder(&secret)
        .relinearization()
        .rotations(&[1, -3])
        .build(&mut rng)
        .unwrap();
    let again = EvaluationKeys::from_bytes(&context, &keys.to_bytes()).unwrap();
    let relinearization = keys.relinearization().unwrap();
    assert_eq!(again.relinearization().unwrap().a(), relinearization.a());
    assert_eq!(again.relinearization().unwrap().b(), relinearization.b());
    assert_eq!(again.galois().len(), 2);
    for (again, key) in again.galois().zip(keys.galois()) {
        let element = key.automorphism().element();
        assert_eq!(again.automorphism().element(), element);
        assert_eq!(again.switching_key().a(), key.switching_key().a());
        assert_eq!(again.switching_key().b(), key.switching_key().b());
    }
    let none = EvaluationKeys::none(&context);
    let again = EvaluationKeys::from_bytes(&context, &none.to_bytes()).unwrap();
    assert!(again.relinearization().is_err() && again.galois().len() == 0);
}

#[test]
fn parameters_come_back_and_their_digest_tells_rings_apart() {
    for preset in Preset::ALL {
        let parameters = Parameters::preset(preset).unwrap();
        let again = Parameters::from_bytes(&parameters.to_bytes()).unwrap();
        assert_eq!(again, parameters);
        let json = serde_json::to_string(&parameters).unwrap();
        assert_eq!(
            serde_json::from_str::<Parameters>(&json).unwrap(),
            parameters
        );
        let mut composite = serde_json::to_value(&parameters).unwrap();
        composite["data_moduli"][0] = 15.into();
        assert!(serde_json::from_value::<Parameters>(composite).is_err());
    }
    let context = context();
    let parameters = context.parameters();
    let again = Parameters::from_bytes_insecure(&parameters.to_bytes()).unwrap();
    assert_eq!(&again, parameters);
    // It is the reader who must allow less than 128 bits.
    let insecure = |read: Result<Parameters, Error>| {
        matches!(read, Err(Error::Ring(crate::Error::Insecure { .. })))
    };
    assert!(insecure(Parameters::from_bytes(&parameters.to_bytes())));
    assert!(insecure(
        ParametersLiteral::from(parameters.clone()).try_into()
    ));
    let json = serde_json::to_string(parameters).unwrap();
    assert!(serde_json::from_str::<Parameters>(&json).is_err());
    let mut literal = ParametersLiteral::from(parameters.clone());
    let digest = |literal: &ParametersLiteral| Parameters::new(literal).unwrap().digest();
    literal.log2_scale = 30;
    assert_eq!(digest(&literal), parameters.digest());
    // The same chain, cut elsewhere.
    let mut cut = ParametersLiteral::from_bits(32, &[50, 49], &[50], 40).unwrap();
    cut.allow_insecure = true;
    let before = digest(&cut);
    cut.special_moduli.insert(0, cut.data_moduli.pop().unwrap());
    assert_ne!(digest(&cut), before);
    // What the scheme refuses is refused here too.
    let mut bytes = parameters.to_bytes();
    bytes[14] = 0;
    assert!(insecure(Parameters::from_bytes_insecure(&bytes)));
}

#[test]
fn numbers_out_of_range_are_named_with_their_place() {
    let context = context();
    let bytes = ciphertext(&context, 1, 2).to_bytes();
    let with = |position: usize, field: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[position..position + field.len()].copy_from_slice(field);
        match Ciphertext::from_bytes(&context, &bytes) {
            Err(Error::Format(error)) => error,
            other => panic!("not refused: {other:?}"),
        }
    };
    let range = |what, offset, value, min, max| FormatError::Range {
        what,
        offset,
        value,
        min,
        max,
    };
    assert_eq!(with(38, &[3]), range("level", 38, 3, 0, 2));
    for count in [0, 1, 4, 255] {
        let expected = range("number of components", 39, count, 2, 3);
        assert_eq!(with(39, &[count as u8]), expected);
    }
    let below_one = f64::from_bits(1f64.to_bits() - 1);
    for scale in [0.0, -0.0, -1.0, f64::INFINITY, f64::NAN, 1e-310, below_one] {
        let got = with(40, &scale.to_le_bytes());
        assert!(matches!(got, FormatError::Scale { offset: 40, .. }));
    }
    // Residue 0 of c0's first limb, 50 bits wide, becomes the prime itself; then its second limb's.
    let residue = |limb, offset, value, modulus| FormatError::Residue {
        what: "ciphertext",
        limb,
        offset,
        index: 0,
        value,
        modulus,
    };
    let prime = 1_125_899_906_840_833u64;
    let mut field = prime.to_le_bytes();
    field[6] |= bytes[54] & 0xfc;
    assert_eq!(with(48, &field[..7]), residue(0, 48, prime, prime));
    let (offset, prime) = (48 + 32 * 50 / 8, 1_099_511_626_049u64);
    let field = (prime + 5).to_le_bytes();
    let expected = residue(1, offset, prime + 5, prime);
    assert_eq!(with(offset, &field[..5]), expected);
}

#[test]
fn secrets_that_are_not_ternary_are_refused_without_saying_where() {
    let context = context();
    let mut rng = SecureRng::from_seed([6; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    for shift in [0, 2, 4, 6] {
        let mut bytes = secret.to_bytes();
        bytes[40] |= 3 << shift;
        assert!(matches!(
            SecretKey::from_bytes(&context, &bytes),
            Err(Error::Format(FormatError::Ternary))
        ));
    }
}

#[test]
fn galois_keys_must_be_in_order_and_odd() {
    let context = context();
    let mut rng = SecureRng::from_seed([7; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let builder = EvaluationKeys::builder(&secret).rotations(&[1]);
    let bytes = builder.conjugation().build(&mut rng).unwrap().to_bytes();
    let with = |position: usize, element: u8| {
        let mut bytes = bytes.clone();
        bytes[position] = element;
        EvaluationKeys::from_bytes(&context, &bytes).unwrap_err()
    };
    // No relinearisation key; two keys, of the elements 5 and 63.
    let second = 43 + (bytes.len() - 43) / 2;
    assert_eq!((bytes[38], bytes[39], bytes[43]), (0, 2, 5));
    assert_eq!(bytes[second], 63);
    for element in [0, 5, 64] {
        assert!(matches!(
            with(second, element),
            Error::Format(FormatError::Range { min: 6, max: 63, offset, .. }) if offset == second
        ));
    }
    assert!(matches!(with(43, 4), Error::Ring(_)));
    assert!(matches!(
        with(39, 33),
        Error::Format(FormatError::Range {
            what: "number of Galois keys",
            max: 32,
            ..
        })
    ));
}

/// The sizes that the module's documentation states.
#[test]
fn sizes_are_those_of_the_table() {
    let mut rng = SecureRng::from_seed([8; 32]);
    for (preset, sizes) in [
        (
            Preset::N8192Wide,
            [37, 2_048, 204_832, 614_440, 153_609, 153_649, 307_210],
        ),
        (
            Preset::N16384Wide,
            [72, 4_096, 880_672, 7_045_160, 778_249, 778_289, 1_556_490],
        ),
    ] {
        let context = Context::new(&Parameters::preset(preset).unwrap()).unwrap();
        let top = context.parameters().max_level();
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &mut rng).unwrap();
        let builder = EvaluationKeys::builder(&secret).relinearization();
        let keys = builder.rotations(&[1]).build(&mut rng).unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        let plain = plaintext(&context, top);
        let sent = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
        let again = SeededCiphertext::from_bytes(&context, &sent.to_bytes()).unwrap();
        assert_eq!(again.c0(), sent.c0());
        let switching = keys.relinearization().unwrap().to_bytes().len() - 38;
        let got = [
            context.parameters().to_bytes().len() - 6,
            secret.to_bytes().len() - 38,
            public.to_bytes().len() - 38,
            switching,
            plain.to_bytes().len() - 38,
            sent.to_bytes().len() - 38,
            sent.expand().to_bytes().len() - 38,
        ];
        assert_eq!(got, sizes);
        assert_eq!(keys.to_bytes().len(), 38 + 5 + 2 * switching + 4);
    }
}
