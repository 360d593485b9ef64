//! Oblivious transfer: base OT once a session, then correlated OT by extension.
//!
//! * [`base`]: random OT on ristretto255 (Chou–Orlandi, eprint 2015/267), 128 at once;
//! * [`ggm`]: all-but-one transfer by punctured trees;
//! * [`CotSender`], [`CotReceiver`]: SoftSpoken correlated OT (eprint 2022/192), one pair for each direction of a session.
//!
//! ```
//! use halfmask_mpc::{block::Block, channel::Channel, ot::{CotReceiver, CotSender}, rng::SecureRng, simd::Simd};
//!
//! # fn main() -> Result<(), halfmask_mpc::Error> {
//! let (mut a, mut b) = Channel::pair();
//! let receiver = std::thread::spawn(move || {
//!     let mut ot = CotReceiver::setup(&mut b, 4, &mut SecureRng::from_os()?, Simd::detect())?;
//!     let (mut choices, mut macs) = ([0_u16; 2], [Block::ZERO; 32]);
//!     ot.extend(&mut b, &mut choices, &mut macs)?;
//!     Ok::<_, halfmask_mpc::Error>((choices, macs))
//! });
//! let mut ot = CotSender::setup(&mut a, 4, &mut SecureRng::from_os()?, Simd::detect())?;
//! let mut keys = [Block::ZERO; 32];
//! ot.extend(&mut a, &mut keys)?;
//! # if let Ok(outcome) = receiver.join() {
//! # let (choices, macs) = outcome?;
//! // M = K + r Δ for each of the 32:
//! for (i, (key, mac)) in keys.iter().zip(&macs).enumerate() {
//!     let choice = u64::from(choices[i / 16] >> (i % 16));
//!     assert!(*mac == *key ^ ot.delta().block().and_mask(choice));
//! }
//! # }
//! # Ok(())
//! # }
//! ```

pub mod base;
pub mod ggm;
mod kernel;
mod soft_spoken;
mod transpose;

pub use soft_spoken::{CHUNK, CotReceiver, CotSender, Role, setup_both};
pub use transpose::transpose;
