//! A lower bound by coordinate ascent on the prices of the constraints.

use num_rational::Ratio;
use vmpack_model::allocation::{Instance, Multipliers, Objective};
use vmpack_model::{Bound, Value};

use super::pieces::{Piece, pieces};
use super::state::UNLIMITED;

/// How often every price is set anew. One round is exact where no amount is in two constraints; later
/// rounds gain little.
const ROUNDS: usize = 3;

/// Prices are multiples of one unit, fine enough that rounding costs less than a millionth, ...
const LEAST_DENOMINATOR: i64 = 1 << 20;

/// ... and coarse enough that products stay far inside 128 bits.
const GREATEST_DENOMINATOR: i64 = 1 << 31;

/// The bound by prices that are found one after the other: each service demand, then each host capacity,
/// gets the price at which it is just met by what every VM would then choose, given all other prices
/// (the critical ratio of a fractional knapsack). Prices are rounded down, which never makes a bound
/// wrong.
///
/// `None` where an unlimited amount has a negative cost at these prices, or where numbers would leave 128 bits. Takes
/// `O(s log s)` for `s` terms, VMs and points of utilities together.
pub(super) fn bound(instance: &Instance) -> Option<Bound<Multipliers>> {
    let variables = variables(instance);
    let unlimited_gain = variables.iter().any(|variable| {
        variable.pieces.iter().any(|piece| piece.length == UNLIMITED && piece.rise < 0)
    });
    if unlimited_gain {
        return None;
    }
    let mut dual = Dual::new(instance, variables);
    for _ in 0..ROUNDS {
        for row in 0..dual.rows.len() {
            dual.reprice(row)?;
        }
    }
    let value = dual.value(instance)?;
    Some(Bound::certified(value, dual.multipliers(instance)))
}

/// An amount with its cost from the reservation on.
struct Variable {
    reservation: i64,
    pieces: Vec<Piece>,
    /// The sum of prices times coefficients of its rows, times the denominator.
    earned: i128,
}

/// A constraint `sum of terms >= required`: a service, or a host capacity with both sides negated.
struct Row {
    terms: Vec<(usize, i64)>,
    required: i64,
    /// Times the denominator.
    price: i64,
}

struct Dual {
    variables: Vec<Variable>,
    /// Services, then hosts x resources.
    rows: Vec<Row>,
    denominator: i64,
}

fn variables(instance: &Instance) -> Vec<Variable> {
    let d = instance.resources().len();
    let variable = |v: usize| {
        let (i, r) = (v / d, v % d);
        let capacity = instance.vms()[i].host.map(|host| instance.capacity(host, r));
        let high = instance.limit(i, r).into_iter().chain(capacity).min();
        let (from, to) = (instance.reservation(i, r), high.map_or(UNLIMITED, |high| high as i64));
        let reservation = from as i64;
        Variable { reservation, pieces: pieces(instance, i, r, reservation, to), earned: 0 }
    };
    (0..instance.vms().len() * d).map(variable).collect()
}

impl Dual {
    fn new(instance: &Instance, variables: Vec<Variable>) -> Self {
        let d = instance.resources().len();
        let service = |service: &vmpack_model::allocation::Service| {
            let terms = service.terms.iter().filter(|term| term.coefficient != 0);
            let terms = terms.map(|term| (term.vm * d + term.resource, term.coefficient));
            Row { terms: terms.collect(), required: service.required, price: 0 }
        };
        let mut rows: Vec<Row> = instance.services().iter().map(service).collect();
        let first_host = rows.len();
        for host in 0..instance.hosts().len() {
            for r in 0..d {
                let required = -(instance.capacity(host, r) as i64);
                rows.push(Row { terms: Vec::new(), required, price: 0 });
            }
        }
        for (i, vm) in instance.vms().iter().enumerate() {
            let Some(host) = vm.host else { continue };
            for r in 0..d {
                rows[first_host + host * d + r].terms.push((i * d + r, -1));
            }
        }
        let denominator = denominator(&variables, &rows);
        Self { variables, rows, denominator }
    }

    /// Sets the price of a row to the least at which the row is met, all other prices given.
    fn reprice(&mut self, row: usize) -> Option<()> {
        let Self { variables, rows, denominator } = self;
        let Row { terms, required, price } = &mut rows[row];
        for &(v, a) in terms.iter() {
            variables[v].earned -= i128::from(a) * i128::from(*price);
        }
        // What the row gets at price 0, and by how much more beyond which prices.
        let mut given: i128 = 0;
        let mut jumps: Vec<(i128, i128)> = Vec::new();
        for &(v, a) in terms.iter() {
            let variable = &variables[v];
            given = given.checked_add(i128::from(a) * i128::from(variable.reservation))?;
            for piece in &variable.pieces {
                // The piece is worth taking while `gap + a * price * run > 0`.
                let cost = i128::from(piece.rise) * i128::from(*denominator);
                let gap = variable.earned.checked_mul(i128::from(piece.run))?.checked_sub(cost)?;
                let amount = i128::from(a) * i128::from(piece.length);
                if gap > 0 {
                    given = given.checked_add(amount)?;
                }
                if (gap > 0) == (a < 0) {
                    let slope = i128::from(a).abs() * i128::from(piece.run);
                    jumps.push((gap.abs() / slope, amount.abs()));
                }
            }
        }
        jumps.sort_unstable();
        let mut critical = 0;
        for (at, more) in jumps {
            if given >= i128::from(*required) {
                break;
            }
            critical = at;
            given = given.saturating_add(more);
        }
        *price = i64::try_from(critical).ok().filter(|&price| price < 1 << 62)?;
        for &(v, a) in terms.iter() {
            variables[v].earned += i128::from(a) * i128::from(*price);
        }
        Some(())
    }

    /// The bound of the prices, by the formula of [`Multipliers`]; rounded down where it has too many
    /// different denominators for 128 bits.
    fn value(&self, instance: &Instance) -> Option<Value> {
        let unit = i128::from(self.denominator);
        let mut total = Total { sum: Ratio::from_integer(0), unit };
        for row in &self.rows {
            total.add(i128::from(row.price).checked_mul(i128::from(row.required))?, unit)?;
        }
        let d = instance.resources().len();
        for (v, variable) in self.variables.iter().enumerate() {
            let reserved = Value::from(i128::from(variable.reservation));
            let (i, r) = (v / d, v % d);
            let base = match instance.objective() {
                Objective::Cost(costs) => {
                    i128::from(costs[[i, r]]).checked_mul(i128::from(variable.reservation))?.into()
                }
                Objective::Utility(_) => {
                    let utility = instance.utility(i, r).expect("the objective is utility");
                    let greatest = i128::from(utility.greatest());
                    Value::from(Ratio::from_integer(greatest) - utility.at(reserved).ratio())
                }
            };
            total.add(base.numerator(), base.denominator())?;
            let earned = variable.earned.checked_mul(i128::from(variable.reservation))?;
            total.add(earned.checked_neg()?, unit)?;
            for piece in &variable.pieces {
                let run = i128::from(piece.run);
                let cost = i128::from(piece.rise) * unit;
                let rate = cost.checked_sub(variable.earned.checked_mul(run)?)?;
                if rate < 0 {
                    if piece.length == UNLIMITED {
                        return None;
                    }
                    total.add(rate.checked_mul(i128::from(piece.length))?, run * unit)?;
                }
            }
        }
        Some(Value::from(total.sum))
    }

    fn multipliers(&self, instance: &Instance) -> Multipliers {
        let (services, hosts) = self.rows.split_at(instance.services().len());
        let price = |row: &Row| row.price;
        Multipliers {
            denominator: self.denominator,
            services: services.iter().map(price).collect(),
            capacities: hosts
                .chunks(instance.resources().len())
                .map(|host| host.iter().map(price).collect())
                .collect(),
        }
    }
}

/// A sum that is exact as long as it fits, and rounded down to multiples of `1 / unit` after that.
struct Total {
    sum: Ratio<i128>,
    unit: i128,
}

impl Total {
    fn add(&mut self, numerator: i128, denominator: i128) -> Option<()> {
        let term = Ratio::new(numerator, denominator);
        self.sum = match checked_sum(self.sum, term) {
            Some(sum) => sum,
            None => checked_sum(self.rounded(self.sum)?, self.rounded(term)?)?,
        };
        Some(())
    }

    fn rounded(&self, number: Ratio<i128>) -> Option<Ratio<i128>> {
        let floor = number.numer().checked_mul(self.unit)?.div_euclid(*number.denom());
        Some(Ratio::new(floor, self.unit))
    }
}

/// The sum, if its parts stay so small that reading and comparing it cannot overflow either.
fn checked_sum(one: Ratio<i128>, other: Ratio<i128>) -> Option<Ratio<i128>> {
    let (a, b) = (*one.denom(), *other.denom());
    let common = a.checked_mul(b / gcd(a, b))?;
    let left = one.numer().checked_mul(common / a)?;
    let right = other.numer().checked_mul(common / b)?;
    (common < 1 << 62).then(|| Some(Ratio::new(left.checked_add(right)?, common)))?
}

/// A common denominator of as many critical prices as it can serve, so that bounds are exact where few
/// of them occur.
fn denominator(variables: &[Variable], rows: &[Row]) -> i64 {
    let coefficients = rows.iter().flat_map(|row| row.terms.iter().map(|&(_, a)| a.abs()));
    let runs = variables
        .iter()
        .flat_map(|variable| &variable.pieces)
        .map(|piece| piece.run / gcd(i128::from(piece.run), i128::from(piece.rise.abs())) as i64);
    let mut all: Vec<i64> = coefficients.chain(runs).collect();
    all.sort_unstable();
    all.dedup();
    let mut common: i64 = 1;
    for number in all {
        let missing = number / gcd(i128::from(number), i128::from(common)) as i64;
        common =
            common.checked_mul(missing).filter(|&c| c <= GREATEST_DENOMINATOR).unwrap_or(common);
    }
    if common < LEAST_DENOMINATOR {
        common *= LEAST_DENOMINATOR / common;
    }
    common
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
