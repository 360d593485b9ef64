//! Residues as they travel: limb by limb, each limb's segment packed at the width of its modulus.

use crate::Error;
use halfmask_ckks::RingContext;
use halfmask_ckks::wire;

/// Bytes of `values` residues a limb.
pub(super) fn bytes(context: &RingContext<u32>, values: usize) -> usize {
    context
        .moduli()
        .map(|m| (values * m.bits() as usize).div_ceil(8))
        .sum()
}

/// Packs the first `values` residues of every limb of an element.
pub(super) fn pack(
    context: &RingContext<u32>,
    element: &[u32],
    values: usize,
    mut out: &mut [u8],
) -> Result<(), Error> {
    for (modulus, limb) in context.moduli().zip(element.chunks(context.degree())) {
        let length = (values * modulus.bits() as usize).div_ceil(8);
        let (head, tail) = out.split_at_mut_checked(length).unwrap_or_default();
        wire::pack_into(limb.get(..values).unwrap_or_default(), modulus.bits(), head)?;
        out = tail;
    }
    Ok(())
}

/// Unpacks and checks `values` residues a limb, each limb into its slice.
pub(super) fn unpack<'a>(
    context: &RingContext<u32>,
    mut bytes: &[u8],
    values: usize,
    out: impl Iterator<Item = &'a mut [u32]>,
) -> Result<(), Error> {
    for (modulus, out) in context.moduli().zip(out) {
        let length = (values * modulus.bits() as usize).div_ceil(8);
        let (head, tail) = bytes.split_at_checked(length).unwrap_or_default();
        let residues = wire::unpack_residues(head, values, modulus.value())?;
        for (to, from) in out.iter_mut().zip(residues) {
            *to = from;
        }
        bytes = tail;
    }
    Ok(())
}
