//! From floating point back to fractions.
//!
//! A vertex of a polyhedron with integer data has rational coordinates whose denominators divide a
//! determinant, and often a small one. Finding those fractions makes an answer exact; whether they are
//! the right ones is for an exact test to say.

/// How far a fraction may lie from its float, relatively (absolutely below 1).
const CLOSE: f64 = 1e-9;
/// The greatest denominator of a single fraction. Beyond it, some fraction is close to any number.
const GREATEST: i64 = 10_000;

/// Integers `numerators` and `denominator` with `numerators[i] / denominator` close to `values[i]`, the
/// denominator the least common one of the simplest fractions; `None` if there are none below 2^62.
pub(crate) fn common(values: &[f64]) -> Option<(Vec<i64>, i64)> {
    let simple: Vec<(i64, i64)> = values.iter().map(|&x| simplest(x)).collect::<Option<_>>()?;
    let mut denominator: i64 = 1;
    for &(_, q) in &simple {
        denominator = denominator.checked_mul(q / gcd(denominator, q))?;
    }
    let numerators =
        simple.iter().map(|&(p, q)| p.checked_mul(denominator / q)).collect::<Option<_>>()?;
    Some((numerators, denominator))
}

/// The first convergent of the continued fraction of `x` that is close to it.
fn simplest(x: f64) -> Option<(i64, i64)> {
    if !x.is_finite() || x.abs() > 2_f64.powi(50) {
        return None;
    }
    let tolerance = CLOSE * x.abs().max(1.0);
    let (mut p, mut q) = (1_i64, 0_i64);
    let (mut p_before, mut q_before) = (0_i64, 1_i64);
    let mut rest = x;
    loop {
        let whole = rest.floor();
        let digit = whole as i64;
        let p_next = digit.checked_mul(p)?.checked_add(p_before)?;
        let q_next = digit.checked_mul(q)?.checked_add(q_before)?;
        (p_before, q_before, p, q) = (p, q, p_next, q_next);
        if q > GREATEST {
            return None;
        }
        if (p as f64 / q as f64 - x).abs() <= tolerance {
            return Some((p, q));
        }
        rest = 1.0 / (rest - whole);
    }
}

/// The greatest common divisor; that of 0 and `n` is `n`.
fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_common_denominator() {
        assert_eq!(common(&[0.5, -1.0 / 3.0, 2.0, 0.0]), Some((vec![3, -2, 12, 0], 6)));
        assert_eq!(common(&[1e6 + 1e-5]), Some((vec![1_000_000], 1)));
        assert_eq!(common(&[std::f64::consts::PI]), None);
        assert_eq!(common(&[f64::NAN]), None);
        assert_eq!(common(&[f64::INFINITY]), None);
        assert_eq!(common(&[]), Some((vec![], 1)));
    }
}
