//! What a run measured, by name.

use crate::operation::Totals;

/// A number that keeps whether it was counted or measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A count.
    Count(u64),
    /// A finite number.
    Real(f64),
}

/// Something that a run measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name, such as `energy_kwh`.
    pub name: String,
    /// How much.
    pub amount: Amount,
    /// Of what; empty for counts and shares.
    pub unit: &'static str,
}

/// Metrics in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<Metric>);

impl Metrics {
    /// Adds a count.
    pub fn count(&mut self, name: impl Into<String>, count: u64) {
        self.0.push(Metric { name: name.into(), amount: Amount::Count(count), unit: "" });
    }

    /// Adds a number in a unit.
    ///
    /// # Panics
    /// If it is not finite.
    pub fn real(&mut self, name: impl Into<String>, real: f64, unit: &'static str) {
        assert!(real.is_finite(), "a measurement is a number");
        self.0.push(Metric { name: name.into(), amount: Amount::Real(real), unit });
    }

    /// All of them.
    pub fn all(&self) -> &[Metric] {
        &self.0
    }

    /// The metric of that name.
    pub fn get(&self, name: &str) -> Option<Amount> {
        self.0.iter().find(|metric| metric.name == name).map(|metric| metric.amount)
    }

    /// Adds what a ledger has summed up.
    pub(super) fn totals(&mut self, totals: &Totals) {
        let hours = |time: u128| time as f64 / 3.6e6;
        self.real("energy_kwh", totals.energy_kwh(), "kWh");
        self.real("host_hours", hours(totals.host_time), "h");
        self.count("peak_hosts", totals.peak_hosts);
        self.real("shortfall", totals.shortfall(), "");
        self.real("slatah_pooled", totals.slatah(), "");
        self.real("pdm", totals.pdm(), "");
        self.real("slav", totals.slatah() * totals.pdm(), "");
        self.real("memory_short_gib_hours", hours(totals.memory_short) / 1024.0, "GiB h");
        self.real("memory_over_gib_hours", hours(totals.memory_over) / 1024.0, "GiB h");
        self.count("allotments", totals.allotments);
        self.real("reclaimed", totals.reclaimed(), "");
        self.real("availability", totals.availability(), "");
        self.count("vms", totals.arrived);
        self.count("refused", totals.refused);
        self.count("lost", totals.lost);
        self.count("migrations", totals.migrations);
        self.count("migrations_failed", totals.migrations_failed);
        self.real("migrated_gib", totals.bytes as f64 / (1_u64 << 30) as f64, "GiB");
        self.real("migration_downtime_s", totals.migration_downtime as f64 / 1e3, "s");
        self.count("declined", totals.declined);
        self.count("host_shutdowns", totals.shutdowns);
    }
}
