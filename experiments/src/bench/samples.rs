//! Repeated measurement of a short operation.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Samples of an operation.
const SAMPLES: usize = 21;

/// Times of one operation, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Microseconds {
    /// The median of the samples.
    pub median: f64,
    /// The lower quartile.
    pub lower_quartile: f64,
    /// The upper quartile.
    pub upper_quartile: f64,
}

/// Runs `operation` for about `time`, in samples of equally many repetitions, after a run that is not counted.
///
/// # Errors
/// The first of the operation.
pub fn measure<T, E>(
    time: Duration,
    mut operation: impl FnMut() -> Result<T, E>,
) -> Result<Microseconds, E> {
    operation()?;
    let start = Instant::now();
    operation()?;
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let repetitions = (time.as_secs_f64() / SAMPLES as f64 / once).ceil().max(1.0) as u32;
    let mut samples = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let start = Instant::now();
        for _ in 0..repetitions {
            std::hint::black_box(operation()?);
        }
        samples.push(1e6 * start.elapsed().as_secs_f64() / f64::from(repetitions));
    }
    samples.sort_by(f64::total_cmp);
    let at = |quarters: usize| {
        let index = quarters * (SAMPLES - 1) / 4;
        samples.get(index).copied().unwrap_or_default()
    };
    Ok(Microseconds {
        median: at(2),
        lower_quartile: at(1),
        upper_quartile: at(3),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_takes_its_time() {
        let pause = Duration::from_millis(2);
        let nap = || -> Result<(), ()> {
            std::thread::sleep(pause);
            Ok(())
        };
        let times = measure(Duration::from_millis(1), nap).unwrap();
        assert!(times.lower_quartile >= 2000.0, "{times:?}");
        assert!(times.lower_quartile <= times.median && times.median <= times.upper_quartile);
    }

    #[test]
    fn errors_end_it() {
        let mut left = 5;
        let mut operation = || {
            left -= 1;
            if left == 0 { Err("spent") } else { Ok(()) }
        };
        assert_eq!(measure(Duration::ZERO, &mut operation), Err("spent"));
    }
}
