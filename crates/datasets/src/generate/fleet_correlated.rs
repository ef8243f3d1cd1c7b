//! VM fleets whose demands for CPU and memory follow or complement each other.

use vmpack_model::{AnyInstance, Resource};

use crate::items::Items;

use super::draw::Draw;
use super::parameters::integer;
use super::prices::{SERVERS, Server, priced};
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// Demands for CPU, in millicores: least and greatest.
const CPU: (u64, u64) = (500, 16_000);
/// Demands for memory, in MiB: least and greatest.
const MEMORY: (u64, u64) = (2_048, 65_536);
/// Steps on either side of the middle of a demand's range.
const HALF: i64 = 1_000_000;

/// Millicores are uniform. The MiB are `rho u + sqrt(1 - rho^2) w` of their range, where `u` is the place
/// of the millicores in theirs and `w` is uniform and independent; what leaves the range is cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct FleetCorrelated;

impl Generator for FleetCorrelated {
    fn name(&self) -> &'static str {
        "fleet-correlated"
    }

    fn summary(&self) -> &'static str {
        "VM fleet: continuous demands in millicores and MiB with a given correlation, on priced host \
         types"
    }

    fn reference(&self) -> &'static str {
        "linear construction of correlated variables; correlated and anti-correlated demands as in \
         Caprara and Toth (2001), classes 7 and 8"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("n", "VMs", 100, (1, 1_000_000)),
            integer("correlation", "correlation of CPU and memory, in per cent", 0, (-100, 100)),
            integer("hosts", "host types", 1, (1, SERVERS.len() as i64)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let rho = parameters.signed("correlation");
        let mut draw = Draw::new(self.name(), seed);
        let mut items = Items::new(2);
        for _ in 0..parameters.integer("n") {
            let (u, v) = correlated(&mut draw, rho);
            items.add(vec![place(CPU, u), place(MEMORY, v)], 1).expect("10^6 VMs fit 64 bits");
        }
        let hosts = parameters.integer("hosts") as usize;
        let hosts = priced(&mut draw, hosts, None::<fn(&mut Draw, Server) -> u64>);
        let capacities =
            hosts.iter().flat_map(|(server, _)| [server.cores * 1000, server.gib * 1024]).collect();
        let hosts = hosts.into_iter().map(|(_, host)| host).collect();
        let resources = vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")];
        let instance = items.into_instance(self.name(), resources, hosts, capacities);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: None })
    }
}

/// Two places between `-HALF` and `HALF`, with a correlation of `rho` per cent.
fn correlated(draw: &mut Draw, rho: i64) -> (i64, i64) {
    let mut centred = || draw.uniform(0, 2 * HALF as u64) as i64 - HALF;
    let (u, w) = (centred(), centred());
    let rest = (10_000 - rho * rho).isqrt();
    (u, ((rho * u + rest * w) / 100).clamp(-HALF, HALF))
}

/// The demand at a place of its range.
fn place((least, greatest): (u64, u64), place: i64) -> u64 {
    let width = greatest - least;
    least + (place + HALF) as u64 * width / (2 * HALF as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correlation_is_about_what_was_asked_for() {
        for rho in [-100, -60, 0, 30, 90, 100] {
            let mut draw = Draw::new("test", 1);
            let pairs: Vec<(f64, f64)> = (0..4000)
                .map(|_| correlated(&mut draw, rho))
                .map(|(u, v)| (u as f64, v as f64))
                .collect();
            let n = pairs.len() as f64;
            let mean = |f: fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / n;
            let covariance = mean(|(u, v)| u * v) - mean(|(u, _)| *u) * mean(|(_, v)| *v);
            let variance = |f: fn(&(f64, f64)) -> f64, square: fn(&(f64, f64)) -> f64| {
                mean(square) - mean(f).powi(2)
            };
            let (u, v) = (variance(|p| p.0, |p| p.0 * p.0), variance(|p| p.1, |p| p.1 * p.1));
            let measured = covariance / (u * v).sqrt();
            assert!((measured - rho as f64 / 100.0).abs() < 0.06, "{rho}: {measured}");
        }
    }

    #[test]
    fn demands_span_their_range_and_fit_the_first_host() {
        assert_eq!((place(CPU, -HALF), place(CPU, HALF)), CPU);
        assert_eq!((place(MEMORY, -HALF), place(MEMORY, HALF)), MEMORY);
        assert!(CPU.1 <= SERVERS[0].cores * 1000 && MEMORY.1 <= SERVERS[0].gib * 1024);
    }
}
