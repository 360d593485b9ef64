//! Keys, ciphertexts and plaintexts of a preset.

use std::sync::Arc;

use halfmask_models::Error;
use halfmask_models::bridge::ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, Parameters, Plaintext,
    Preset, PublicKey, SecretKey, SeededCiphertext,
};
use halfmask_models::bridge::ckks::{PublicSeed, SecureRng};

/// Rotations that share one decomposition.
pub(super) const HOISTED: i64 = 8;

/// Everything that operations need.
pub(super) struct Setting {
    pub(super) context: Arc<Context>,
    pub(super) encoder: Encoder,
    pub(super) evaluator: Evaluator,
    pub(super) secret: SecretKey,
    pub(super) public: PublicKey,
    /// One on the unit circle in every slot.
    pub(super) values: Vec<Complex64>,
    pub(super) plain: Plaintext,
    /// `plain`, as it would be sent.
    pub(super) sent: SeededCiphertext,
    /// Two encryptions of `plain`.
    pub(super) x: Ciphertext,
    pub(super) y: Ciphertext,
}

impl Setting {
    pub(super) fn new(preset: Preset) -> Result<Self, Error> {
        let context = Context::new(&Parameters::preset(preset)?)?;
        let mut rng = SecureRng::from_os()?;
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &mut rng)?;
        let keys = EvaluationKeys::builder(&secret)
            .relinearization()
            .rotations(&rotations())
            .build(&mut rng)?;
        let encoder = Encoder::new(&context)?;
        let value = |j: usize| Complex64::from_polar(1.0, j as f64);
        let values: Vec<Complex64> = (0..context.slots()).map(value).collect();
        let plain = encoder.encode_complex(&values)?;
        let mut seed = PublicSeed::generate(&mut rng);
        Ok(Self {
            evaluator: Evaluator::new(&context, Arc::new(keys))?,
            sent: secret.encrypt(&plain, &mut seed, &mut rng)?,
            x: public.encrypt(&plain, &mut rng)?,
            y: public.encrypt(&plain, &mut rng)?,
            context,
            encoder,
            secret,
            public,
            values,
            plain,
        })
    }
}

/// 1 to [`HOISTED`].
pub(super) fn rotations() -> Vec<i64> {
    (1..=HOISTED).collect()
}
