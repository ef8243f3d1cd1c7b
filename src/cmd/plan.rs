//! `vmpack plan`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use vmpack_check::{Effort, Judge as _, Verdict};
use vmpack_datasets::operator::{self, Compiled, Files, Fleet, Origin};
use vmpack_datasets::{SolutionForm as _, write_instance, write_solution};
use vmpack_files::{Draft, Durability, FolderDraft};
use vmpack_harness::submission::Submission;
use vmpack_harness::{Methods, NoSimulator};
use vmpack_model::packing::{Packing, Placement};
use vmpack_model::{AnyInstance, Outcome};
use vmpack_results::{MANIFEST, RECORDS};

use super::{deliver, explain, say, seconds, tell};
use crate::plan::attempt::{Best, best};
use crate::plan::summary::Summary;
use crate::plan::{assignments, fills, moves};
use crate::registry::{missing_methods, registry};

/// Plan which VM of a fleet runs on which host.
///
/// Writes plan.csv, plan.json, evacuations.csv, summary.json, fill.svg, fill.png, and instance.json with solution.json
/// for `vmpack check`. Exits with 0 if there is a plan, 1 on an error in the input, 2 if none was found in time, 3 if there is
/// no placement, with the reason.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The VMs: a table as CSV or JSON, pods, a list of servers, or vInfo.
    #[arg(long, value_name = "FILE")]
    vms: PathBuf,
    /// The hosts: a table, nodes, a list of hypervisors, or vHost; not needed where the VMs' file has nodes.
    #[arg(long, value_name = "FILE")]
    hosts: Option<PathBuf>,
    /// What the files come from; recognised by the VMs' file unless given.
    #[arg(long, value_enum)]
    from: Option<From>,
    /// The list of flavors of an OpenStack, where servers do not say how large they are.
    #[arg(long, value_name = "FILE")]
    flavors: Option<PathBuf>,
    /// Place VMs of RVTools that are switched off, too.
    #[arg(long)]
    powered_off: bool,
    /// The rules, in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The method (`vmpack list methods`); several that suit the fleet unless given.
    #[arg(long)]
    method: Option<String>,
    /// The limit on wall time, in seconds; where there is no plan, a reason is looked for as long again.
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    time: f64,
    /// Threads that a method may use.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// The folder to write to. An earlier plan in it is replaced, and nothing else.
    #[arg(long, default_value = "plan", value_name = "DIR")]
    out: PathBuf,
}

/// What files of a fleet come from.
#[derive(Clone, Copy, clap::ValueEnum)]
enum From {
    /// Tables of VMs and hosts, as CSV or JSON.
    Tables,
    /// kubectl get nodes,pods -A -o json.
    Kubernetes,
    /// openstack server list and hypervisor list, with --long -f json.
    Openstack,
    /// The sheets vInfo and vHost of RVTools as CSV.
    Rvtools,
}

/// How large the picture is beside the drawing.
const PNG_SCALE: f32 = 2.0;

/// The files of a plan.
const FILES: [&str; 8] = [
    "instance.json",
    "solution.json",
    "summary.json",
    "plan.csv",
    PLAN,
    "evacuations.csv",
    "fill.svg",
    "fill.png",
];

/// The file by which a plan is known for one.
const PLAN: &str = "plan.json";

/// What it says that it is.
const FORMAT: &str = "vmpack-plan";

/// The content of `plan.json`.
#[derive(Serialize)]
struct PlanFile<'a> {
    format: &'static str,
    version: u64,
    placement: Vec<Assigned<'a>>,
}

#[derive(Serialize)]
struct Assigned<'a> {
    vm: &'a str,
    host: &'a str,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    make_sure_of(&arguments.out)?;
    let fleet = operator::read(&Files {
        vms: &arguments.vms,
        hosts: arguments.hosts.as_deref(),
        flavors: arguments.flavors.as_deref(),
        origin: arguments.from.map(|from| match from {
            From::Tables => Origin::Tables,
            From::Kubernetes => Origin::Kubernetes,
            From::Openstack => Origin::OpenStack,
            From::Rvtools => Origin::RvTools,
        }),
        powered_off: arguments.powered_off,
    })?;
    for warning in &fleet.warnings {
        tell(format_args!("vmpack: warning: {warning}"));
    }
    let name = arguments.vms.file_stem().unwrap_or_default().to_string_lossy();
    let compiled = operator::compile(&fleet, arguments.rules.as_deref(), &name)?;
    let instance = AnyInstance::Packing(compiled.instance.clone());
    let instance_file = write_instance(&instance, "json")?;
    let draft = tempfile::Builder::new().prefix("vmpack-plan-").suffix(".json").tempfile()?;
    std::fs::write(draft.path(), &instance_file)?;

    let (registry, missing) = (registry(), missing_methods());
    let methods = Methods { registry: &registry, missing: &missing, simulator: &NoSimulator };
    let limits = (arguments.time, arguments.threads.max(1));
    let best =
        best(&compiled.instance, draft.path(), &methods, arguments.method.as_deref(), limits)?;
    let Some((outcome, _)) = &best.placed else {
        return no_plan(&instance, &best, arguments.time);
    };
    let (placement, summary) = judged(&fleet, &compiled, outcome, &best)?;
    let method = best.placed.as_ref().map(|(_, record)| record.method.as_str());
    let mut files = vec![
        ("instance.json", instance_file.into_bytes()),
        (
            "solution.json",
            write_solution(&Packing::to_file(&compiled.instance, outcome, method)).into_bytes(),
        ),
        ("summary.json", pretty(&summary)?),
    ];
    files.extend(plan_files(&fleet, &compiled, placement)?);
    publish(&arguments.out, &files)?;
    deliver(summary.to_string().as_bytes(), None)?;
    say(format_args!("plan          {}", arguments.out.join("plan.csv").display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The placement, after the judge has found nothing wrong with it on the instance as it was compiled here.
fn judged<'a>(
    fleet: &Fleet,
    compiled: &Compiled,
    outcome: &'a Outcome<Packing>,
    best: &Best,
) -> anyhow::Result<(&'a Placement, Summary)> {
    let solved = outcome.solved.as_ref().context("a plan without a placement")?;
    let placement = &solved.solution;
    let claim = Outcome::feasible(placement.clone(), solved.cost);
    let judgement = Packing::judge(&compiled.instance, &claim, &Effort::default());
    match (&judgement.verdict, judgement.cost) {
        (Verdict::Correct, Some(cost)) => {
            let verdict = judgement.verdict.name();
            Ok((placement, Summary::new(fleet, compiled, (placement, cost), best, verdict)))
        }
        (verdict, _) => Err(anyhow!("the judge rejects the placement: {verdict}")),
    }
}

/// What is said where there is no placement to write.
fn no_plan(instance: &AnyInstance, best: &Best, time: f64) -> anyhow::Result<ExitCode> {
    if let Some(reason) = explain::reason(instance, time) {
        say(format_args!("There is no placement: {reason}"))?;
        return Ok(ExitCode::from(3));
    }
    if best.infeasible {
        say("There is no placement; no smallest reason was found in time.")?;
        return Ok(ExitCode::from(3));
    }
    if best.attempts.is_empty() {
        say("No method of this build takes this fleet with these rules.")?;
    } else {
        say("No placement was found in time.")?;
    }
    for attempt in &best.attempts {
        tell(format_args!("vmpack: tried: {}", attempt.sentence()));
    }
    for refusal in &best.refusals {
        tell(format_args!("vmpack: not tried: {refusal}"));
    }
    Ok(ExitCode::from(2))
}

fn pretty(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The plan itself, and its picture.
fn plan_files(
    fleet: &Fleet,
    compiled: &Compiled,
    placement: &Placement,
) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let assigned = assignments(fleet, compiled, placement);
    let mut table = String::from("vm,host\n");
    for (vm, host) in &assigned {
        let _ = writeln!(table, "{},{}", quoted(vm), quoted(host));
    }
    let mut evacuations = String::from("rule,failed,vm,to\n");
    for moved in moves(fleet, compiled, placement) {
        let cells = [&moved.rule, &moved.failed.join(" "), &moved.vm, &moved.to];
        let _ = writeln!(evacuations, "{}", cells.map(|cell| quoted(cell)).join(","));
    }
    let placement_file = PlanFile {
        format: FORMAT,
        version: 1,
        placement: assigned.iter().map(|(vm, host)| Assigned { vm, host }).collect(),
    };
    let names: Vec<String> = fleet.resources.iter().map(|(name, _)| name.clone()).collect();
    let kinds: Vec<String> =
        compiled.instance.hosts().iter().map(|host| host.name.clone()).collect();
    let figure = vmpack_report::fill(&names, &kinds, &fills(fleet, compiled, placement))?;
    Ok(vec![
        ("plan.csv", table.into_bytes()),
        (PLAN, pretty(&placement_file)?),
        ("evacuations.csv", evacuations.into_bytes()),
        ("fill.svg", figure.text().as_bytes().to_vec()),
        ("fill.png", figure.to_png(PNG_SCALE)?),
    ])
}

/// A cell of a CSV file.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Makes sure, before anything is solved, that a plan can be written to a folder, which need not be there, and replaces
/// nothing but an earlier plan.
fn make_sure_of(folder: &Path) -> anyhow::Result<()> {
    let name = folder.display();
    if Submission::is_in(folder) || [MANIFEST, RECORDS].iter().any(|of| folder.join(of).exists()) {
        return Err(anyhow!("{name} holds an experiment: choose another folder for the plan"));
    }
    let is_there = |file: &&&str| folder.join(file).exists();
    if let Some(file) = FILES.iter().find(is_there)
        && !holds_plan(folder)
    {
        return Err(anyhow!(
            "{} is there already and of no earlier plan: choose another folder",
            folder.join(file).display()
        ));
    }
    let is_absent = |path: &&Path| path.symlink_metadata().is_err();
    let there = folder.ancestors().find(|path| !is_absent(path)).unwrap_or(Path::new(""));
    // A link to nothing is followed when the plan is written.
    if there.symlink_metadata().is_ok_and(|found| found.is_symlink()) && !there.exists() {
        return Ok(());
    }
    if !there.as_os_str().is_empty() && !there.is_dir() {
        return Err(anyhow!("cannot write {name}: {} is no folder", there.display()));
    }
    // Nothing is left of it.
    FolderDraft::of(&there.join("plan")).with_context(|| format!("cannot write {name}"))?;
    Ok(())
}

/// Whether a folder holds a plan that this command has written.
fn holds_plan(folder: &Path) -> bool {
    let text = std::fs::read(folder.join(PLAN)).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|plan| plan["format"] == FORMAT)
}

/// Writes files into a folder. They appear under their names when all of them are complete.
fn publish(folder: &Path, files: &[(&str, Vec<u8>)]) -> anyhow::Result<()> {
    let context = || folder.display().to_string();
    vmpack_files::create_folder(folder).with_context(context)?;
    let draft = |(name, bytes): &(&str, Vec<u8>)| {
        let draft = Draft::of(&folder.join(name))?;
        draft.file().write_all(bytes)?;
        Ok(draft)
    };
    let drafts: std::io::Result<Vec<Draft>> = files.iter().map(draft).collect();
    drafts.and_then(|all| vmpack_files::publish_all(all, Durability::Flushed)).with_context(context)
}
