//! The whole record of every run, for the panel that tells of one: what the columns of runs hold is left out,
//! trajectories are thinned, and numbers are rounded.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use vmpack_results::Record;

use super::columns::{rounded, thinned};
use crate::series::Series;

/// Members that the columns of runs hold.
const IN_COLUMNS: [&str; 9] =
    ["dataset", "instance", "class", "family", "features", "reference", "method", "kind", "seed"];

/// One object per run, in the order of the records. Each is made when it is written, so that no more than one is in memory.
pub(super) struct Records<'a> {
    pub(super) all: &'a [Record],
    pub(super) series: &'a Series,
    /// The most points of a trajectory, and of a series.
    pub(super) points: usize,
}

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = |record| record_view(record, self.series, self.points);
        serializer.collect_seq(self.all.iter().map(view))
    }
}

fn record_view(record: &Record, series: &Series, points: usize) -> Value {
    let mut view = serde_json::to_value(record).expect("a record is JSON");
    let members = view.as_object_mut().expect("a record is an object");
    for name in IN_COLUMNS {
        members.remove(name);
    }
    if let Some(answer) = members.get_mut("answer").and_then(Value::as_object_mut) {
        let trajectory = answer.remove("trajectory");
        let trajectory =
            trajectory.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let kept = thinned(trajectory.len(), points);
        let column = |name: &str| -> Vec<&Value> {
            kept.iter().map(|&place| &trajectory[place][name]).collect()
        };
        answer.insert(
            "trajectory".to_owned(),
            json!({
                "of": trajectory.len(),
                "seconds": column("seconds"),
                "cost": column("cost"),
                "bound": column("bound"),
            }),
        );
    }
    if let Some(columns) = series.get(&(record.run.clone(), "periods")) {
        let columns = columns.iter().map(|(name, values)| {
            let kept = thinned(values.len(), points);
            (
                name.to_owned(),
                json!(kept.into_iter().map(|place| values[place]).collect::<Vec<f64>>()),
            )
        });
        members.insert("series".to_owned(), json!(columns.collect::<serde_json::Map<_, _>>()));
    }
    shorten(&mut view);
    view
}

/// Rounds every number that is not an integer.
fn shorten(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(real) = number.as_f64().filter(|_| number.is_f64()) {
                *value = json!(rounded(real, 6));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}
