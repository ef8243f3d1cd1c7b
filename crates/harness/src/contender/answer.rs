//! From what a contender printed to what it claims.

use regex::{Captures, Regex, RegexBuilder};
use vmpack_datasets::SolutionFile;
use vmpack_model::{Bound, Outcome, Solved, Status, Value};

use crate::family::Measurable;
use crate::judge::Unshown;

/// How a contender's claims are found in what it prints. Unless its file says otherwise, they are the
/// lines `cost <number>`, `bound <number>`, `status optimal` and `status infeasible`.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    /// Its only group is a cost; the last match counts.
    pub(super) cost: Regex,
    /// Its only group is a lower bound; the last match counts.
    pub(super) bound: Regex,
    /// Matches if the solution is called optimal.
    pub(super) optimal: Regex,
    /// Matches if it is claimed that there is no solution.
    pub(super) infeasible: Regex,
}

impl Default for Patterns {
    fn default() -> Self {
        const VALID: &str = "a valid pattern";
        let number = |word: &str| pattern(&format!(r"^{word}[ \t]+(\S+)[ \t\r]*$"), true);
        let status = |word: &str| pattern(&format!(r"^status[ \t]+{word}[ \t\r]*$"), false);
        Self {
            cost: number("cost").expect(VALID),
            bound: number("bound").expect(VALID),
            optimal: status("optimal").expect(VALID),
            infeasible: status("infeasible").expect(VALID),
        }
    }
}

/// Understands a regular expression, in which `^` and `$` are the ends of lines.
pub(super) fn pattern(text: &str, is_number: bool) -> Result<Regex, String> {
    let regex = RegexBuilder::new(text).multi_line(true).build().map_err(|error| {
        // The last line says what is wrong, those before show where.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("expected a regular expression, found {text:?}: {reason}")
    })?;
    match regex.captures_len() - 1 {
        groups if is_number && groups != 1 => {
            Err(format!("expected one group, which holds the number, found {groups} in {text:?}"))
        }
        _ => Ok(regex),
    }
}

/// What a contender left behind when it returned.
pub(super) struct Left {
    /// What it printed.
    pub(super) printed: String,
    /// What it wrote to the file of its solution.
    pub(super) solution: Option<Shown>,
}

/// A solution in a file.
pub(super) enum Shown {
    /// As vmpack writes them.
    File(Box<SolutionFile>),
    /// In lines.
    Lines(String),
}

impl Patterns {
    /// What is claimed. A cost without a solution is no part of the outcome, since nothing of it can be
    /// judged; it is handed over beside it.
    ///
    /// # Errors
    /// What cannot be understood.
    pub(super) fn claims<P: Measurable>(
        &self,
        instance: &P::Instance,
        left: Left,
    ) -> Result<(Outcome<P>, Option<Unshown>), String> {
        let Left { printed, solution } = left;
        let lines = match solution {
            Some(Shown::File(file)) => {
                let outcome = P::from_file(instance, *file).map_err(|error| error.to_string())?;
                return Ok((outcome, None));
            }
            Some(Shown::Lines(lines)) => Some(lines),
            None => None,
        };
        let cost = number("cost", &self.cost, &printed)?;
        let bound = number("bound", &self.bound, &printed)?;
        let is_optimal = self.optimal.is_match(&printed);
        let shown = P::read_lines(instance, lines.as_deref().unwrap_or(&printed))?;

        let claimed = if is_optimal { Status::Optimal } else { Status::Feasible };
        let mut outcome = Outcome { bound: bound.map(Bound::claimed), ..Outcome::unknown() };
        let mut unshown = None;
        if let Some((solution, sum)) = shown {
            outcome.status = claimed;
            outcome.solved = Some(Solved { solution, cost: cost.unwrap_or(sum) });
        } else if is_optimal || cost.is_some() {
            unshown = Some(Unshown { status: claimed, cost });
        }
        if self.infeasible.is_match(&printed) {
            outcome.status = Status::Infeasible;
        }
        Ok((outcome, unshown))
    }
}

/// The number in the last match.
fn number(field: &str, pattern: &Regex, printed: &str) -> Result<Option<Value>, String> {
    let group = |found: Captures<'_>| found.get(1).map_or(String::new(), |g| g.as_str().to_owned());
    let Some(text) = pattern.captures_iter(printed).last().map(group) else { return Ok(None) };
    exact(&text).map(Some).ok_or_else(|| {
        format!(
            "output.{field}: expected an integer, a fraction such as 7/2 or a decimal such as 3.5, \
             found {text:?}"
        )
    })
}

/// The exact value of an integer, a fraction or a decimal number.
fn exact(text: &str) -> Option<Value> {
    let Some((whole, decimals)) = text.split_once('.') else { return text.parse().ok() };
    let digits = decimals.trim_end_matches('0');
    let is_decimal = !whole.is_empty() && decimals.chars().all(|c| c.is_ascii_digit());
    let denominator = 10_i128.checked_pow(u32::try_from(digits.len()).ok()?)?;
    let numerator = format!("{whole}{digits}").parse().ok().filter(|_| is_decimal)?;
    Value::new(numerator, denominator)
}

#[cfg(test)]
mod tests {
    use vmpack_model::packing::{Instance, Packing};

    use super::*;

    fn claims(printed: &str) -> Result<(Outcome<Packing>, Option<Unshown>), String> {
        let instance =
            Instance::identical_hosts("two", &[10], &[(vec![6], 2)]).expect("a valid instance");
        Patterns::default().claims(&instance, Left { printed: printed.to_owned(), solution: None })
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (text, expected) in
            [("17", "17"), ("7/2", "7/2"), ("17.00", "17"), ("-3.50", "-7/2"), ("0.125", "1/8")]
        {
            assert_eq!(exact(text).map(|value| value.to_string()).as_deref(), Some(expected));
        }
        for text in ["", ".5", "1.-5", "1.+5", "1e9", "nan", "1.2.3", "1,5"] {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    #[test]
    fn a_placement_may_do_without_numbers_but_numbers_not_without_placement() {
        let (outcome, unshown) = claims("host 0 x2: 0\n").expect("valid");
        assert_eq!((outcome.status, unshown), (Status::Feasible, None));
        assert_eq!(outcome.solved.expect("a solution").cost, Value::from(2_u64));

        let (outcome, unshown) =
            claims("cost 3\ncost 2\r\nbound 2\nstatus optimal").expect("valid");
        assert_eq!((outcome.status, outcome.solved), (Status::Unknown, None));
        assert_eq!(outcome.bound, Some(Bound::claimed(Value::from(2_u64))));
        let cost = Some(Value::from(2_u64));
        assert_eq!(unshown, Some(Unshown { status: Status::Optimal, cost }));

        let (outcome, unshown) = claims("no idea\n").expect("valid");
        assert_eq!((outcome, unshown), (Outcome::unknown(), None));
    }

    #[test]
    fn what_is_claimed_beside_a_placement_is_claimed_of_it() {
        let (outcome, unshown) =
            claims("host 0: 0\nhost 0: 0\ncost 1\nstatus optimal\n").expect("valid");
        assert_eq!((outcome.status, unshown), (Status::Optimal, None));
        assert_eq!(outcome.solved.expect("a solution").cost, Value::from(1_u64));
        let (outcome, _) = claims("status infeasible\n").expect("valid");
        assert_eq!(outcome.status, Status::Infeasible);
        let error = claims("cost 1e9\n").expect_err("no exact number");
        assert!(error.starts_with("output.cost: expected an integer"), "{error}");
    }
}
