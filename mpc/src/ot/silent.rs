//! Silent correlated OT: Ferret (Yang, Weng, Lan, Zhang, Wang, CCS 2020, eprint 2020/924), semi-honest, with the trees of
//! Half-Tree (Guo et al., EUROCRYPT 2023, eprint 2022/1431). Two million COTs for one message of half a megabyte.
//!
//! **Result.** As of every correlated OT: the sender holds Δ and keys K, the receiver random bits r and M = K + r Δ.
//!
//! **Strings.** Lowest bits carry the choice: that of Δ is 1, that of every K is 0, and so that of M is r. All operations here
//! are sums, which keep this; 127 bits are left.
//!
//! **Iteration.** COTs make more COTs. Let a vector of k COTs be K' and (s, M' = K' + s Δ), the base. A is a public n × k matrix
//! with d = 10 random ones a row (fewer where two places agree). Let e be a vector of n bits in t bins of 2^h, each with a
//! single one, and suppose both know V and W = V + e Δ. Then
//!
//! ```text
//! K = A K' + V        M = A M' + W = K + (A s + e) Δ        r = A s + e
//! ```
//!
//! are n COTs, and r is pseudorandom by the LPN assumption. The last k + t h of them are the next iteration's base, never
//! handed out; the others go to the caller. The first base is made by SoftSpoken extension (k = 8) under the same Δ.
//!
//! **Bins.** V and W of a bin are the leaves of a binary tree whose every level sums to Δ:
//!
//! ```text
//! level 1:       (K_1, K_1 + Δ),                            K_1 the key of a COT
//! level l + 1:   left = H(x), right = H(x) + x,             for every node x of level l
//! H(x) = AES_{S + i}(σ(x)) + σ(x),  σ(L || R) = (L + R) || L, for tree number i of the session
//! ```
//!
//! If the path to the hole turns to side a_l at level l, the receiver must know L_l + (1 - a_l) Δ, the sum of the nodes on the
//! other side, where L_l is that on the left. One COT (K_l; M_l = K_l + r_l Δ) and one block do: the sender sends
//! c_l = K_l + L_l, and c_l + M_l = L_l + r_l Δ; the hole is where a_l = 1 - r_l. So the receiver's random choices *are* the
//! place of the noise, and nothing goes from receiver to sender; at level 1, c_1 = 0 is not sent either. The receiver
//! rebuilds every node but those on the path; and all other leaves together are the missing one plus Δ, which is W there.
//! No step of the receiver depends on the hole: nodes on the path are carried as zero, their children are overwritten by
//! masked additions over the whole level.
//!
//! **Lazily.** An iteration's message is sent at once. Trees are expanded, multiplied and handed out one at a time (8 KiB, in
//! the L1 cache; the base in L2): between calls an iteration is its base and 16 (sender) or 148 (receiver) bytes a tree.
//! Iterations can be run ahead ([`Sender::reserve`]).
//!
//! **Cost** of the standard set: one AES call, ten base entries of 16 bytes and 2.5 AES blocks of public randomness a COT (the
//! sender expands trees twice, once for the message); 0.267 bytes a COT from sender to receiver, none back; 240 kB of
//! SoftSpoken extension at set-up. Memory: 2.0 MB for the next base, and 1.5 MB (receiver: 2.1 MB) for each iteration under way.
//!
//! **Simulator (semi-honest).** The sender receives nothing: its view is its own coins, and the ideal functionality takes its
//! keys. Its only doubt is r, which is s and the holes under LPN. The receiver sees the c_l. The sum beside the path is, with
//! what it knows, one value H(x + Δ) (+ x + Δ) for a known x: uniform if H is circular correlation robust, as it is for AES as
//! an ideal cipher (eprint 2019/074; every tree has its own cipher key, so that work against Δ does not add up over trees:
//! at most h calls a key). Hence draw the sums beside the path at random, and c_l from them and the M_l. The lowest bit of c_l
//! is no secret: that of Δ is known. There is no consistency check: a malicious sender could learn places of the noise.
//!
//! **Assumption and sizes.** LPN over F₂ with regular noise, dimension k, n samples, 10-sparse matrix: (A, A s + e) looks like
//! (A, uniform). Bits of security by [`LpnParameters::security`], where the attacks are described; the sets of Ferret's
//! reference implementation (emp-ot, b13 to b11) for comparison:
//!
//! | | n | t | k | h | Gauss | decoding | minor | smallest minor | algebra | bytes a COT |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | standard | 2,097,152 | 4,096 | 90,112 | 9 | 293 | 260 | 194 | 149 | 158 | 0.27 |
//! | b13 | 10,485,760 | 1,280 | 452,000 | 13 | 134 | 110 | 82 | 68 | 108 | 0.03 |
//! | b12 | 10,268,672 | 2,507 | 238,000 | 12 | 134 | 110 | 78 | 65 | 88 | 0.05 |
//! | b11 | 10,180,608 | 4,971 | 124,000 | 11 | 132 | 108 | 75 | 61 | 74 | 0.09 |
//!
//! Those sets were chosen for 128 bits by Gauss with a dense matrix. Against sparse rows and regular noise they leave no
//! margin; hence more noise here, in smaller bins, for a quarter of a byte. The standard set keeps 20 bits above 128 against the
//! strongest attack of the table (which nobody knows how to mount), for attacks to come.
//!
//! Correlated strings are not OT keys: they must be hashed, with an index that never repeats, before they hide anything.

mod kernel;
mod parameters;
mod receiver;
mod security;
mod sender;
mod stream;

pub use parameters::LpnParameters;
pub use receiver::Receiver;
pub use security::Security;
pub use sender::Sender;

use crate::block::Block;

/// Ones in a row of the matrix (d): base COTs summed for one output.
pub const ROW_WEIGHT: usize = 10;

/// k of the SoftSpoken extension that makes the first base COTs.
const BASE_K: usize = 8;

/// All ones but the lowest bit.
const CLEAR_LSB: Block = Block([!1, !0]);

#[cfg(test)]
mod tests;
