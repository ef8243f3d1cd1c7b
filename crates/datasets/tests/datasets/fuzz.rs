//! No reader panics, whatever it is given.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use vmpack_datasets::FORMATS;

/// Small valid files of every format.
const VALID: &[&str] = &[
    "3\r\n10\r\n6\r\n5\r\n4\r\n",
    "2\n10\n6 3\n5 1\n",
    "2\n10 4 10\n7 -1 7\n2\n6 3\n5 1\n",
    "1\n10 4 10\n1\n6 3\n",
    "2\n10 20\n2\n3 4 1\n5 0 2\n",
    "2\n2\n10 10 3 -1\n20 5 4 2\n2\n2 3\n5 2\n1 9\n1 1\n7 5\n",
    include_str!("../../../../datasets/samples/fleet.json"),
    include_str!("../../../../datasets/samples/allocation-utility.json"),
    include_str!("../../../../datasets/samples/covering.json"),
];

/// What is put in the place of something else.
const PIECES: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "3",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "1.5",
    "1e3",
    "nan",
    "x",
    "\u{0}",
    "\n",
    " ",
    "\r",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "null",
    "true",
    "\u{feff}",
    "\u{1f680}",
    "\"cpu\"",
    "\"name\"",
    "[[[[",
    "{\"a\":",
];

#[derive(Clone, Debug)]
enum Change {
    /// Replaces a token by a piece.
    Token(Index, &'static str),
    /// Removes what lies between two places.
    Cut(Index, Index),
    /// Repeats what lies between two places.
    Repeat(Index, Index),
    /// Sets a byte.
    Byte(Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), select(PIECES)).prop_map(|(at, piece)| Change::Token(at, piece)),
        1 => (index(), index()).prop_map(|(from, to)| Change::Cut(from, to)),
        1 => (index(), index()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
    ]
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    let place = |index: &Index| index.index(content.len() + 1);
    match change {
        Change::Token(at, piece) => {
            let end = |byte: &u8| byte.is_ascii_whitespace() || b",:[]{}".contains(byte);
            let start = place(at);
            let length = content[start..].iter().position(end).unwrap_or(content.len() - start);
            content.splice(start..start + length, piece.bytes());
        }
        Change::Cut(from, to) => {
            let (from, to) = (place(from), place(to));
            content.drain(from.min(to)..from.max(to));
        }
        Change::Repeat(from, to) => {
            let (from, to) = (place(from), place(to));
            let repeated = content[from.min(to)..from.max(to)].to_vec();
            content.splice(from..from, repeated);
        }
        Change::Byte(at, byte) => {
            if let Some(place) = content.len().checked_sub(1).map(|last| at.index(last + 1)) {
                content[place] = *byte;
            }
        }
    }
}

/// Reads the content in every format; whatever is refused is refused with a message.
fn survive(content: &[u8]) -> Result<(), TestCaseError> {
    let recognised = FORMATS.iter().filter(|format| format.recognises(content)).count();
    prop_assert!(recognised <= 1);
    for format in FORMATS {
        if let Err(error) = format.read(content, "fuzz") {
            prop_assert!(!error.to_string().is_empty());
            let lines = content.split(|&byte| byte == b'\n').count();
            prop_assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{:?}", error);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_bytes(content in vec(any::<u8>(), 0..200)) {
        survive(&content)?;
    }

    #[test]
    fn random_pieces(pieces in vec(select(PIECES), 0..60)) {
        survive(pieces.concat().as_bytes())?;
    }

    #[test]
    fn valid_files_with_a_few_changes(base in select(VALID), changes in vec(change(), 1..6)) {
        let mut content = base.as_bytes().to_vec();
        for change in &changes {
            apply(&mut content, change);
        }
        survive(&content)?;
    }
}

#[test]
fn the_bases_are_valid() {
    for base in VALID {
        let format = FORMATS.iter().find(|format| format.recognises(base.as_bytes()));
        format.expect("recognised").read(base.as_bytes(), "base").expect("valid");
    }
}
