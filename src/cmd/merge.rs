//! `vmpack merge`.

use std::path::PathBuf;
use std::process::ExitCode;

use vmpack_results::{Keep, Merged, merge};

use super::{say, tell};

/// Merge the stores of several machines, sessions or shards into one, with what their runs left.
///
/// Equal records are taken once. Records of one run that contradict each other are refused by file, line and run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Directories that `vmpack run` or `vmpack merge` wrote.
    #[arg(required = true, value_name = "DIR")]
    sources: Vec<PathBuf>,
    /// The directory of the result, which is made.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which record to keep of a run that was measured more than once, where nothing contradicts: the first or the last in
    /// the order given, or the first that answered within its limits.
    #[arg(long, value_name = "WHICH", default_value = "refuse")]
    keep: Choice,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Choice {
    Refuse,
    First,
    Last,
    Complete,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let keep = match arguments.keep {
        Choice::Refuse => Keep::Refuse,
        Choice::First => Keep::First,
        Choice::Last => Keep::Last,
        Choice::Complete => Keep::Complete,
    };
    let Merged { records, equal, dropped, files, torn, manifest } =
        merge(&arguments.sources, &arguments.out, keep)?;
    for (path, torn) in torn {
        let (path, line, bytes) = (path.display(), torn.line, torn.bytes);
        tell(format_args!(
            "{path}, line {line}: a record was cut short ({bytes} bytes) and is left out"
        ));
    }
    for sentence in &manifest.missing {
        tell(sentence);
    }
    let mut told = format!("{records} of {} runs", manifest.planned);
    for (number, what) in
        [(equal, "equal records taken once"), (dropped, "not kept"), (files, "files beside them")]
    {
        if number > 0 {
            told = format!("{told}, {number} {what}");
        }
    }
    tell(&told);
    say(arguments.out.display())?;
    Ok(ExitCode::SUCCESS)
}
