//! What the kernel's files say about the machine and about processes.

use std::fs;

use vmpack_results::Machine;

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

/// The one-minute load average; zero if the kernel does not tell.
pub(crate) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// The peak resident memory of a process in bytes since its program was started; `None` once it has
/// ended. `self` is the calling process.
pub(crate) fn peak_rss(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    kibibytes(&status, "VmHWM")
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
    fn the_machine_and_this_process_have_memory() {
        let machine = machine();
        assert!(machine.cores > 0 && machine.memory_bytes > 1 << 20, "{machine:?}");
        let peak = peak_rss("self").expect("this process is running");
        assert!(peak > 1 << 16 && peak < machine.memory_bytes, "{peak}");
    }
}
