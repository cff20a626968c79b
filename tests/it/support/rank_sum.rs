//! Whether two samples come from one distribution: the rank-sum test (Mann and Whitney, Annals of Mathematical
//! Statistics 18, 1947). It asks of every pair which is larger, so that a few calls that the machine held up do not
//! decide, as they would in a comparison of means.

/// How far apart two samples are, in standard deviations of the rank sum if they were of one distribution; positive
/// where `other` is larger.
pub fn score(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<_> = one.iter().map(|x| (*x, false)).chain(other.iter().map(|x| (*x, true))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut begin) = (0.0, 0);
    while begin < all.len() {
        let end = begin + all[begin..].iter().take_while(|(x, _)| *x == all[begin].0).count();
        // Equals share the mean of their ranks.
        let rank = (begin + end + 1) as f64 / 2.0;
        sum += rank * all[begin..end].iter().filter(|(_, other)| *other).count() as f64;
        begin = end;
    }
    let (n, m) = (one.len() as f64, other.len() as f64);
    (sum - m * (n + m + 1.0) / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

/// The middle of a sample.
pub fn median(sample: &[f64]) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[test]
fn it_agrees_with_a_sum_by_hand() {
    // Ranks of the others are 3, 5 and 6; of six values three are expected to sum to 10.5, with a variance of 5.25.
    let found = score(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0]);
    assert!((found - 3.5 / 5.25_f64.sqrt()).abs() < 1e-12, "{found}");
    assert_eq!(score(&[1.0, 1.0], &[1.0, 1.0]), 0.0);
}

#[test]
fn it_notices_a_shift_through_noise_and_outliers_and_nothing_where_there_is_none() {
    let mut chance = super::Chance(1);
    let mut drawn = || {
        let noise = 1.0 + 0.3 * (chance.below(1000) as f64 / 1000.0);
        if chance.one_in(20) { noise * 30.0 } else { noise }
    };
    let one: Vec<_> = (0..3000).map(|_| drawn()).collect();
    let other: Vec<_> = (0..3000).map(|_| drawn()).collect();
    let shifted: Vec<_> = other.iter().map(|x| x * 1.07).collect();
    assert!(score(&one, &other).abs() < 4.0, "{}", score(&one, &other));
    assert!(score(&one, &shifted) > 20.0, "{}", score(&one, &shifted));
}
