//! The native tools that building HiGHS needs: a C++ compiler, CMake with Make or Ninja, and libclang.
//!
//! What the machine has is used. What it lacks is brought from the Python package index into `.native/`
//! (no administrator needed), else installed with `apt-get` (as root), else named in the exact commands
//! to type. The paths of brought tools are written to `.cargo/native.toml`, which the project's Cargo
//! configuration includes, so that a plain `cargo build` finds them too.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::habits::{is_root, root, run, say};

/// Releases that the build was tested with.
const WHEELS: [(Tool, &str); 3] = [
    (Tool::CMake, "cmake==4.4.4"),
    (Tool::Ninja, "ninja>=1.11,<2"),
    (Tool::LibClang, "libclang==18.1.1"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Compiler,
    CMake,
    Ninja,
    LibClang,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Compiler => "a C++ compiler",
            Self::CMake => "cmake",
            Self::Ninja => "make or ninja",
            Self::LibClang => "libclang",
        }
    }

    fn debian_package(self) -> &'static str {
        match self {
            Self::Compiler => "g++",
            Self::CMake => "cmake",
            Self::Ninja => "make",
            Self::LibClang => "libclang-dev",
        }
    }

    fn on_this_machine(self) -> bool {
        let any = |names: &[&str]| names.iter().any(|name| find_program(name).is_some());
        match self {
            Self::Compiler => set("CXX") || any(&["c++", "g++", "clang++"]),
            Self::CMake => set("CMAKE") || any(&["cmake"]),
            Self::Ninja => any(&["make", "gmake", "ninja"]),
            Self::LibClang => system_libclang(),
        }
    }
}

/// Sees to it that `cargo build` finds everything that HiGHS needs.
pub(crate) fn prepare(root: &Path) -> Result<(), String> {
    let configuration = root.join(".cargo/native.toml");
    let missing = missing_tools();
    if missing.is_empty() && clang_headers() {
        if configuration.exists() {
            std::fs::remove_file(&configuration)
                .map_err(|error| format!("{}: {error}", configuration.display()))?;
        }
        return Ok(());
    }
    let wheels = root.join(".native");
    if configuration.exists() && brought(&wheels, &missing).is_some() {
        return Ok(());
    }
    if missing.is_empty() {
        return configure(root, &configuration, &Brought::default());
    }
    let names: Vec<_> = missing.iter().map(|tool| tool.name()).collect();
    say(&format!("building HiGHS needs {}, not found on this machine", names.join(", ")));
    if !missing.contains(&Tool::Compiler) && bring_wheels(root, &wheels, &missing) {
        let tools = brought(&wheels, &missing).expect("bring_wheels has looked");
        return configure(root, &configuration, &tools);
    }
    if install_packages(&missing) {
        return Ok(());
    }
    Err(instructions(&missing))
}

fn missing_tools() -> Vec<Tool> {
    [Tool::Compiler, Tool::CMake, Tool::Ninja, Tool::LibClang]
        .into_iter()
        .filter(|tool| !tool.on_this_machine())
        .collect()
}

/// Whether the user has set a variable. Cargo hands us those of our own configuration too, which point
/// into `.native/` and say nothing of what the machine has.
fn set(variable: &str) -> bool {
    let value = std::env::var_os(variable).unwrap_or_default();
    !value.is_empty() && !Path::new(&value).starts_with(root().join(".native"))
}

pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// Whether bindgen would find libclang by itself: the same variable and folders that it looks at.
fn system_libclang() -> bool {
    let is_library = |name: &str| {
        let plain = name.starts_with("libclang.") || name.starts_with("libclang-");
        plain
            && !name.starts_with("libclang-cpp")
            && (name.contains(".so") || name.ends_with("dylib"))
    };
    set("LIBCLANG_PATH")
        || library_folders().iter().any(|folder| file_names(folder).any(|name| is_library(&name)))
}

/// Whether the compiler's own headers (`stddef.h` and its kind) lie where libclang looks for them; its
/// runtime package alone does not hold them.
fn clang_headers() -> bool {
    let holds_headers = |folder: &PathBuf| {
        let clang = folder.join("clang");
        file_names(&clang).any(|version| clang.join(version).join("include/stddef.h").is_file())
    };
    library_folders().iter().any(holds_headers)
}

fn library_folders() -> Vec<PathBuf> {
    let fixed = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/opt/homebrew/opt/llvm/lib",
    ];
    let mut folders: Vec<PathBuf> = fixed.into_iter().map(PathBuf::from).collect();
    let llvm = file_names(Path::new("/usr/lib")).filter(|name| name.starts_with("llvm"));
    folders.extend(llvm.map(|name| Path::new("/usr/lib").join(name).join("lib")));
    folders.extend(first_line(Command::new("llvm-config").arg("--libdir")).map(PathBuf::from));
    folders
}

fn file_names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// What a command prints first, if it can be run.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Paths of the tools that were brought, for those that the machine lacks.
#[derive(Default)]
struct Brought {
    cmake: Option<PathBuf>,
    ninja: Option<PathBuf>,
    libclang: Option<PathBuf>,
}

/// The brought tools, if every missing one is there.
fn brought(wheels: &Path, missing: &[Tool]) -> Option<Brought> {
    let mut tools = Brought::default();
    for tool in missing {
        match tool {
            Tool::Compiler => return None,
            Tool::CMake => {
                tools.cmake = Some(find_below(wheels, &["cmake", "data", "bin", "cmake"])?);
            }
            Tool::Ninja => {
                let found = find_below(wheels, &["ninja", "data", "bin", "ninja"])
                    .or_else(|| find_below(wheels, &["bin", "ninja"]))?;
                tools.ninja = Some(found);
            }
            Tool::LibClang => {
                let found = find_below(wheels, &["clang", "native", "libclang.so"])
                    .or_else(|| find_below(wheels, &["clang", "native", "libclang.dylib"]))?;
                tools.libclang = found.parent().map(Path::to_owned);
            }
        }
    }
    Some(tools)
}

/// Finds a file by the last parts of its path, at most eight levels below a folder.
fn find_below(folder: &Path, tail: &[&str]) -> Option<PathBuf> {
    fn search(folder: &Path, tail: &Path, depth: usize) -> Option<PathBuf> {
        let here = folder.join(tail);
        if here.is_file() {
            return Some(here);
        }
        if depth == 0 {
            return None;
        }
        let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
            .ok()?
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        folders.sort();
        folders.iter().find_map(|below| search(below, tail, depth - 1))
    }
    search(folder, &tail.iter().collect::<PathBuf>(), 8)
}

/// Brings the missing tools as wheels: into a virtual environment, else with `pip --target`.
fn bring_wheels(root: &Path, wheels: &Path, missing: &[Tool]) -> bool {
    let Some(python) = ["python3", "python"].into_iter().find_map(find_program) else {
        say("there is no python3 to bring them with");
        return false;
    };
    let packages: Vec<&str> = WHEELS
        .into_iter()
        .filter(|(tool, _)| missing.contains(tool))
        .map(|(_, package)| package)
        .collect();
    let environment = wheels.join("venv");
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ];
    let own_python = environment.join("bin/python3");
    let in_environment = run(
        "bring them without administrator rights, into .native/",
        Command::new(&python).args([OsStr::new("-m"), OsStr::new("venv"), environment.as_os_str()]),
    )
    .and_then(|()| run("bring the packages", Command::new(own_python).args(pip).args(&packages)));
    let done = in_environment.or_else(|problem| {
        say(&problem);
        let mut direct = Command::new(&python);
        direct.args(pip).arg("--target").arg(wheels.join("packages")).args(&packages);
        run("try pip without a virtual environment", &mut direct)
    });
    if let Err(problem) = done {
        say(&problem);
        return false;
    }
    let complete = brought(wheels, missing).is_some();
    if !complete {
        say(&format!(
            "the packages in {} lack a tool",
            wheels.strip_prefix(root).unwrap_or(wheels).display()
        ));
    }
    complete
}

/// Writes the paths of the brought tools where Cargo reads them.
fn configure(root: &Path, configuration: &Path, tools: &Brought) -> Result<(), String> {
    let io = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let mut text =
        String::from("# Written by `cargo xtask`; remove it to look for the tools again.\n[env]\n");
    let mut variable = |name: &str, value: &str| {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(text, "{name} = \"{quoted}\"").expect("writing to a string cannot fail");
    };
    if tools.cmake.is_some() || tools.ninja.is_some() {
        // CMake looks for Ninja on PATH only, so a wrapper puts it there for CMake alone.
        let wrapper = root.join(".native/cmake");
        let mut script = String::from("#!/bin/sh\n");
        if let Some(folder) = tools.ninja.as_deref().and_then(Path::parent) {
            let _ = writeln!(script, "PATH='{}':$PATH CMAKE_GENERATOR=Ninja", folder.display());
            script.push_str("export PATH CMAKE_GENERATOR\n");
        }
        let cmake =
            tools.cmake.clone().or_else(|| find_program("cmake")).expect("found or brought");
        let _ = writeln!(script, "exec '{}' \"$@\"", cmake.display());
        std::fs::write(&wrapper, script).map_err(|error| io(&wrapper, error))?;
        make_executable(&wrapper).map_err(|error| io(&wrapper, error))?;
        variable("CMAKE", &wrapper.to_string_lossy());
    }
    if let Some(folder) = &tools.libclang {
        variable("LIBCLANG_PATH", &folder.to_string_lossy());
    }
    if !clang_headers()
        && let Some(headers) = compiler_headers()
    {
        variable("BINDGEN_EXTRA_CLANG_ARGS", &format!("-isystem {headers}"));
    }
    let draft = configuration.with_extension("toml.tmp");
    std::fs::write(&draft, text).map_err(|error| io(&draft, error))?;
    std::fs::rename(&draft, configuration).map_err(|error| io(configuration, error))?;
    say("wrote .cargo/native.toml, so plain cargo commands find them too");
    Ok(())
}

#[cfg(unix)]
fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The folder of the C compiler's own headers, which serve libclang as well.
fn compiler_headers() -> Option<String> {
    let compiler = ["gcc", "cc"].into_iter().find_map(find_program)?;
    let folder = first_line(Command::new(compiler).arg("-print-file-name=include"))?;
    Path::new(&folder).is_absolute().then_some(folder)
}

/// Installs the missing tools with `apt-get`, where that exists and we are root.
fn install_packages(missing: &[Tool]) -> bool {
    if !is_root() || find_program("apt-get").is_none() {
        return false;
    }
    let packages = missing.iter().map(|tool| tool.debian_package());
    let installed =
        run("read the package lists", Command::new("apt-get").arg("update")).and_then(|()| {
            let mut install = Command::new("apt-get");
            install.env("DEBIAN_FRONTEND", "noninteractive");
            install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
            run("install the missing tools", &mut install)
        });
    if let Err(problem) = installed {
        say(&problem);
    }
    missing_tools().is_empty()
}

fn instructions(missing: &[Tool]) -> String {
    let debian: Vec<_> = missing.iter().map(|tool| tool.debian_package()).collect();
    let debian = format!("sudo apt-get install {}", debian.join(" "));
    let commands = [
        (debian.as_str(), "Debian, Ubuntu"),
        ("sudo apt-get install python3-venv", "then it is brought without root"),
        ("sudo dnf install gcc-c++ cmake make clang-devel", "Fedora"),
        ("sudo pacman -S gcc cmake make clang", "Arch"),
        ("brew install cmake llvm", "macOS"),
    ];
    let mut text = String::from("could not bring what HiGHS needs. Type one of\n\n");
    for (command, system) in commands {
        let _ = writeln!(text, "  {command:<52} ({system})");
    }
    text + "\nand run the command again, or leave HiGHS out with --without-highs."
}

/// The triple of this machine, as the compiler calls it.
pub(crate) fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("could not start `rustc -vV`: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}
