use super::*;

#[test]
fn one_bit_is_a_difference() {
    let a = Results::LogLikelihoods(vec![-1.0, -2.0]);
    let b = Results::LogLikelihoods(vec![-1.0, f64::from_bits((-2.0f64).to_bits() + 1)]);
    assert_eq!(first_difference(&a, &a), None);
    assert_eq!(first_difference(&a, &b), Some(1));
    let short = Results::LogLikelihoods(vec![-1.0]);
    assert_eq!(first_difference(&a, &short), Some(1));
    assert_eq!(first_difference(&a, &Results::Classes(vec![1, 2])), Some(0));
}

#[test]
fn labels_that_differ_are_listed_with_their_margin() {
    let float = [(1, 5.0), (0, 1e-4)].map(|(class, margin)| Classification {
        class,
        value: -1.0,
        margin,
    });
    let (agreement, apart) = labels(&[1, 1], &float);
    assert_eq!(agreement, 0.5);
    let expected = Apart {
        row: 2,
        class: 1,
        float_class: 0,
        margin: 1e-4,
    };
    assert_eq!(apart, [expected]);
}
