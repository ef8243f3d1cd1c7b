//! What the kernel's files say about the machine and about processes.

use std::fs;

use vmpack_results::Machine;

use crate::limits::ticks_per_second;

/// The machine that this process runs on; what the kernel does not tell is empty or zero.
pub fn machine() -> Machine {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    Machine {
        cpu: field(&processors, "model name", ':').unwrap_or_default().to_owned(),
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get() as u64),
        memory_bytes: kibibytes(&memory, "MemTotal").unwrap_or(0),
        system: format!(
            "{}, Linux {}",
            field(&release, "PRETTY_NAME", '=').unwrap_or("unknown distribution").trim_matches('"'),
            kernel.trim()
        ),
    }
}

/// Seconds that all processors together spent since the machine was started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CoreTime {
    /// How many processors there are.
    pub(crate) cores: u64,
    /// Working for somebody.
    pub(crate) busy_s: f64,
    /// Wanted here, and given to other machines by the hypervisor.
    pub(crate) steal_s: f64,
}

/// What the processors spent so far; zero if the kernel does not tell.
pub(crate) fn core_time() -> CoreTime {
    parse_core_time(&fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default()
}

fn parse_core_time(text: &str) -> Option<CoreTime> {
    let mut lines = text.lines();
    let fields: Vec<f64> =
        lines.next()?.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal: proc(5). Guests are part of user.
    let &[user, nice, system, _, _, irq, softirq, steal, ..] = &fields[..] else { return None };
    let tick = ticks_per_second().recip();
    Some(CoreTime {
        cores: lines.take_while(|line| line.starts_with("cpu")).count() as u64,
        busy_s: (user + nice + system + irq + softirq) * tick,
        steal_s: steal * tick,
    })
}

/// The mean clock of the processors in MHz, where their governor tells it.
pub(crate) fn clock_mhz() -> Option<f64> {
    let kilohertz = |core: u64| {
        let file = format!("/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq");
        fs::read_to_string(file).ok()?.trim().parse::<f64>().ok()
    };
    let clocks: Vec<f64> = (0..).map_while(kilohertz).collect();
    (!clocks.is_empty()).then(|| clocks.iter().sum::<f64>() / clocks.len() as f64 / 1e3)
}

/// The one-minute load average; zero if the kernel does not tell.
pub(crate) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// The peak resident memory of a process in bytes since its program was started; `None` once it has
/// ended. `self` is the calling process.
pub fn peak_rss(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    kibibytes(&status, "VmHWM")
}

/// A running process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) id: u32,
    /// When it was started, in clock ticks since the machine was: tells it from a later process of the
    /// same number.
    started: u64,
    /// CPU seconds so far, with those of the children that it waited for.
    pub(crate) cpu_s: f64,
    /// Resident memory in bytes, now.
    pub(crate) rss_bytes: u64,
}

impl Process {
    /// Whether it runs still.
    pub(crate) fn is_running(&self) -> bool {
        process(self.id).is_some_and(|now| now.started == self.started)
    }
}

/// A process and all its descendants that run; itself first. Empty once it has ended.
pub(crate) fn family_tree(root: u32) -> Vec<Process> {
    let mut tree: Vec<Process> = process(root).into_iter().collect();
    let mut next = 0;
    while let Some(parent) = tree.get(next) {
        let children = children(parent.id);
        // A number that was given away meanwhile must not lead in circles.
        let new = children.into_iter().filter(|id| tree.iter().all(|known| known.id != *id));
        let new: Vec<Process> = new.filter_map(process).collect();
        tree.extend(new);
        next += 1;
    }
    tree
}

/// Those of the processes that run.
pub(crate) fn processes(ids: &[u32]) -> Vec<Process> {
    ids.iter().copied().filter_map(process).collect()
}

fn process(id: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (started, cpu_s) = parse_stat(&text)?;
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    Some(Process { id, started, cpu_s, rss_bytes: kibibytes(&status, "VmRSS").unwrap_or(0) })
}

/// When a process was started, in ticks, and its CPU seconds.
fn parse_stat(text: &str) -> Option<(u64, f64)> {
    // The name, in brackets, may hold anything. Behind it the third field of proc(5) comes first.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)? + field(16)? + field(17)?;
    Some((field(22)?, ticks as f64 / ticks_per_second()))
}

/// The children of all threads of a process.
fn children(id: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split(' ').filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let value: u64 = field(text, name, ':')?.strip_suffix("kB")?.trim().parse().ok()?;
    value.checked_mul(1024)
}

/// The value of the first line `name <separator> value`.
fn field<'a>(text: &'a str, name: &str, separator: char) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(separator))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_kernels_files_are_found() {
        let status = "Name:\tvmpack\nVmHWM:\t    9216 kB\nVmRSS:\t  100 kB\n";
        assert_eq!(kibibytes(status, "VmHWM"), Some(9216 * 1024));
        assert_eq!(kibibytes(status, "VmSwap"), None);
        let processors = "processor\t: 0\nmodel name\t: Some CPU @ 2.0 GHz: fast\n";
        assert_eq!(field(processors, "model name", ':'), Some("Some CPU @ 2.0 GHz: fast"));
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "7 (a) b) S 1 7 7 0 -1 4194304 99 0 0 0 100 20 30 4 20 0 1 0 5555 9999 200\n";
        let (started, cpu_s) = parse_stat(text).expect("well-formed");
        assert_eq!((started, cpu_s * ticks_per_second()), (5555, 154.0));
        assert_eq!(parse_stat("7 (a) S 1 7"), None);
    }

    #[test]
    fn the_time_of_processors_is_read_by_what_it_went_to() {
        let text = "cpu  100 20 30 4000 5 6 7 80 9 0\ncpu0 1 2\ncpu1 1 2\nintr 5 6\n";
        let time = parse_core_time(text).expect("well-formed");
        let ticks = |seconds: f64| (seconds * ticks_per_second()).round();
        assert_eq!((time.cores, ticks(time.busy_s), ticks(time.steal_s)), (2, 163.0, 80.0));
        assert_eq!(parse_core_time("cpu 1 2 3\n"), None);
        assert!(core_time().busy_s > 0.0 && core_time().cores > 0);
    }

    #[test]
    fn children_belong_to_the_tree() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("it starts");
        let tree = family_tree(std::process::id());
        assert_eq!(tree[0].id, std::process::id());
        let sleeper = tree.iter().find(|process| process.id == child.id()).expect("it sleeps");
        assert!(sleeper.is_running() && tree[0].rss_bytes > 1 << 16);
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        assert!(!sleeper.is_running());
        assert_eq!(family_tree(child.id()), []);
    }

    #[test]
    fn the_machine_and_this_process_have_memory() {
        let machine = machine();
        assert!(machine.cores > 0 && machine.memory_bytes > 1 << 20, "{machine:?}");
        let peak = peak_rss("self").expect("this process is running");
        assert!(peak > 1 << 16 && peak < machine.memory_bytes, "{peak}");
    }
}
