//! The operations at one parameter set.

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use halfmask_ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, Parameters, Plaintext,
    Preset, PublicKey, SecretKey,
};
use halfmask_ckks::{PublicSeed, SecureRng};
use std::{hint::black_box, sync::Arc};

/// Rotations that share one decomposition.
pub const HOISTED: i64 = 8;

pub struct Set {
    context: Arc<Context>,
    encoder: Encoder,
    evaluator: Evaluator,
    secret: SecretKey,
    public: PublicKey,
    values: Vec<Complex64>,
    plain: Plaintext,
    x: Ciphertext,
    y: Ciphertext,
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// One bar: the result is dropped within the time.
fn bar<T>(group: &mut Group<'_>, name: &str, mut operation: impl FnMut() -> T) {
    group.bench_function(name, |b| b.iter(&mut operation));
}

impl Set {
    pub fn new(preset: Preset) -> Self {
        let context = Context::new(&Parameters::preset(preset).unwrap()).unwrap();
        let mut rng = SecureRng::from_os().unwrap();
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &mut rng).unwrap();
        let rotations: Vec<i64> = (1..=HOISTED).collect();
        let keys = EvaluationKeys::builder(&secret)
            .relinearization()
            .rotations(&rotations)
            .build(&mut rng)
            .unwrap();
        let encoder = Encoder::new(&context).unwrap();
        let value = |j: usize| Complex64::from_polar(1.0, j as f64);
        let values: Vec<Complex64> = (0..context.slots()).map(value).collect();
        let plain = encoder.encode_complex(&values).unwrap();
        let mut encrypt = || public.encrypt(&plain, &mut rng).unwrap();
        let (x, y) = (encrypt(), encrypt());
        Self {
            evaluator: Evaluator::new(&context, Arc::new(keys)).unwrap(),
            context,
            encoder,
            secret,
            public,
            values,
            plain,
            x,
            y,
        }
    }

    pub fn run(&self, criterion: &mut Criterion, name: &str) {
        let mut group = criterion.benchmark_group(name);
        self.transforms(&mut group);
        self.encoding(&mut group);
        self.encryption(&mut group);
        self.arithmetic(&mut group);
        self.key_switching(&mut group);
        group.finish();
    }

    /// Ours, and those of `tfhe-ntt` on the same prime.
    fn transforms(&self, group: &mut Group<'_>) {
        let ntt = self.context.key_ring().limbs().first().unwrap();
        let modulus = ntt.modulus().value();
        let plan = concrete_ntt::prime64::Plan::try_new(ntt.degree(), modulus).unwrap();
        let step = modulus / ntt.degree() as u64;
        let mut limb: Vec<u64> = (0..ntt.degree() as u64).map(|i| i * step).collect();
        bar(group, "NTT forward", || {
            ntt.forward(black_box(&mut limb)).unwrap();
        });
        bar(group, "NTT inverse", || {
            ntt.inverse(black_box(&mut limb)).unwrap();
        });
        bar(group, "tfhe-ntt forward", || plan.fwd(black_box(&mut limb)));
        bar(group, "tfhe-ntt inverse", || plan.inv(black_box(&mut limb)));
    }

    fn encoding(&self, group: &mut Group<'_>) {
        let encoder = &self.encoder;
        bar(group, "encode", || {
            encoder.encode_complex(black_box(&self.values)).unwrap()
        });
        bar(group, "decode", || {
            encoder.decode_complex(black_box(&self.plain)).unwrap()
        });
    }

    fn encryption(&self, group: &mut Group<'_>) {
        let mut rng = SecureRng::from_os().unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        bar(group, "encrypt symmetric", || {
            self.secret
                .encrypt(&self.plain, &mut seed, &mut rng)
                .unwrap()
        });
        bar(group, "encrypt symmetric, expanded", || {
            let sent = self.secret.encrypt(&self.plain, &mut seed, &mut rng);
            sent.unwrap().expand()
        });
        bar(group, "encrypt public", || {
            self.public.encrypt(&self.plain, &mut rng).unwrap()
        });
        bar(group, "decrypt", || {
            self.secret.decrypt(black_box(&self.x)).unwrap()
        });
    }

    fn arithmetic(&self, group: &mut Group<'_>) {
        let Self {
            evaluator,
            x,
            y,
            plain,
            ..
        } = self;
        bar(group, "add", || evaluator.add(x, black_box(y)).unwrap());
        let mut sum = x.clone();
        bar(group, "add in place", || {
            evaluator.add_assign(&mut sum, black_box(y)).unwrap();
        });
        bar(group, "multiply plain", || {
            evaluator.multiply_plain(x, black_box(plain)).unwrap()
        });
        bar(group, "multiply", || {
            evaluator.multiply(x, black_box(y)).unwrap()
        });
        bar(group, "square", || evaluator.square(black_box(x)).unwrap());
        let product = evaluator.multiply_plain(x, plain).unwrap();
        bar(group, "rescale", || {
            evaluator.rescale(black_box(&product)).unwrap()
        });
    }

    fn key_switching(&self, group: &mut Group<'_>) {
        let Self {
            evaluator, x, y, ..
        } = self;
        let product = evaluator.multiply(x, y).unwrap();
        bar(group, "relinearise", || {
            evaluator.relinearize(black_box(&product)).unwrap()
        });
        bar(group, "multiply, relinearise", || {
            evaluator.multiply_relinearize(x, black_box(y)).unwrap()
        });
        bar(group, "rotate", || {
            evaluator.rotate(black_box(x), 1).unwrap()
        });
        let rotations: Vec<i64> = (1..=HOISTED).collect();
        bar(group, "rotate, 8 hoisted", || {
            evaluator.rotate_many(black_box(x), &rotations).unwrap()
        });
    }
}
