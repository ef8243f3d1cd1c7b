//! What children of the harness print: the answer of a method or of a contender, which is judged, and that of a replay.

use serde_json::json;
use vmpack_check::Verdict;
use vmpack_harness::{Contender, NoSimulator, Scenario, understand, understand_replay};
use vmpack_model::AnyInstance;
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::Packing;
use vmpack_model::{Bound, Outcome, Problem, Value};
use vmpack_results::{Answer, Termination};

use crate::Target;
use crate::cases::{as_file, joined, parts};
use crate::instances::{EFFORT, feasible, small, small_allocation};

/// See [`crate::targets`].
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "answer",
        run: |data| packing(data) | allocation(data),
        seeds: || vec![line(&placed()), line(&Outcome::<Allocation>::infeasible(None))],
    },
    Target {
        name: "contender-answer",
        run: contender,
        seeds: || {
            let output = "[output]\ncost = 'total: ([0-9.]+)'\nbound = 'least (\\S+)'\noptimal = 'Proved!'\n";
            let placed =
                "host 0: 1.1x2\nhost 1: 0x5 1.1 2x2\ncost 230\nbound 230\nstatus optimal\n";
            let told = "total: 230.0, least 17.25\nProved!\n";
            vec![joined(&[CONTENDER, placed]), joined(&[&format!("{CONTENDER}{output}"), told])]
        },
    },
    Target {
        name: "replay-answer",
        run: replay,
        seeds: || {
            let metrics = json!([["energy", {"value": 3.5, "unit": "kWh"}]]);
            let series = json!([["power", "second,watt\n0,93\n"]]);
            let text = json!({"wall_s": 0.5, "cpu_s": 0.25, "peak_rss_bytes": 4096, "replayed":
                {"metrics": metrics, "log": {"moves": []}, "series": series, "reading": [0.1, 0.1]}});
            vec![text.to_string().into()]
        },
    },
];

/// No placement of [`small`] costs less than this: one large host and one small one.
const OPTIMUM: u64 = 230;

fn packing(data: &[u8]) -> bool {
    let (termination, answer) = understand(&AnyInstance::Packing(small()), data, EFFORT);
    sound(&termination, answer)
}

/// Whatever is claimed, what the judge calls correct is not below the optimum, and what it certifies is not above.
fn sound(termination: &Termination, answer: Option<Answer>) -> bool {
    let Some(answer) = kept(termination, answer) else { return false };
    if answer.judgement.verdict == Verdict::Correct {
        let optimum = Value::from(OPTIMUM);
        assert!(answer.judgement.cost.is_none_or(|cost| cost >= optimum), "{answer:?}");
        let bound = answer.lower_bound.filter(|_| answer.judgement.certified);
        assert!(bound.is_none_or(|bound| bound <= optimum), "{answer:?}");
    }
    true
}

/// A contender that prints its solution.
const CONTENDER: &str = "name = 'x'\ncommand = ['sh', '{instance}']\ninput = 'mvp'\n";

/// The file of a contender, and what it prints.
fn contender(data: &[u8]) -> bool {
    let [file, printed] = parts(data);
    let Ok(contender) = as_file("contender.toml", file, Contender::read) else { return false };
    let instance = AnyInstance::Packing(small());
    let (termination, answer) = contender.understand(&instance, printed, EFFORT);
    sound(&termination, answer)
}

fn allocation(data: &[u8]) -> bool {
    let instance = AnyInstance::Allocation(small_allocation());
    let (termination, answer) = understand(&instance, data, EFFORT);
    kept(&termination, answer).is_some()
}

/// Nobody judges it here: this is about what is read and recorded.
fn replay(data: &[u8]) -> bool {
    let trace = "trace".to_owned();
    let scenario = Scenario { trace, policy: None, options: Vec::new(), seed: 1 };
    let (termination, answer) = understand_replay(&NoSimulator, &scenario, data);
    kept(&termination, answer).is_some()
}

/// Who completed has an answer, and nobody else; it is read again as it is recorded.
fn kept(termination: &Termination, answer: Option<Answer>) -> Option<Answer> {
    assert_eq!(*termination == Termination::Completed, answer.is_some(), "{termination:?}");
    let answer = answer?;
    let text = serde_json::to_string(&answer).expect("what was understood is written");
    let again: Answer = serde_json::from_str(&text).expect("what was written is read");
    // Seconds are read to the last digit but one.
    let exact =
        |answer: &Answer| (answer.judgement.clone(), answer.claimed_cost, answer.lower_bound);
    assert_eq!(exact(&again), exact(&answer));
    Some(answer)
}

/// A placement with a bound that nobody shows.
fn placed() -> Outcome<Packing> {
    feasible(&small()).with_bound(Bound::claimed(Value::from(OPTIMUM))).with_counter("nodes", 3)
}

/// An outcome as a child prints it.
fn line<P: Problem>(outcome: &Outcome<P>) -> Vec<u8> {
    let point = json!({"seconds": 0.25, "cost": 330, "bound": 230});
    let answer = json!({"family": P::FAMILY, "wall_s": 0.5, "cpu_s": 0.25, "peak_rss_bytes": 4096,
        "trajectory": [point], "outcome": outcome});
    (answer.to_string() + "\n").into()
}
