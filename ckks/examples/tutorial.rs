//! CKKS from encoding to decryption, with power, level, scale and precision after every step.
//!
//! ```text
//! cargo run --release -p halfmask-ckks --example tutorial
//! ```

use halfmask_ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, Error, EvaluationKeys, Evaluator, NoiseEstimate,
    NoiseModel, Parameters, Precision, Preset, SecretKey,
};
use halfmask_ckks::{PublicSeed, SecureRng};
use std::fmt;
use std::sync::Arc;

/// What is known of a ciphertext after a step.
pub struct Step {
    /// The operation.
    pub name: &'static str,
    /// Components less one.
    pub power: usize,
    /// Rescales left.
    pub level: usize,
    /// The scale.
    pub scale: f64,
    /// Bits that every slot was promised before anything ran.
    pub promised: f64,
    /// What decryption shows.
    pub precision: Precision,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} power {}  level {}  scale 2^{:.3}  promised {:.1} bits in every slot",
            self.name,
            self.power,
            self.level,
            self.scale.log2(),
            self.promised
        )?;
        write!(f, "{}", self.precision)
    }
}

/// What the owner of the data has: the only one who can look at a step.
struct Owner {
    secret: SecretKey,
    encoder: Encoder,
    model: NoiseModel,
}

impl Owner {
    fn look(
        &self,
        name: &'static str,
        ciphertext: &Ciphertext,
        expected: &[Complex64],
        estimate: &NoiseEstimate,
    ) -> Result<Step, Error> {
        let decrypted = self.secret.decrypt(ciphertext)?;
        let slots = self.encoder.decode_complex(&decrypted)?;
        Ok(Step {
            name,
            power: ciphertext.power(),
            level: ciphertext.level(),
            scale: ciphertext.scale(),
            promised: self.model.bits(estimate),
            precision: Precision::compare(expected, &slots)?,
        })
    }
}

/// Computes rotate(x y, 1) + 0.5 on complex vectors within the unit circle.
pub fn tour() -> Result<Vec<Step>, Error> {
    // 1. Parameters. N = 8192: 4096 slots. Data primes of 50, 40 and 40 bits: level 2, so two products
    //    can follow each other. One special prime for the keys. The context is shared by all parties.
    let parameters = Parameters::preset(Preset::N8192)?;
    let context = Context::new(&parameters)?;

    // 2. Keys. The secret stays with the owner; evaluation keys are public, and only those that are
    //    asked for are made.
    let mut rng = SecureRng::from_os()?;
    let secret = SecretKey::generate(&context, &mut rng);
    let keys = EvaluationKeys::builder(&secret)
        .relinearization()
        .rotations(&[1])
        .build(&mut rng)?;
    let evaluator = Evaluator::new(&context, Arc::new(keys))?;
    let owner = Owner {
        encoder: Encoder::new(&context)?,
        model: NoiseModel::new(&parameters),
        secret,
    };
    let model = &owner.model;
    let mut steps = Vec::new();

    // 3. Encode and encrypt. The model is told that no slot is above 1, and nothing else of the message.
    let slots = context.slots();
    let x: Vec<Complex64> = (0..slots)
        .map(|i| Complex64::from_polar(1.0, i as f64 / 10.0))
        .collect();
    let y: Vec<Complex64> = (0..slots)
        .map(|i| Complex64::new(i as f64 / slots as f64, 0.0))
        .collect();
    let mut seed = PublicSeed::generate(&mut rng);
    let mut encrypt = |values: &[Complex64]| {
        let plain = owner.encoder.encode_complex(values)?;
        let sent = owner.secret.encrypt(&plain, &mut seed, &mut rng)?;
        Ok::<_, Error>(sent.expand())
    };
    let (cx, cy) = (encrypt(&x)?, encrypt(&y)?);
    let encoded = model.encoded(1.0, cx.scale(), cx.level());
    let fresh = model.encrypted_symmetric(&encoded);
    steps.push(owner.look("encrypt", &cx, &x, &fresh)?);

    // 4. Multiply: the scales multiply, and a third component appears.
    let product = evaluator.multiply(&cx, &cy)?;
    let mut expected: Vec<Complex64> = x.iter().zip(&y).map(|(x, y)| x * y).collect();
    let mut estimate = model.multiply(&fresh, &fresh);
    steps.push(owner.look("multiply", &product, &expected, &estimate)?);

    // 5. Relinearise: back to two components.
    let product = evaluator.relinearize(&product)?;
    estimate = model.key_switch(&estimate);
    steps.push(owner.look("relinearize", &product, &expected, &estimate)?);

    // 6. Rescale: the scale returns to 2^40, one level is used up.
    let product = evaluator.rescale(&product)?;
    estimate = model.rescale(&estimate);
    steps.push(owner.look("rescale", &product, &expected, &estimate)?);

    // 7. Rotate: slot j + 1 moves to slot j.
    let rotated = evaluator.rotate(&product, 1)?;
    expected.rotate_left(1);
    estimate = model.key_switch(&estimate);
    steps.push(owner.look("rotate", &rotated, &expected, &estimate)?);

    // 8. Add a number to every slot.
    let result = evaluator.add_scalar(&rotated, 0.5)?;
    expected.iter_mut().for_each(|z| *z += 0.5);
    let half = model.scalar(0.5, result.scale(), result.level());
    estimate = model.add(&estimate, &half);
    steps.push(owner.look("add_scalar", &result, &expected, &estimate)?);
    Ok(steps)
}

fn main() -> Result<(), Error> {
    for step in tour()? {
        println!("{step}");
    }
    Ok(())
}
