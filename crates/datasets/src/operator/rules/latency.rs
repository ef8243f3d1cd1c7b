//! Sites at a distance: where VMs may run by the latency to their users, and what it costs.

use std::ops::Range;

use toml::Spanned;
use vmpack_model::packing::Demand;

use super::form::{Latency, LatencyLimit};
use super::{Compiler, Wrong, money, select, wrong};
use crate::operator::number::Number;
use crate::operator::quantity;

/// Decimal places of milliseconds.
const PLACES: u32 = 3;

impl Compiler<'_> {
    pub(super) fn latency(&mut self, form: &Latency) -> Result<(), Wrong> {
        for (index, limit) in form.limit.iter().enumerate() {
            self.limit(form, &limit.span(), limit.get_ref(), index)?;
        }
        Ok(())
    }

    fn limit(
        &mut self,
        form: &Latency,
        span: &Range<usize>,
        limit: &LatencyLimit,
        index: usize,
    ) -> Result<(), Wrong> {
        let fleet = self.fleet;
        let vms = self.vms.of(&limit.vms)?;
        let fallback = limit.fallback.as_ref().map(|site| self.site(site)).transpose()?;
        let row = form.ms.iter().find(|(from, _)| from.get_ref() == limit.from.get_ref());
        let (_, row) = row.ok_or_else(|| {
            let known: Vec<&str> = form.ms.keys().map(|from| &**from.get_ref()).collect();
            select::unknown("location", limit.from.get_ref(), &limit.from.span(), &known)
        })?;
        for site in row.keys() {
            self.site(site)?;
        }
        let most = limit.most.as_ref().map(|most| milliseconds("most", most)).transpose()?;
        let price_per_ms = limit.price_per_ms.as_ref();
        let price_per_ms = price_per_ms.map_or(Ok(0), |price| money("price-per-ms", price))?;
        let beyond = limit.fallback_price.as_ref();
        let beyond = beyond.map_or(Ok(0), |price| money("fallback-price", price))?;

        let mut hosts = Vec::new();
        let mut prices = vec![0; fleet.hosts.len()];
        for (host, at) in fleet.hosts.iter().enumerate() {
            let Some(site) = &at.site else {
                let found = format!("none for {:?}", at.name);
                return Err(wrong(span, "latency", "a site for every host", found));
            };
            let latency = row.iter().find(|(known, _)| known.get_ref() == site).map(|(_, ms)| ms);
            let latency = latency.ok_or_else(|| {
                let field = format!("latency.ms.{}", limit.from.get_ref());
                wrong(
                    &limit.from.span(),
                    &field,
                    "the latency to every site",
                    format!("none for {site:?}"),
                )
            })?;
            let ms = milliseconds("ms", latency)?;
            let within = most.is_none_or(|most| ms <= most);
            if !within && fallback != Some(&**site) {
                continue;
            }
            hosts.push(host);
            let of_latency = u128::from(price_per_ms) * u128::from(ms);
            let thousand = 10_u128.pow(PLACES);
            let exact = of_latency.is_multiple_of(thousand);
            let price = of_latency / thousand + u128::from(if within { 0 } else { beyond });
            prices[host] = u64::try_from(price).ok().filter(|_| exact).ok_or_else(|| {
                let expected = "prices per VM with at most 6 decimal places";
                wrong(span, "price-per-ms", expected, format!("a finer one for {site:?}"))
            })?;
        }
        if prices.iter().any(|&price| price > 0) {
            self.asked.prices.push((vms.clone(), prices));
        }
        if hosts.len() < fleet.hosts.len() {
            let demand = Demand::Restrict { vms, hosts };
            self.add(span, limit.name.clone(), ("latency", index), demand, None)?;
        }
        Ok(())
    }

    /// The name of a site that hosts are at.
    fn site<'a>(&self, site: &'a Spanned<String>) -> Result<&'a str, Wrong> {
        let mut known: Vec<&str> =
            self.fleet.hosts.iter().filter_map(|host| host.site.as_deref()).collect();
        known.sort_unstable();
        known.dedup();
        if known.contains(&&**site.get_ref()) {
            return Ok(site.get_ref());
        }
        Err(select::unknown("site", site.get_ref(), &site.span(), &known))
    }
}

/// A latency in microseconds.
fn milliseconds(field: &str, number: &Spanned<Number>) -> Result<u64, Wrong> {
    quantity::fixed(&number.get_ref().0, PLACES)
        .map_err(|error| Wrong::quantity(&number.span(), field, error))
}
