//! Oblivious transfer: base OT once a session, then correlated OT by extension.
//!
//! * [`base`]: random OT on ristretto255 (Chou–Orlandi, eprint 2015/267), 128 at once;
//! * [`ggm`]: all-but-one transfer by punctured trees;
//! * [`CotSender`], [`CotReceiver`]: correlated OT, one pair for each direction of a session, by one of two protocols:
//!   * [`soft_spoken`] (eprint 2022/192): 3.9 bytes a COT at k = 4, less or more at other k, a chunk of 4,096 at a time;
//!   * [`silent`] (Ferret, eprint 2020/924): 0.27 bytes a COT, two million at a time.
//!
//! ```
//! use halfmask_mpc::{block::Block, channel::Channel, ot::{CotProtocol, CotReceiver, CotSender}, rng::SecureRng, simd::Simd};
//!
//! # fn main() -> Result<(), halfmask_mpc::Error> {
//! let (mut a, mut b) = Channel::pair();
//! let receiver = std::thread::spawn(move || {
//!     let mut ot = CotReceiver::setup(&mut b, CotProtocol::Silent, &mut SecureRng::from_os()?, Simd::detect())?;
//!     let (mut choices, mut macs) = ([0_u16; 2], [Block::ZERO; 32]);
//!     ot.extend(&mut b, &mut choices, &mut macs)?;
//!     Ok::<_, halfmask_mpc::Error>((choices, macs))
//! });
//! let mut ot = CotSender::setup(&mut a, CotProtocol::Silent, &mut SecureRng::from_os()?, Simd::detect())?;
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
mod cot;
pub mod ggm;
mod kernel;
pub mod silent;
pub mod soft_spoken;
mod transpose;

pub use cot::{CotProtocol, CotReceiver, CotSender, Role, setup_both};
pub use soft_spoken::CHUNK;
pub use transpose::transpose;
