use super::*;
use crate::circuit::Template;
use crate::rng::SecureRng;
use rand_core::Rng;

fn template(s: &Selection, bits: usize) -> Template {
    let mut b = Builder::new();
    let words: Vec<Vec<Wire>> = (0..s.inputs()).map(|_| b.inputs(bits)).collect();
    let controls = b.knowns(s.gates());
    let out = s.circuit(&mut b, &words, &controls).unwrap();
    let t = b.build(&out.concat()).unwrap();
    assert_eq!(t.and_gates(), s.gates() * bits);
    t
}

/// Whether the template of one-bit words copies as `map` says: 64 random instances distinguish the inputs.
fn copies(s: &Selection, t: &Template, map: &[usize], inputs: &[u64]) -> bool {
    let controls: Vec<u64> = s
        .controls(map)
        .unwrap()
        .iter()
        .map(|&c| 0u64.wrapping_sub(c.into()))
        .collect();
    let want: Vec<u64> = map.iter().map(|&i| inputs[i]).collect();
    t.evaluate(inputs, &controls) == want
}

fn random(n: usize, seed: u8) -> Vec<u64> {
    let mut rng = SecureRng::from_seed([seed; 32]);
    (0..n).map(|_| rng.next_u64()).collect()
}

#[test]
fn all_maps_of_small_networks() {
    for u in 1..=6usize {
        for v in 1..=6usize {
            let s = Selection::new(u, v).unwrap();
            assert_eq!((s.inputs(), s.outputs()), (u, v));
            let (t, inputs) = (template(&s, 1), random(u, 7));
            for code in 0..u.pow(v as u32) {
                let map: Vec<usize> = (0..v).map(|j| code / u.pow(j as u32) % u).collect();
                assert!(copies(&s, &t, &map, &inputs), "{u} {map:?}");
            }
        }
    }
}

#[test]
fn all_permutations_of_up_to_seven() {
    fn visit(prefix: &mut Vec<usize>, n: usize, each: &mut impl FnMut(&[usize])) {
        if prefix.len() == n {
            return each(prefix);
        }
        for i in 0..n {
            if !prefix.contains(&i) {
                prefix.push(i);
                visit(prefix, n, each);
                prefix.pop();
            }
        }
    }
    for n in 1..=7usize {
        let s = Selection::new(n, n).unwrap();
        let (t, inputs) = (template(&s, 1), random(n, 3));
        visit(&mut Vec::new(), n, &mut |map| {
            assert!(copies(&s, &t, map, &inputs), "{map:?}")
        });
    }
}

#[test]
fn random_maps_of_large_networks() {
    for (u, v) in [
        (16, 100),
        (17, 200),
        (64, 500),
        (100, 1000),
        (200, 17),
        (301, 300),
        (1, 40),
        (40, 1),
    ] {
        let s = Selection::new(u, v).unwrap();
        let (t, inputs) = (template(&s, 1), random(u, 5));
        for round in 0..8 {
            // Over all inputs, over few, over one.
            let few = [u, u, u.div_ceil(2), 3.min(u), 1][round % 5];
            let offset = round % (u - few + 1);
            let map: Vec<usize> = random(v, round as u8)
                .iter()
                .map(|r| offset + (r % few as u64) as usize)
                .collect();
            assert!(copies(&s, &t, &map, &inputs), "{u} {v} {round}");
        }
        let stairs: Vec<usize> = (0..v).map(|j| j * u / v).collect();
        assert!(copies(&s, &t, &stairs, &inputs));
        let reversed: Vec<usize> = stairs.into_iter().rev().collect();
        assert!(copies(&s, &t, &reversed, &inputs));
    }
}

#[test]
fn gate_counts() {
    let waksman = |n: usize| -> usize {
        (1..=n)
            .map(|i| i.next_power_of_two().ilog2() as usize)
            .sum()
    };
    for n in 1..70 {
        let sources: Vec<usize> = (0..n).rev().collect();
        assert_eq!(waksman::controls(&sources).len(), waksman(n));
    }
    // Two Waksman networks and the copying gates, which the published construction bounds.
    for (u, v, gates) in [
        (16, 100, 1_007),
        (17, 200, 2_196),
        (64, 500, 7_247),
        (100, 1000, 16_027),
    ] {
        let s = Selection::new(u, v).unwrap();
        assert!(s.gates() < 2 * waksman(v) + v);
        assert_eq!(s.gates(), gates);
    }
}

#[test]
fn words_of_several_bits() {
    let s = Selection::new(5, 9).unwrap();
    let t = template(&s, 3);
    let inputs = random(15, 1);
    let map = [4, 0, 0, 2, 4, 1, 1, 0, 4];
    let controls: Vec<u64> = s
        .controls(&map)
        .unwrap()
        .iter()
        .map(|&c| 0u64.wrapping_sub(c.into()))
        .collect();
    let want: Vec<u64> = map
        .iter()
        .flat_map(|&i| inputs[3 * i..3 * i + 3].to_vec())
        .collect();
    assert_eq!(t.evaluate(&inputs, &controls), want);
}

#[test]
fn errors() {
    assert!(Selection::new(0, 1).is_err() && Selection::new(1, 0).is_err());
    assert!(Selection::new(MAX_SELECTION + 1, 1).is_err());
    let s = Selection::new(3, 4).unwrap();
    assert!(matches!(
        s.controls(&[0, 1, 2]),
        Err(Error::Length { length: 3, .. })
    ));
    assert!(matches!(
        s.controls(&[0, 1, 3, 2]),
        Err(Error::Malformed { .. })
    ));
    let mut b = Builder::new();
    let words: Vec<Vec<Wire>> = (0..3).map(|_| b.inputs(2)).collect();
    let controls = b.knowns(s.gates());
    assert!(s.circuit(&mut b, &words[..2], &controls).is_err());
    assert!(s.circuit(&mut b, &words, &controls[1..]).is_err());
}
