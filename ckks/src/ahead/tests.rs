//! The passes against the plain operations, with and without preparation.

use super::*;
use crate::rlwe::{ErrorTerm, PublicKey, SecretKey, SwitchedDecryptor};
use crate::{CiphertextBatch, Error, RingContext, SecureRng, Simd};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const N: usize = 64;
const Q: u32 = 998_244_353;
const BITS: u32 = 22;
const FLOOD: ErrorTerm = ErrorTerm::Uniform { width: 1 << 14 };
const SMALL: ErrorTerm = ErrorTerm::CentredBinomial;

struct Parties {
    context: Arc<RingContext<u32>>,
    encryptor: Encryptor,
    expander: Expander,
    masker: Masker,
    decryptor: SwitchedDecryptor,
}

fn parties(simd: Simd) -> Parties {
    let context = RingContext::<u32>::new(N, &[Q]).unwrap();
    let mut rng = SecureRng::from_seed([3; 32]).with_simd(simd).unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let key = PublicKey::generate(&secret, &[1; 32], &mut rng).unwrap();
    let decryptor = SwitchedDecryptor::new(&secret).unwrap();
    let encryptor = Encryptor::new(secret, &mut rng).unwrap();
    Parties {
        expander: Expander::new(&context, *encryptor.seed(), simd).unwrap(),
        masker: Masker::new(key, &mut rng).unwrap(),
        context,
        encryptor,
        decryptor,
    }
}

fn messages(rows: usize, columns: usize) -> Vec<u32> {
    (0..(rows * columns) as u32)
        .map(|i| [0, 1, Q - 1, Q / 2, i.wrapping_mul(2_654_435_761) % Q][i as usize % 5])
        .collect()
}

impl Parties {
    fn send(&mut self, values: &[u32], columns: usize) -> Vec<u8> {
        let bytes = self.encryptor.packed_bytes(values.len() / columns).unwrap();
        let mut out = vec![0xaa; bytes];
        self.encryptor
            .encrypt_into(values, columns, &mut out)
            .unwrap();
        out
    }

    fn receive(
        &mut self,
        bytes: &[u8],
        share: Option<&[u32]>,
        columns: usize,
    ) -> CiphertextBatch<u32> {
        let rows = bytes.len() / self.expander.row_bytes().unwrap();
        let mut batch = CiphertextBatch::zeros(&self.context, rows).unwrap();
        self.expander
            .receive_into(bytes, share, columns, &mut batch, 0)
            .unwrap();
        batch
    }

    fn answer(
        &mut self,
        batch: &CiphertextBatch<u32>,
        error0: ErrorTerm,
        columns: usize,
    ) -> (Vec<u8>, Vec<u32>) {
        let mut out = vec![0xaa; batch.rows() * 2 * N / 8 * BITS as usize];
        let mut share = Vec::new();
        self.masker
            .mask_into(
                batch,
                0..batch.rows(),
                BITS,
                error0,
                columns,
                &mut out,
                &mut share,
            )
            .unwrap();
        (out, share)
    }

    /// Three rounds, the second of them flooded; all bytes sent, and all shares.
    fn transcript(&mut self, prepare: [usize; 3]) -> (Vec<u8>, Vec<u32>) {
        let (mut sent, mut shares) = (Vec::new(), Vec::new());
        for (round, ahead) in prepare.into_iter().enumerate() {
            let error0 = if round == 1 { FLOOD } else { SMALL };
            if ahead > 0 {
                assert!(self.encryptor.prepare(ahead).unwrap() >= ahead);
                assert!(self.expander.prepare(ahead).unwrap() >= ahead);
                assert!(self.masker.prepare(SMALL, ahead).unwrap() >= ahead);
                assert!(self.masker.prepare(FLOOD, 1).unwrap() >= 1);
            }
            let columns = [N, 5, 1][round];
            let up = self.send(&messages(5, columns), columns);
            let batch = self.receive(&up, Some(&messages(5, columns)), columns);
            let (down, share) = self.answer(&batch, error0, columns);
            sent.extend_from_slice(&[up, down.clone()].concat());
            self.decryptor
                .decrypt_packed(&down, BITS, 5, columns, Simd::detect(), &mut shares)
                .unwrap();
            shares.extend(share);
        }
        (sent, shares)
    }
}

#[test]
fn what_is_sent_depends_neither_on_preparation_nor_on_the_processor_nor_on_threads() {
    let plain = parties(Simd::Scalar).transcript([0; 3]);
    // The transcript is fixed: a change of it must be meant.
    let digest: String = Sha256::digest(&plain.0)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        digest,
        "a841e7591b5075aee5eeee31b2aa35a90279308214186421e8db89a08fb06c38"
    );
    for simd in Simd::supported_levels() {
        for prepare in [[0; 3], [20, 0, 0], [3, 0, 2], [0, 7, 0], [5, 5, 5]] {
            assert!(
                parties(simd).transcript(prepare) == plain,
                "{simd} {prepare:?}"
            );
        }
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let again = pool.install(|| parties(Simd::detect()).transcript([4, 0, 9]));
        assert!(again == plain, "{threads} threads");
    }
}

#[test]
fn shares_add_up_to_the_message_within_the_noise() {
    let mut p = parties(Simd::detect());
    let (mine, theirs) = (
        messages(5, N),
        messages(5, N).into_iter().rev().collect::<Vec<_>>(),
    );
    let up = p.send(&mine, N);
    let batch = p.receive(&up, Some(&theirs), N);
    for error0 in [SMALL, FLOOD] {
        let (down, server) = p.answer(&batch, error0, N);
        let mut client = Vec::new();
        p.decryptor
            .decrypt_packed(&down, BITS, 5, N, Simd::detect(), &mut client)
            .unwrap();
        for i in 0..5 * N {
            let m = (u64::from(mine[i]) + u64::from(theirs[i])) % u64::from(Q);
            let exact = (m << BITS) as f64 / f64::from(Q);
            let sum = f64::from(client[i].wrapping_add(server[i]) & ((1 << BITS) - 1));
            let distance = (sum - exact).rem_euclid(f64::from(1 << BITS));
            let distance = distance.min(f64::from(1 << BITS) - distance);
            // Roundings of both halves, the second N times over; re-randomisation and flooding in units of q / 2^22.
            let noise = f64::from(21 * (2 * N as u32 + 2) + (1 << 13)) / 238.0;
            assert!(
                distance <= 1.0 + N as f64 / 2.0 + noise,
                "{error0:?}: {distance}"
            );
        }
    }
}

#[test]
fn every_element_serves_once() {
    // Equal messages, encrypted and answered again and again, prepared or not: nothing repeats.
    let mut p = parties(Simd::detect());
    let values = vec![7; 4 * N];
    let (mut seen, mut shares) = (
        std::collections::HashSet::new(),
        std::collections::HashSet::new(),
    );
    let trivial = CiphertextBatch::zeros(&p.context, 4).unwrap();
    for round in 0..6 {
        if round % 2 == 0 {
            p.encryptor.prepare(6).unwrap();
            p.masker.prepare(SMALL, 6).unwrap();
        }
        for row in p.send(&values, N).chunks(N / 8 * 30) {
            assert!(
                seen.insert(row.to_vec()),
                "an encryption of zero served twice"
            );
        }
        let (down, share) = p.answer(&trivial, SMALL, N);
        for half in down.chunks(N / 8 * BITS as usize) {
            assert!(
                seen.insert(half.to_vec()),
                "a re-randomisation served twice"
            );
        }
        for row in share.chunks(N) {
            assert!(shares.insert(row.to_vec()), "a mask served twice");
        }
    }
}

#[test]
fn pools_are_counted_and_bounded() {
    let mut p = parties(Simd::detect());
    assert_eq!(
        (
            p.encryptor.prepare(3).unwrap(),
            p.encryptor.prepare(2).unwrap()
        ),
        (3, 3)
    );
    p.send(&messages(2, 1), 1);
    assert_eq!(p.encryptor.ready(), 1);
    assert_eq!(
        (p.masker.prepare(SMALL, 2).unwrap(), p.masker.ready(FLOOD)),
        (2, 0)
    );
    let context = RingContext::<u32>::new(8192, &[Q]).unwrap();
    let mut expander = Expander::new(&context, [1; 32], Simd::detect()).unwrap();
    assert_eq!(
        expander.prepare(usize::MAX).unwrap(),
        PREPARED_BYTES / (4 * 8192)
    );
    let bad = ErrorTerm::Uniform { width: 0 };
    assert!(matches!(
        p.masker.prepare(bad, 1),
        Err(Error::ErrorWidth { width: 0, .. })
    ));
}

#[test]
fn malformed_input_is_refused() {
    let mut p = parties(Simd::detect());
    let mut batch = CiphertextBatch::zeros(&p.context, 2).unwrap();
    let row = p.expander.row_bytes().unwrap();
    for bytes in [vec![0; row - 1], vec![0; 3 * row], vec![0xff; row]] {
        assert!(
            p.expander
                .receive_into(&bytes, None, 1, &mut batch, 0)
                .is_err()
        );
    }
    assert!(
        p.expander
            .receive_into(&vec![0; row], None, 1, &mut batch, 2)
            .is_err()
    );
    assert!(
        p.expander
            .receive_into(&vec![0; row], Some(&[Q]), 1, &mut batch, 0)
            .is_err()
    );
    assert!(
        p.expander
            .receive_into(&vec![0; row], Some(&[1, 2]), 1, &mut batch, 0)
            .is_err()
    );
    let mut out = vec![0; row];
    for (values, columns) in [
        (vec![Q], 1),
        (vec![1, 2], 1),
        (vec![1; N + 1], N + 1),
        (vec![], 0),
    ] {
        assert!(
            p.encryptor
                .encrypt_into(&values, columns, &mut out)
                .is_err()
        );
    }
    let mut share = Vec::new();
    let mut out = vec![0; 2 * N / 8 * BITS as usize];
    for (rows, bits) in [(0..2, BITS), (2..3, BITS), (0..1, 0), (0..1, 32)] {
        let result = p
            .masker
            .mask_into(&batch, rows, bits, SMALL, 1, &mut out, &mut share);
        assert!(result.is_err());
    }
    let other = CiphertextBatch::zeros(&RingContext::new(2 * N, &[Q]).unwrap(), 1).unwrap();
    assert!(
        p.masker
            .mask_into(&other, 0..1, BITS, SMALL, 1, &mut out, &mut share)
            .is_err()
    );
    for (length, bits) in [(out.len() - 1, BITS), (out.len(), BITS + 1), (0, 0)] {
        let bytes = vec![0; length];
        assert!(
            p.decryptor
                .decrypt_packed(&bytes, bits, 1, 1, Simd::Scalar, &mut share)
                .is_err()
        );
    }
    assert!(share.is_empty());
}
