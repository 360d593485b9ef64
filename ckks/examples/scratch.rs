#![allow(
    clippy::all,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::allow_attributes_without_reason
)]
use halfmask_ckks::ring::Ntt;
use halfmask_ckks::*;
use std::sync::Arc;
fn cpu() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}
fn time(name: &str, per: f64, unit: &str, mut f: impl FnMut()) {
    f();
    let mut best = f64::MAX;
    let mut all = vec![];
    for _ in 0..15 {
        let a = std::time::Instant::now();
        let c0 = cpu();
        let mut n = 0;
        while a.elapsed().as_millis() < 30 {
            f();
            n += 1;
        }
        let ns = (cpu() - c0) as f64 / n as f64;
        all.push(ns);
        best = best.min(ns);
    }
    all.sort_by(|a, b| a.total_cmp(b));
    println!(
        "{name:40} best {:9.2} us  med {:9.2} us  {:8.3} {unit} (med)",
        best / 1e3,
        all[7] / 1e3,
        if unit.starts_with('G') {
            per / all[7]
        } else {
            all[7] / per
        }
    );
}
const Q: u32 = 998244353;
const N: usize = 2048;
fn main() {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()
        .unwrap();
    let ntt = Ntt::<u32>::new(N, Q).unwrap();
    let mut v: Vec<u32> = (0..N as u32).map(|i| i * 487424 % Q).collect();
    time("ntt fwd", N as f64, "ns/el", || {
        ntt.forward(&mut v).unwrap()
    });
    let n64 = Ntt::<u64>::new(4096, 1_125_899_906_826_241).unwrap();
    let mut v64 = vec![5u64; 4096];
    time("ntt fwd 4096 x 50", 4096., "ns/el", || {
        n64.forward(&mut v64).unwrap()
    });
    let context = RingContext::<u32>::from_parameters(&Parameters::throughput()).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    time("expand", N as f64, "ns/el", || {
        sample::expand_uniform(&[7; 32], 1, &context, &mut v).unwrap()
    });
    let mut e = vec![0i8; N];
    time("cbd", N as f64, "ns/el", || {
        sample::centred_binomial(&mut rng, &mut e)
    });
    time("ternary", N as f64, "ns/el", || {
        sample::ternary(&mut rng, &mut e)
    });
    time("bits", N as f64, "ns/el", || {
        sample::uniform_bits(&mut rng, 22, &mut v).unwrap()
    });
    {
        use rand_core::Rng;
        let mut b = [0u8; 1024];
        time("chacha bytes", 1024., "ns/byte", || rng.fill_bytes(&mut b));
    }
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &[3; 32], &mut rng).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let plain = vec![1000000u32; 64 * N];
    let mut batch = secret
        .encrypt_batch(plain.clone(), &mut seed, &mut rng)
        .unwrap()
        .expand();
    let sent = secret
        .encrypt_batch(plain.clone(), &mut seed, &mut rng)
        .unwrap();
    let d = SwitchedDecryptor::new(&secret).unwrap();
    time("encrypt", 64., "ns/ct", || {
        secret
            .encrypt_batch(plain.clone(), &mut seed, &mut rng)
            .unwrap();
    });
    time("expand", 64., "ns/ct", || {
        sent.expand();
    });
    time("rerandomize", 64., "ns/ct", || {
        public
            .rerandomize(&mut batch, ErrorTerm::CentredBinomial, &mut rng)
            .unwrap()
    });
    for simd in Simd::supported_levels() {
        time(&format!("switch {simd}"), 64., "ns/ct", || {
            batch.clone().switch(22, simd).unwrap();
        });
    }
    let sw = batch.clone().switch(22, Simd::detect()).unwrap();
    time("decrypt switched", 64., "ns/ct", || {
        d.decrypt(&sw).unwrap();
    });
    time("clone", 64., "ns/ct", || {
        std::hint::black_box(batch.clone());
    });
    let modulus = Modulus::new(Q).unwrap();
    for (wname, max) in [("narrow", 255u16), ("wide", 32767)] {
        let weights = |o: usize, t: usize| {
            let v: Vec<i16> = (0..o * t)
                .map(|i| ((i * 7919) % 511) as i16 - 255)
                .collect();
            Weights::new(o, t, max, &v).unwrap()
        };
        let k = weights(5, 25);
        let conv: Vec<Group> = (0..169u32)
            .map(|p| Group {
                inputs: (0..25)
                    .map(|k| (p / 13 * 2 + k / 5).min(27) * 28 + (p % 13 * 2 + k % 5).min(27))
                    .collect(),
                weights: Arc::clone(&k),
                outputs: (0..5).map(|m| m * 169 + p).collect(),
            })
            .collect();
        let dense = |o: u32, i: u32| {
            vec![Group {
                inputs: (0..i).collect(),
                weights: weights(o as usize, i as usize),
                outputs: (0..o).collect(),
            }]
        };
        for (name, groups, rows) in [
            ("conv", conv, 784usize),
            ("fc1", dense(100, 845), 845),
            ("fc2", dense(10, 100), 100),
        ] {
            let g = ResidueGemm::new(&modulus, groups, rows).unwrap();
            let x: Vec<u32> = (0..rows * 4096)
                .map(|i| (i as u32).wrapping_mul(2654435761) % Q)
                .collect();
            let mut out = vec![0u32; g.output_rows() * 4096];
            for simd in Simd::supported_levels() {
                if wname == "wide" && simd != Simd::Avx512 {
                    continue;
                }
                time(
                    &format!("{name} {wname} {simd}"),
                    (g.multiply_adds() * 4096) as f64,
                    "GMAC/s",
                    || g.apply(&x, 4096, &mut out, simd).unwrap(),
                );
            }
        }
    }
    let vals: Vec<u32> = (0..4096u32)
        .map(|i| i.wrapping_mul(2654435761) >> 10)
        .collect();
    let mut p = wire::pack(&vals, 22).unwrap();
    time("pack22", 4096., "ns/el", || {
        wire::pack_into(&vals, 22, &mut p).unwrap()
    });
    time("unpack22", 4096., "ns/el", || {
        wire::unpack_bits(&p, 22, 4096).unwrap();
    });
}
