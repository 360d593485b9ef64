//! Numbers as bits of instances, sixteen to a word.

use crate::garble::LANES;

/// Writes the low `bits` bits of instance values to the wires `offset..offset + bits` of words `[block][wire]`, `wires` of them a block.
///
/// Lanes without a value become zero.
pub fn write(values: &[u64], bits: usize, words: &mut [u16], wires: usize, offset: usize) {
    if wires == 0 {
        return;
    }
    for (block, values) in words.chunks_exact_mut(wires).zip(values.chunks(LANES)) {
        for (bit, word) in block.iter_mut().skip(offset).take(bits).enumerate() {
            *word = values
                .iter()
                .enumerate()
                .fold(0, |w, (lane, v)| w | ((v >> bit & 1) as u16) << lane);
        }
    }
}

/// Writes the low `bits` bits of one value to the same wires of every instance.
pub fn write_constant(value: u64, bits: usize, words: &mut [u16], wires: usize, offset: usize) {
    if wires == 0 {
        return;
    }
    for block in words.chunks_exact_mut(wires) {
        for (bit, word) in block.iter_mut().skip(offset).take(bits).enumerate() {
            *word = ((value >> bit & 1) as u16).wrapping_neg();
        }
    }
}

/// Reads what [`write`](self::write()) wrote: the values of `instances` instances.
#[must_use]
pub fn read(words: &[u16], wires: usize, offset: usize, bits: usize, instances: usize) -> Vec<u64> {
    let mut values = vec![0u64; instances];
    if wires == 0 {
        return values;
    }
    for (values, block) in values.chunks_mut(LANES).zip(words.chunks_exact(wires)) {
        for (bit, word) in block.iter().skip(offset).take(bits).enumerate() {
            for (lane, value) in values.iter_mut().enumerate() {
                *value |= u64::from(word >> lane & 1) << bit;
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        for instances in [0usize, 1, 15, 16, 17, 40] {
            let values: Vec<u64> = (0..instances as u64).map(|v| v * 0x9e37_79b9).collect();
            let blocks = instances.div_ceil(LANES);
            let mut words = vec![0xffff; blocks * 50];
            write(&values, 33, &mut words, 50, 7);
            write_constant(0b1101, 4, &mut words, 50, 46);
            let want: Vec<u64> = values.iter().map(|v| v & ((1 << 33) - 1)).collect();
            assert_eq!(read(&words, 50, 7, 33, instances), want);
            assert_eq!(read(&words, 50, 46, 4, instances), vec![0b1101; instances]);
            // What lies beside is left alone.
            assert_eq!(read(&words, 50, 0, 7, instances), vec![0x7f; instances]);
        }
        assert_eq!(read(&[], 0, 0, 3, 2), [0, 0]);
    }
}
