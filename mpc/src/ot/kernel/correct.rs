//! The sender's correction, on wide registers: the portable loop, compiled for each instruction set.

use super::portable;
use crate::block::Block;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
pub(super) fn avx512(to: &mut [Block], from: &[Block], mask: Block) {
    portable::add_masked(to, from, mask);
}

#[target_feature(enable = "avx2")]
pub(super) fn avx2(to: &mut [Block], from: &[Block], mask: Block) {
    portable::add_masked(to, from, mask);
}
