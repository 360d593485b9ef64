//! A computation three times over: on ciphertexts, on the numbers themselves, on noise estimates.

use halfmask_ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, NoiseEstimate, NoiseModel,
    Parameters, ParametersLiteral, PublicKey, SecretKey,
};
use halfmask_ckks::{PublicSeed, SecureRng};
use std::sync::Arc;

/// Keys and tables of one parameter set.
pub struct Setup {
    pub encoder: Encoder,
    pub evaluator: Evaluator,
    pub model: NoiseModel,
    secret: SecretKey,
    public: PublicKey,
    seed: PublicSeed,
    rng: SecureRng,
}

/// How zero is encrypted.
#[derive(Clone, Copy, Debug)]
pub enum Encryption {
    Symmetric,
    Public,
}

/// One value of the computation.
#[derive(Clone)]
pub struct Walk {
    pub ciphertext: Ciphertext,
    pub exact: Vec<Complex64>,
    pub estimate: NoiseEstimate,
}

impl Setup {
    pub fn new(parameters: &Parameters) -> Self {
        let context = Context::new(parameters).unwrap();
        let mut rng = SecureRng::from_os().unwrap();
        let secret = SecretKey::generate(&context, &mut rng);
        let keys = EvaluationKeys::builder(&secret)
            .relinearization()
            .rotations(&[3])
            .inner_sum(4)
            .conjugation()
            .build(&mut rng)
            .unwrap();
        Self {
            encoder: Encoder::new(&context).unwrap(),
            evaluator: Evaluator::new(&context, Arc::new(keys)).unwrap(),
            // One slot's bound at a time, not that of all together.
            model: NoiseModel::new(parameters).with_failure_bits(40.0),
            public: PublicKey::generate(&secret, &mut rng).unwrap(),
            seed: PublicSeed::generate(&mut rng),
            secret,
            rng,
        }
    }

    /// A degree small enough to be tried often, with the primes of a secure set.
    pub fn small(degree: usize) -> Self {
        let mut literal = ParametersLiteral::from_bits(degree, &[50, 40, 40], &[50], 40).unwrap();
        literal.allow_insecure = true;
        Self::new(&Parameters::new(&literal).unwrap())
    }

    pub fn slots(&self) -> usize {
        self.encoder.context().slots()
    }

    /// An encryption of zero. With an encoded message added it is an encryption of the message under
    /// randomness that stays, so that messages can be searched for those that do worst.
    pub fn zero(&mut self, encryption: Encryption) -> Ciphertext {
        let plain = self.encoder.encode(&[]).unwrap();
        match encryption {
            Encryption::Symmetric => {
                let sent = self.secret.encrypt(&plain, &mut self.seed, &mut self.rng);
                sent.unwrap().expand()
            }
            Encryption::Public => self.public.encrypt(&plain, &mut self.rng).unwrap(),
        }
    }

    /// `message` under the randomness of `zero`.
    pub fn start(&self, zero: &Ciphertext, encryption: Encryption, message: &[Complex64]) -> Walk {
        let plain = self.encoder.encode_complex(message).unwrap();
        let estimate = self.encoded(message, plain.level(), plain.scale());
        Walk {
            ciphertext: self.evaluator.add_plain(zero, &plain).unwrap(),
            exact: message.to_vec(),
            estimate: match encryption {
                Encryption::Symmetric => self.model.encrypted_symmetric(&estimate),
                Encryption::Public => self.model.encrypted_public(&estimate),
            },
        }
    }

    pub fn encoded(&self, message: &[Complex64], level: usize, scale: f64) -> NoiseEstimate {
        let largest = message.iter().map(|z| z.norm()).fold(0.0, f64::max);
        self.model.encoded(largest, scale, level)
    }

    pub fn multiply(&self, x: &Walk, y: &Walk) -> Walk {
        let product = self.model.multiply(&x.estimate, &y.estimate);
        Walk {
            ciphertext: self
                .evaluator
                .multiply_relinearize(&x.ciphertext, &y.ciphertext)
                .unwrap(),
            exact: x.exact.iter().zip(&y.exact).map(|(x, y)| x * y).collect(),
            estimate: self.model.key_switch(&product),
        }
    }

    pub fn rescale(&self, x: &Walk) -> Walk {
        Walk {
            ciphertext: self.evaluator.rescale(&x.ciphertext).unwrap(),
            estimate: self.model.rescale(&x.estimate),
            ..x.clone()
        }
    }

    /// Largest error of a slot.
    pub fn slot_error(&self, x: &Walk) -> f64 {
        let plain = self.secret.decrypt(&x.ciphertext).unwrap();
        let slots = self.encoder.decode_complex(&plain).unwrap();
        let errors = slots
            .iter()
            .zip(&x.exact)
            .map(|(got, want)| (got - want).norm());
        errors.fold(0.0, f64::max)
    }

    /// Largest error of a coefficient, in integers.
    pub fn coefficient_error(&self, x: &Walk) -> f64 {
        let plain = self.secret.decrypt(&x.ciphertext).unwrap();
        let (level, scale) = (x.ciphertext.level(), x.ciphertext.scale());
        let exact = self.encoder.encode_at(&x.exact, level, scale).unwrap();
        let coefficients = [plain, exact].map(|p| self.encoder.decode_coefficients(&p).unwrap());
        let errors = coefficients[0].iter().zip(&coefficients[1]);
        errors.fold(0.0, |most, (x, y)| f64::max(most, (x - y).abs() * scale))
    }
}

/// Messages within the unit circle that are extreme in one way or another.
pub fn extremes(slots: usize) -> Vec<Vec<Complex64>> {
    let make = |f: &dyn Fn(usize) -> Complex64| (0..slots).map(f).collect::<Vec<_>>();
    let turn = |i: usize| Complex64::i().powu(i as u32);
    let hash = |i: usize| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
    vec![
        make(&|_| Complex64::ONE),
        make(&|_| -Complex64::i()),
        make(&|i| Complex64::new(if i % 2 == 0 { 1.0 } else { -1.0 }, 0.0)),
        make(&|i| turn(i % 4)),
        make(&|i| turn(hash(i) % 4)),
        make(&|i| Complex64::new(f64::from(u8::from(i == 0)), 0.0)),
        make(&|i| Complex64::from_polar(1.0, hash(i) as f64)),
        make(&|i| Complex64::new(i as f64 / slots as f64, 0.0)),
    ]
}

/// Searches for a message whose error is large: turns blocks of slots by a quarter or half, and keeps
/// what is worse. Returns the largest error.
pub fn climb(slots: usize, rounds: usize, error: impl Fn(&[Complex64]) -> f64) -> f64 {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut message = vec![Complex64::ONE; slots];
    let mut worst = error(&message);
    for round in 0..rounds {
        let length = (slots >> (1 + round % 6)).max(1);
        let (start, turns) = (random(slots), 1 + random(3) as u32);
        let mut changed = message.clone();
        for i in start..start + length {
            changed[i % slots] *= Complex64::i().powu(turns);
        }
        let found = error(&changed);
        if found > worst {
            (worst, message) = (found, changed);
        }
    }
    worst
}
