//! Criterion benchmarks of what the throughput path does.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that cannot be set up must stop"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use halfmask_ckks::ring::Ntt;
use halfmask_ckks::{
    CiphertextBatch, ErrorTerm, Group, Parameters, PublicKey, PublicSeed, ResidueGemm, RingContext,
    SecretKey, SecureRng, Simd, SwitchedDecryptor, Weights, sample, wire,
};
use std::{hint::black_box, sync::Arc};

const Q: u32 = 998_244_353;
const N: usize = 2048;

fn ntt(c: &mut Criterion) {
    let mut group = c.benchmark_group("ntt");
    let small = Ntt::<u32>::new(N, Q).unwrap();
    let mut values: Vec<u32> = (0..N as u32).map(|i| i * 487_424 % Q).collect();
    group.bench_function("forward 2048 x 30 bits", |b| {
        b.iter(|| small.forward(black_box(&mut values)).unwrap());
    });
    group.bench_function("inverse 2048 x 30 bits", |b| {
        b.iter(|| small.inverse_unscaled(black_box(&mut values)).unwrap());
    });
    let large = Ntt::<u64>::new(4096, 1_125_899_906_826_241).unwrap();
    let mut values: Vec<u64> = (0..4096).map(|i| i * 274_877_906_944).collect();
    group.bench_function("forward 4096 x 50 bits", |b| {
        b.iter(|| large.forward(black_box(&mut values)).unwrap());
    });
    group.bench_function("inverse 4096 x 50 bits", |b| {
        b.iter(|| large.inverse_unscaled(black_box(&mut values)).unwrap());
    });
}

fn sampling(c: &mut Criterion) {
    let mut group = c.benchmark_group("sample");
    let context = RingContext::<u32>::from_parameters(&Parameters::throughput()).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    group.throughput(Throughput::Elements(N as u64));
    let mut residues = vec![0u32; N];
    group.bench_function("expand uniform", |b| {
        b.iter(|| sample::expand_uniform(&[7; 32], 1, &context, black_box(&mut residues)).unwrap());
    });
    let mut small = vec![0i8; N];
    group.bench_function("centred binomial", |b| {
        b.iter(|| sample::centred_binomial(&mut rng, black_box(&mut small)));
    });
    group.bench_function("ternary", |b| {
        b.iter(|| sample::ternary(&mut rng, black_box(&mut small)));
    });
    let mut masks = vec![0u32; N];
    group.bench_function("uniform 22 bits", |b| {
        b.iter(|| sample::uniform_bits(&mut rng, 22, black_box(&mut masks)).unwrap());
    });
}

/// All figures are for one ciphertext: batches of 64, time divided by 64 through the throughput.
fn rlwe(c: &mut Criterion) {
    const ROWS: usize = 64;
    let mut group = c.benchmark_group("rlwe (elements are ciphertexts)");
    group.throughput(Throughput::Elements(ROWS as u64));
    let context = RingContext::<u32>::from_parameters(&Parameters::throughput()).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &[3; 32], &mut rng).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let plain = vec![1_000_000u32; ROWS * N];
    let sent = secret
        .encrypt_batch(plain.clone(), &mut seed, &mut rng)
        .unwrap();
    let mut batch = sent.expand();
    let simd = Simd::detect();
    let switched = batch.clone().switch(22, simd).unwrap();
    let decryptor = SwitchedDecryptor::new(&secret).unwrap();

    group.bench_function("encrypt symmetric", |b| {
        b.iter_batched(
            || plain.clone(),
            |plain| secret.encrypt_batch(plain, &mut seed, &mut rng).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("expand", |b| b.iter(|| sent.expand()));
    group.bench_function("decrypt", |b| {
        b.iter(|| secret.decrypt_batch(&batch).unwrap())
    });
    group.bench_function("rerandomize", |b| {
        b.iter(|| {
            public
                .rerandomize(black_box(&mut batch), ErrorTerm::CentredBinomial, &mut rng)
                .unwrap();
        });
    });
    group.bench_function("modulus switch", |b| {
        b.iter_batched(
            || batch.clone(),
            |batch| batch.switch(22, simd).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("decrypt switched", |b| {
        b.iter(|| decryptor.decrypt(&switched).unwrap());
    });
}

/// The three layers of the throughput network: 5x5 convolution with stride 2 at 13 x 13 positions
/// and 5 maps, 845 -> 100, 100 -> 10.
fn layers() -> Vec<(&'static str, ResidueGemm)> {
    let modulus = halfmask_ckks::Modulus::new(Q).unwrap();
    let weights = |outputs: usize, terms: usize| {
        let value = |i: usize| ((i * 7919) % 511) as i16 - 255;
        let values: Vec<i16> = (0..outputs * terms).map(value).collect();
        Weights::new(outputs, terms, 255, &values).unwrap()
    };
    let kernel = weights(5, 25);
    let position = |p: u32| Group {
        inputs: (0..25)
            .map(|k| (p / 13 * 2 + k / 5).min(27) * 28 + (p % 13 * 2 + k % 5).min(27))
            .collect(),
        weights: Arc::clone(&kernel),
        outputs: (0..5).map(|m| m * 169 + p).collect(),
    };
    let dense = |outputs: u32, inputs: u32| {
        vec![Group {
            inputs: (0..inputs).collect(),
            weights: weights(outputs as usize, inputs as usize),
            outputs: (0..outputs).collect(),
        }]
    };
    let gemm = |groups, rows| ResidueGemm::new(&modulus, groups, rows).unwrap();
    vec![
        (
            "conv 784 to 845",
            gemm((0..169).map(position).collect(), 784),
        ),
        ("dense 845 to 100", gemm(dense(100, 845), 845)),
        ("dense 100 to 10", gemm(dense(10, 100), 100)),
    ]
}

fn gemm(c: &mut Criterion) {
    const COLUMNS: usize = 2 * N;
    let mut group = c.benchmark_group("gemm (elements are multiply-adds)");
    for (name, gemm) in layers() {
        let count = gemm.input_rows() * COLUMNS;
        let input: Vec<u32> = (0..count)
            .map(|i| (i as u32).wrapping_mul(2_654_435_761) % Q)
            .collect();
        let mut out = vec![0; gemm.output_rows() * COLUMNS];
        group.throughput(Throughput::Elements(
            (gemm.multiply_adds() * COLUMNS) as u64,
        ));
        for simd in Simd::supported_levels() {
            group.bench_function(format!("{name} {simd}"), |b| {
                b.iter(|| {
                    gemm.apply(black_box(&input), COLUMNS, &mut out, simd)
                        .unwrap()
                });
            });
        }
    }
}

fn bitpack(c: &mut Criterion) {
    let mut group = c.benchmark_group("bitpack (elements are values)");
    let values: Vec<u32> = (0..4096u32)
        .map(|i| i.wrapping_mul(2_654_435_761))
        .collect();
    group.throughput(Throughput::Elements(values.len() as u64));
    for bits in [22, 30] {
        let values: Vec<u32> = values.iter().map(|v| v >> (32 - bits)).collect();
        let mut packed = wire::pack(&values, bits).unwrap();
        group.bench_function(format!("pack {bits} bits"), |b| {
            b.iter(|| wire::pack_into(black_box(&values), bits, &mut packed).unwrap());
        });
        group.bench_function(format!("unpack {bits} bits"), |b| {
            b.iter(|| wire::unpack_bits(black_box(&packed), bits, values.len()).unwrap());
        });
    }
    // A batch as it is received, so that the check of residues is in the figure.
    let context = RingContext::<u32>::from_parameters(&Parameters::throughput()).unwrap();
    let words = vec![Q - 1; 64 * 2 * N];
    group.throughput(Throughput::Elements(words.len() as u64));
    group.bench_function("check residues", |b| {
        b.iter_batched(
            || words.clone(),
            |words| CiphertextBatch::from_words(&context, words).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_millis(1500))
        .sample_size(20)
}

criterion_group! {
    name = benches;
    config = quick();
    targets = ntt, sampling, rlwe, gemm, bitpack
}
criterion_main!(benches);
