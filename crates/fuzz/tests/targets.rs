//! Every target on its seeds, on what once broke it, and on damaged seeds: what is fuzzed on every run of the tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use vmpack_fuzz::{Target, targets};

/// Damaged inputs per target.
const ROUNDS: usize = 50;

/// Bits flipped, and pieces cut out, doubled, or taken from elsewhere.
fn damaged(seeds: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut pick = || seeds[random.random_range(0..seeds.len())].clone();
    let (mut data, other) = (pick(), pick());
    for _ in 0..random.random_range(1..5) {
        if data.is_empty() {
            break;
        }
        let from = random.random_range(0..data.len());
        let to = random.random_range(from..data.len().min(from + 20));
        match random.random_range(0..5) {
            0 => data[from] ^= 1 << random.random_range(0..8),
            1 => drop(data.drain(from..to)),
            2 => {
                let piece = data[from..to].repeat(random.random_range(1..30));
                data.splice(to..to, piece);
            }
            3 => {
                let at = random.random_range(0..=other.len());
                data.splice(from..to, other[at..].iter().copied());
            }
            _ => {
                let numbers = ["0", "-1", "1e18", "18446744073709551615", "0.000001", "99999999"];
                let number = numbers[random.random_range(0..numbers.len())];
                data.splice(from..to, number.bytes());
            }
        }
    }
    data
}

/// What once broke the target.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn targets_survive_their_seeds_and_damaged_ones() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for target in targets() {
        let seeds = (target.seeds)();
        for (number, seed) in seeds.iter().enumerate() {
            assert!((target.run)(seed), "{} refuses its seed {number}", target.name);
        }
        let inputs = [seeds, corpus(target), vec![Vec::new()]].concat();
        for input in &inputs {
            (target.run)(input);
        }
        for _ in 0..ROUNDS {
            (target.run)(&damaged(&inputs, &mut random));
        }
    }
}

#[test]
fn the_corpus_belongs_to_targets() {
    let known: BTreeSet<_> = targets().map(|target| target.name).collect();
    assert_eq!(known.len(), targets().count(), "names are unique");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&*name), "corpus/{name} belongs to no target");
    }
}
