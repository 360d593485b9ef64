//! Bytes that were cut, changed, or never an object: an error or another valid object, never a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_ckks::ckks::{
    Ciphertext, Context, Encoder, Error, EvaluationKeys, FormatError, Kind, Parameters,
    ParametersLiteral, Plaintext, PublicKey, SecretKey, SeededCiphertext, SwitchingKey,
};
use halfmask_ckks::{PublicSeed, SecureRng, SecurityTable};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

/// N = 32; the special prime tells contexts apart.
fn context(special: u64) -> Arc<Context> {
    let literal = ParametersLiteral {
        degree: 32,
        data_moduli: vec![1_125_899_906_840_833, 1_099_511_626_049],
        special_moduli: vec![special],
        log2_scale: 30,
        table: SecurityTable::default(),
        allow_insecure: true,
    };
    Context::new(&Parameters::new(&literal).unwrap()).unwrap()
}

/// Reads an object and writes it again.
type Reread = fn(&Arc<Context>, &[u8]) -> Result<Vec<u8>, Error>;

struct Object {
    kind: Kind,
    bytes: Vec<u8>,
    reread: Reread,
}

/// One of every kind, and their context.
static OBJECTS: LazyLock<(Arc<Context>, Vec<Object>)> = LazyLock::new(|| {
    let context = context(1_125_899_906_840_897);
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &mut rng).unwrap();
    let builder = EvaluationKeys::builder(&secret).relinearization();
    let keys = builder.rotations(&[1]).build(&mut rng).unwrap();
    let encoder = Encoder::new(&context).unwrap();
    let plain = encoder.encode(&[1.0, -2.0, 3.0]).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let sent = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
    let ciphertext = public.encrypt(&plain, &mut rng).unwrap();
    let object = |kind, bytes, reread| Object {
        kind,
        bytes,
        reread,
    };
    let parameters = context.parameters().to_bytes();
    let relinearization = keys.relinearization().unwrap().to_bytes();
    let objects = vec![
        object(Kind::Parameters, parameters, |_, bytes| {
            Ok(Parameters::from_bytes_insecure(bytes)?.to_bytes())
        }),
        object(Kind::Plaintext, plain.to_bytes(), |context, bytes| {
            Ok(Plaintext::from_bytes(context, bytes)?.to_bytes())
        }),
        object(Kind::Ciphertext, ciphertext.to_bytes(), |context, bytes| {
            Ok(Ciphertext::from_bytes(context, bytes)?.to_bytes())
        }),
        object(Kind::SeededCiphertext, sent.to_bytes(), |context, bytes| {
            Ok(SeededCiphertext::from_bytes(context, bytes)?.to_bytes())
        }),
        object(Kind::PublicKey, public.to_bytes(), |context, bytes| {
            Ok(PublicKey::from_bytes(context, bytes)?.to_bytes())
        }),
        object(Kind::SwitchingKey, relinearization, |context, bytes| {
            Ok(SwitchingKey::from_bytes(context, bytes)?.to_bytes())
        }),
        object(Kind::EvaluationKeys, keys.to_bytes(), |context, bytes| {
            Ok(EvaluationKeys::from_bytes(context, bytes)?.to_bytes())
        }),
        object(
            Kind::SecretKey,
            secret.to_bytes().to_vec(),
            |context, bytes| Ok(SecretKey::from_bytes(context, bytes)?.to_bytes().to_vec()),
        ),
    ];
    (context, objects)
});

fn refusal(result: Result<Vec<u8>, Error>) -> FormatError {
    match result {
        Err(Error::Format(error)) => error,
        other => panic!("not refused by the format: {other:?}"),
    }
}

#[test]
fn every_truncation_and_every_extension_is_refused_where_it_happens() {
    let (context, objects) = &*OBJECTS;
    for Object {
        kind,
        bytes,
        reread,
    } in objects
    {
        assert_eq!(&reread(context, bytes).unwrap(), bytes, "{kind}");
        for length in 0..bytes.len() {
            match refusal(reread(context, &bytes[..length])) {
                FormatError::Truncated {
                    offset,
                    needed,
                    left,
                    ..
                } => assert!(offset + left == length && needed > left, "{kind}"),
                other => panic!("{kind} cut to {length}: {other}"),
            }
        }
        let (offset, extra) = (bytes.len(), 2);
        let long = [&bytes[..], &[0, 0]].concat();
        let expected = FormatError::Trailing { offset, extra };
        assert_eq!(refusal(reread(context, &long)), expected, "{kind}");
    }
}

#[test]
fn every_flipped_bit_is_refused_or_gives_another_valid_object() {
    let (context, objects) = &*OBJECTS;
    for Object {
        kind,
        bytes,
        reread,
    } in objects
    {
        let header = if *kind == Kind::Parameters { 6 } else { 38 };
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match reread(context, &flipped) {
                Ok(again) => {
                    assert_eq!(again, flipped, "{kind} bit {bit}");
                    assert!(bit >= 8 * header, "{kind} bit {bit} of the header");
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn headers_are_checked_field_by_field() {
    let (ours, objects) = &*OBJECTS;
    let theirs = context(1_125_899_906_842_177);
    for Object {
        kind,
        bytes,
        reread,
    } in objects
    {
        let with = |position: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[position] = value;
            refusal(reread(ours, &bytes))
        };
        assert_eq!(with(0, b'X'), FormatError::Magic(*b"XMCK"));
        let (got, supported) = (9, 1);
        assert_eq!(with(4, 9), FormatError::Version { got, supported });
        for other in objects.iter().filter(|other| other.kind != *kind) {
            let (expected, got) = (*kind, other.kind as u8);
            let refused = refusal(reread(ours, &other.bytes));
            assert_eq!(refused, FormatError::Kind { expected, got });
        }
        if *kind != Kind::Parameters {
            let foreign = refusal(reread(&theirs, bytes));
            assert!(matches!(foreign, FormatError::Parameters { .. }), "{kind}");
        }
    }
}

/// Counts that declare more than follows are refused before anything is allocated for them.
#[test]
fn huge_declared_lengths_are_refused() {
    let (context, objects) = &*OBJECTS;
    let of = |kind| objects.iter().find(|object| object.kind == kind).unwrap();
    let parameters = of(Kind::Parameters);
    let mut bytes = parameters.bytes.clone();
    bytes[10..12].copy_from_slice(&[64, 64]); // primes
    let refused = refusal((parameters.reread)(context, &bytes));
    assert!(matches!(refused, FormatError::Truncated { .. }));
    bytes[10] = 65;
    let refused = refusal((parameters.reread)(context, &bytes));
    assert!(matches!(refused, FormatError::Range { max: 64, .. }));
    let mut bytes = parameters.bytes.clone();
    bytes[6..10].copy_from_slice(&u32::MAX.to_le_bytes()); // degree
    assert!(matches!(
        (parameters.reread)(context, &bytes),
        Err(Error::Ring(halfmask_ckks::Error::Degree { .. }))
    ));
    let keys = of(Kind::EvaluationKeys);
    let count = 39 + of(Kind::SwitchingKey).bytes.len() - 38;
    assert_eq!(keys.bytes[count], 1);
    let mut bytes = keys.bytes.clone();
    bytes[count] = 32;
    let refused = refusal((keys.reread)(context, &bytes));
    assert!(matches!(refused, FormatError::Truncated { .. }));
    bytes[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let refused = refusal((keys.reread)(context, &bytes));
    assert!(matches!(refused, FormatError::Range { max: 32, .. }));
    // The index of a seed may not wrap.
    let key = of(Kind::SwitchingKey);
    let mut bytes = key.bytes.clone();
    bytes[70..78].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(
        (key.reread)(context, &bytes),
        Err(Error::Ring(halfmask_ckks::Error::SeedExhausted { .. }))
    ));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..1200), fields in any::<[u8; 2]>(),
    ) {
        let (context, objects) = &*OBJECTS;
        for Object { kind, bytes, reread } in objects {
            prop_assert!(reread(context, &body).is_err());
            // A true header, then first fields of small values, then anything.
            let header = if *kind == Kind::Parameters { 6 } else { 38 };
            let fields = fields.map(|field| field % 4);
            let random = [&bytes[..header], &fields, &body].concat();
            if let Ok(again) = reread(context, &random) {
                prop_assert_eq!(again, random);
            }
            // The object with a stretch of it replaced.
            let mut spliced = bytes.clone();
            let length = body.len().min(bytes.len() - header);
            spliced[header..header + length].copy_from_slice(&body[..length]);
            if let Ok(again) = reread(context, &spliced) {
                prop_assert_eq!(again, spliced);
            }
        }
    }
}
