//! Every operation at one parameter set.

use std::time::Duration;

use halfmask_models::Error;
use halfmask_models::bridge::ckks::ckks::Ciphertext;
use halfmask_models::bridge::ckks::{PublicSeed, SecureRng};

use super::Operation;
use super::setting::{Setting, rotations};
use crate::bench::samples;

/// Operations with their times, in the order in which a program meets them.
struct Times {
    time: Duration,
    operations: Vec<Operation>,
}

impl Times {
    fn of<T, E>(&mut self, name: &str, operation: impl FnMut() -> Result<T, E>) -> Result<(), Error>
    where
        Error: From<E>,
    {
        let microseconds = samples::measure(self.time, operation)?;
        self.operations.push(Operation {
            operation: name.to_owned(),
            microseconds,
        });
        Ok(())
    }
}

pub(super) fn measure(setting: &Setting, time: Duration) -> Result<Vec<Operation>, Error> {
    let mut times = Times {
        time,
        operations: Vec::new(),
    };
    transforms(setting, &mut times)?;
    encryption(setting, &mut times)?;
    arithmetic(setting, &mut times)?;
    key_switching(setting, &mut times)?;
    serialisation(setting, &mut times)?;
    Ok(times.operations)
}

/// Of one limb, in place.
fn transforms(setting: &Setting, times: &mut Times) -> Result<(), Error> {
    let Some(ntt) = setting.context.key_ring().limbs().first() else {
        return Ok(());
    };
    let step = ntt.modulus().value() / ntt.degree() as u64;
    let mut limb: Vec<u64> = (0..ntt.degree() as u64).map(|i| i * step).collect();
    times.of("NTT forward", || ntt.forward(&mut limb))?;
    times.of("NTT inverse", || ntt.inverse(&mut limb))
}

fn encryption(setting: &Setting, times: &mut Times) -> Result<(), Error> {
    let Setting {
        encoder,
        secret,
        public,
        values,
        plain,
        x,
        ..
    } = setting;
    let mut rng = SecureRng::from_os()?;
    let mut seed = PublicSeed::generate(&mut rng);
    times.of("encode", || encoder.encode_complex(values))?;
    times.of("decode", || encoder.decode_complex(plain))?;
    times.of("encrypt, seeded", || {
        secret.encrypt(plain, &mut seed, &mut rng)
    })?;
    times.of("encrypt, expanded", || {
        let sent = secret.encrypt(plain, &mut seed, &mut rng);
        sent.map(|sent| sent.expand())
    })?;
    times.of("encrypt, public key", || public.encrypt(plain, &mut rng))?;
    times.of("decrypt", || secret.decrypt(x))
}

fn arithmetic(setting: &Setting, times: &mut Times) -> Result<(), Error> {
    let Setting {
        evaluator,
        x,
        y,
        plain,
        ..
    } = setting;
    times.of("add", || evaluator.add(x, y))?;
    times.of("multiply plain", || evaluator.multiply_plain(x, plain))?;
    times.of("multiply", || evaluator.multiply(x, y))?;
    times.of("square", || evaluator.square(x))?;
    let product = evaluator.multiply_plain(x, plain)?;
    times.of("rescale", || evaluator.rescale(&product))
}

fn key_switching(setting: &Setting, times: &mut Times) -> Result<(), Error> {
    let Setting {
        evaluator, x, y, ..
    } = setting;
    let product = evaluator.multiply(x, y)?;
    let steps = rotations();
    times.of("relinearise", || evaluator.relinearize(&product))?;
    times.of("multiply, relinearise", || {
        evaluator.multiply_relinearize(x, y)
    })?;
    times.of("rotate", || evaluator.rotate(x, 1))?;
    times.of("rotate, 8 hoisted", || evaluator.rotate_many(x, &steps))
}

fn serialisation(setting: &Setting, times: &mut Times) -> Result<(), Error> {
    let Setting { context, x, .. } = setting;
    let bytes = x.to_bytes();
    times.of("serialise", || Ok::<_, Error>(x.to_bytes()))?;
    times.of("deserialise", || Ciphertext::from_bytes(context, &bytes))
}
