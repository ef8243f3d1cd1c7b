//! One target under libFuzzer, which brings `main`. The environment names it, since the arguments are libFuzzer's:
//! without `VMPACK_FUZZ_TARGET` the program prints the names of all targets and writes their seeds to `VMPACK_FUZZ_SEEDS`.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use vmpack_fuzz::{Target, targets, write_seeds};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn choose() {
    let Ok(name) = std::env::var("VMPACK_FUZZ_TARGET") else {
        for target in targets() {
            println!("{}", target.name);
        }
        if let Some(folder) = std::env::var_os("VMPACK_FUZZ_SEEDS") {
            write_seeds(folder.as_ref()).expect("a folder that can be written to");
        }
        std::process::exit(0);
    };
    let Some(target) = targets().find(|target| target.name == name) else {
        eprintln!("there is no target {name:?}");
        std::process::exit(1);
    };
    TARGET.set(target).expect("chosen once");
}

fuzz_target!(init: choose(), |data: &[u8]| {
    let target = TARGET.get().expect("chosen when the program starts");
    let _accepted = (target.run)(data);
});
