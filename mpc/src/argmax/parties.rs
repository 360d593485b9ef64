//! Both sides of the argmax.

use super::ArgmaxSpec;
use crate::Error;
use crate::channel::{Channel, Part};
use crate::circuit::Template;
use crate::evaluate::{Function, words};
use crate::session::{EvaluatorSession, GarblerSession};
use zeroize::Zeroizing;

fn function<'a>(template: &'a Template, layer: &'a str) -> Function<'a> {
    Function {
        template,
        layer,
        part: Part::Argmax,
    }
}

impl GarblerSession {
    /// Runs an argmax on shares `[class][instance]`; this party learns nothing.
    ///
    /// Starts by receiving and ends by sending.
    ///
    /// # Errors
    /// Of the channel; [`Error::Length`] if the shares are no whole number of instances.
    pub fn argmax(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ArgmaxSpec,
        x: &[u32],
    ) -> Result<(), Error> {
        let template = spec.template()?;
        let instances = spec.instances(x.len())?;
        let known = Zeroizing::new(spec.bits(x, instances));
        self.garble_opened(ch, &function(&template, layer), instances, &known)
    }
}

impl EvaluatorSession {
    /// Runs an argmax on shares `[class][instance]`; returns the index of every instance.
    ///
    /// Starts by sending and ends by receiving.
    ///
    /// # Errors
    /// Of the channel; [`Error::Length`] if the shares are no whole number of instances; [`Error::Malformed`] if an index
    /// is no class.
    pub fn argmax(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ArgmaxSpec,
        x: &[u32],
    ) -> Result<Vec<u32>, Error> {
        let template = spec.template()?;
        let instances = spec.instances(x.len())?;
        let bits = Zeroizing::new(spec.bits(x, instances));
        let opened = self.evaluate_opened(ch, &function(&template, layer), instances, &bits)?;
        let outputs = template.outputs();
        let classes: Vec<u32> = words::read(&opened, outputs, 0, outputs, instances)
            .into_iter()
            .map(|class| class as u32)
            .collect();
        match classes.iter().position(|c| *c >= spec.classes) {
            None => Ok(classes),
            Some(i) => Err(Error::Malformed {
                what: format!("class of instance {i}"),
                detail: format!(
                    "index above {}: the garbled tables are corrupt",
                    spec.classes - 1
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argmax::argmax_reference;
    use crate::rng::SecureRng;
    use crate::share::low_mask;
    use crate::simd::Simd;
    use rand_core::Rng;

    #[test]
    fn opens_the_reference_to_the_evaluator() {
        let spec = ArgmaxSpec {
            classes: 10,
            share_bits: 22,
            width: 14,
        };
        for instances in [1usize, 16, 33, 150] {
            let mut rng = SecureRng::from_seed([4; 32]);
            let n = instances * 10;
            // Few distinct values, so that ties and near ties occur.
            let values: Vec<u32> = (0..n)
                .map(|_| (rng.next_u32() % 7).wrapping_sub(3).wrapping_mul(200) & low_mask(22))
                .collect();
            let garbler: Vec<u32> = (0..n).map(|_| rng.next_u32() & low_mask(22)).collect();
            let evaluator: Vec<u32> = values
                .iter()
                .zip(&garbler)
                .map(|(v, g)| v.wrapping_sub(*g) & low_mask(22))
                .collect();
            let (mut a, mut b) = Channel::pair();
            let simd = Simd::detect();
            let got = std::thread::scope(|s| {
                let garbler = &garbler;
                let handle = s.spawn(move || {
                    let mut rng = SecureRng::from_seed([1; 32]);
                    let mut session = GarblerSession::setup(&mut a, &mut rng, simd).unwrap();
                    session.argmax(&mut a, "argmax", &spec, garbler).unwrap();
                });
                let mut rng = SecureRng::from_seed([2; 32]);
                let mut session = EvaluatorSession::setup(&mut b, &mut rng, simd).unwrap();
                let got = session.argmax(&mut b, "argmax", &spec, &evaluator).unwrap();
                handle.join().unwrap();
                got
            });
            for (i, class) in got.iter().enumerate() {
                let column = |x: &[u32]| (0..10).map(|c| x[c * instances + i]).collect::<Vec<_>>();
                let want = argmax_reference(&spec, &column(&evaluator), &column(&garbler));
                assert_eq!(*class as usize, want, "instance {i}");
            }
        }
    }
}
