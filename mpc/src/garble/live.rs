//! Tables of the first lanes of a block alone: what a last, partly filled block sends.
//!
//! Lanes are independent of each other in both schemes: a lane's labels depend on its own part of the tables alone. What is left out is
//! neither needed nor missed.
#![expect(
    clippy::indexing_slicing,
    reason = "all ranges lie within one gate's bytes, by the layout"
)]

use super::{LANES, Scheme};

impl Scheme {
    /// Bytes a lane of the two arrays that a gate's table begins with, and bytes that follow them for all lanes together.
    const fn layout(self) -> ([usize; 2], usize) {
        match self {
            Self::HalfGates => ([16, 16], 0),
            // The control bits, five a lane, stay together: they are not worth repacking.
            Self::ThreeHalves => ([16, 8], 10),
        }
    }

    /// Bytes of one AND gate's table in `lanes` lanes alone, at most [`LANES`].
    #[must_use]
    pub const fn live_gate_bytes(self, lanes: usize) -> usize {
        let ([first, second], rest) = self.layout();
        (first + second) * lanes + rest
    }

    /// Writes the part of `tables`, a whole block's, that the first `lanes` lanes need.
    pub(crate) fn pack(self, lanes: usize, tables: &[u8], packed: &mut [u8]) {
        let gates = tables.chunks_exact(self.gate_bytes());
        for (gate, packed) in gates.zip(packed.chunks_exact_mut(self.live_gate_bytes(lanes))) {
            for (whole, part) in self.parts(lanes) {
                packed[part..][..whole.len()].copy_from_slice(&gate[whole]);
            }
        }
    }

    /// Writes a whole block's tables from what [`Scheme::pack`] wrote; what the other lanes get is unspecified.
    pub(crate) fn unpack(self, lanes: usize, packed: &[u8], tables: &mut [u8]) {
        let gates = tables.chunks_exact_mut(self.gate_bytes());
        for (gate, packed) in gates.zip(packed.chunks_exact(self.live_gate_bytes(lanes))) {
            for (whole, part) in self.parts(lanes) {
                let length = whole.len();
                gate[whole].copy_from_slice(&packed[part..][..length]);
            }
        }
    }

    /// The bytes of a gate's table that `lanes` lanes need, and where each piece lies once packed.
    fn parts(self, lanes: usize) -> [(std::ops::Range<usize>, usize); 3] {
        let ([first, second], rest) = self.layout();
        let (start, end) = (first * LANES, (first + second) * LANES);
        [
            (0..first * lanes, 0),
            (start..start + second * lanes, first * lanes),
            (end..end + rest, (first + second) * lanes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.live_gate_bytes(LANES), scheme.gate_bytes());
        }
        assert_eq!(Scheme::HalfGates.live_gate_bytes(1), 32);
        assert_eq!(Scheme::ThreeHalves.live_gate_bytes(1), 34);
    }

    #[test]
    fn packing_keeps_what_the_lanes_need() {
        for scheme in Scheme::ALL {
            let whole: Vec<u8> = (0..3 * scheme.gate_bytes())
                .map(|i| (i * 7 % 251) as u8)
                .collect();
            for lanes in [1, 5, LANES] {
                let mut packed = vec![0; 3 * scheme.live_gate_bytes(lanes)];
                scheme.pack(lanes, &whole, &mut packed);
                let mut back = vec![0xff; whole.len()];
                scheme.unpack(lanes, &packed, &mut back);
                let mut again = vec![0; packed.len()];
                scheme.pack(lanes, &back, &mut again);
                assert_eq!(packed, again);
                assert_eq!(back == whole, lanes == LANES);
                // The first array of a gate begins with the lanes' own bytes.
                assert_eq!(packed[..16 * lanes], whole[..16 * lanes]);
            }
        }
    }
}
