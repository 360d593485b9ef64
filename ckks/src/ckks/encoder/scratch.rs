//! Working memory that is handed out, overwritten and kept, so that a call neither allocates nor
//! leaves a message behind.

use crate::sample::wipe;
use rustfft::num_complex::Complex64;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Buffers of one call, all zero when handed out.
#[derive(Default)]
pub(super) struct Buffers {
    /// N/2 slots, in the order of the Fourier transform.
    pub(super) slots: Vec<Complex64>,
    /// N/2 folded coefficients.
    pub(super) folded: Vec<Complex64>,
    /// What the Fourier transform asks for beside.
    pub(super) fft: Vec<Complex64>,
    /// One element of the ring; as long as decoding asked for.
    pub(super) words: Vec<u64>,
}

/// Buffers that wait for the next call.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Buffers>>);

impl Pool {
    /// Buffers for N/2 = `slots`, with `fft` numbers beside.
    pub(super) fn take(&self, slots: usize, fft: usize) -> Lent<'_> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffers = waiting.pop().unwrap_or_default();
        drop(waiting);
        buffers.slots.resize(slots, Complex64::default());
        buffers.folded.resize(slots, Complex64::default());
        buffers.fft.resize(fft, Complex64::default());
        Lent {
            pool: self,
            buffers,
        }
    }
}

/// Buffers that go back to their pool, overwritten, when dropped.
pub(super) struct Lent<'a> {
    pool: &'a Pool,
    buffers: Buffers,
}

impl Deref for Lent<'_> {
    type Target = Buffers;

    fn deref(&self) -> &Buffers {
        &self.buffers
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Buffers {
        &mut self.buffers
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        wipe(&mut self.buffers.slots);
        wipe(&mut self.buffers.folded);
        wipe(&mut self.buffers.fft);
        wipe(&mut self.buffers.words);
        let buffers = std::mem::take(&mut self.buffers);
        let mut waiting = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(buffers);
    }
}
