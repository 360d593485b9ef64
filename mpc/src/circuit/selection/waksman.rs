//! Permutations of any number of words.
//!
//! Pairs of neighbours are exchanged or not, one of each goes to the upper and the other to the lower half, which permute among themselves, and
//! pairs of what comes out are exchanged or not. The last of an odd number goes to the lower half and comes from there; of an even
//! number the last pair of outputs needs no exchange.

use super::Network;

/// Adds the network on `nodes`; returns the permuted ones.
pub(super) fn permute(network: &mut Network, nodes: Vec<usize>) -> Vec<usize> {
    let n = nodes.len();
    match nodes.as_slice() {
        &[x, y] => {
            let (x, y) = network.exchange(x, y);
            return vec![x, y];
        }
        [] | [_] => return nodes,
        _ => {}
    }
    let (mut upper, mut lower) = (Vec::new(), Vec::new());
    for pair in nodes.chunks(2) {
        match *pair {
            [x, y] => {
                let (x, y) = network.exchange(x, y);
                upper.push(x);
                lower.push(y);
            }
            _ => lower.extend(pair),
        }
    }
    let (upper, lower) = (permute(network, upper), permute(network, lower));
    let mut out = Vec::with_capacity(n);
    for (&x, &y) in upper.iter().zip(&lower) {
        let last = out.len() + 2 == n;
        let (x, y) = if last { (x, y) } else { network.exchange(x, y) };
        out.extend([x, y]);
    }
    out.extend(lower.get(upper.len()));
    out
}

/// Whether each exchange of [`permute`], in its order, is on, so that output `j` is input `sources[j]`, a permutation.
#[expect(
    clippy::indexing_slicing,
    reason = "indices are entries of a permutation of 0..n, or neighbours of them below n"
)]
pub(super) fn controls(sources: &[usize]) -> Vec<bool> {
    let n = sources.len();
    match sources {
        [] | [_] => return Vec::new(),
        &[first, _] => return vec![first == 1],
        _ => {}
    }
    let mut sinks = vec![0; n];
    for (j, &i) in sources.iter().enumerate() {
        sinks[i] = j;
    }
    // Whether an input goes to the lower half: neighbours part, at the inputs and at the outputs.
    let mut lower: Vec<Option<bool>> = vec![None; n];
    // The last output comes from the lower half, be `n` odd or even; then every other output not yet decided starts a loop.
    for start in (0..n).rev() {
        let mut output = start;
        while lower[sources[output]].is_none() {
            let input = sources[output];
            lower[input] = Some(true);
            let partner = input ^ 1;
            if partner >= n {
                break;
            }
            lower[partner] = Some(false);
            output = sinks[partner] ^ 1;
            if output >= n {
                break;
            }
        }
    }
    let goes_lower = |i: usize| lower[i] == Some(true);
    let half = n / 2;
    let mut on: Vec<bool> = (0..half).map(|p| goes_lower(2 * p)).collect();
    let (mut above, mut below) = (vec![0; half], vec![0; n - half]);
    for (j, &i) in sources.iter().enumerate() {
        if goes_lower(i) {
            below[j / 2] = i / 2;
        } else {
            above[j / 2] = i / 2;
        }
    }
    on.extend(controls(&above));
    on.extend(controls(&below));
    let exchanged = if n.is_multiple_of(2) { half - 1 } else { half };
    on.extend((0..exchanged).map(|p| goes_lower(sources[2 * p])));
    on
}
