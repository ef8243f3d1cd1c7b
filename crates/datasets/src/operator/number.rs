//! Numbers in documents, as texts.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A number as it is written, or a text with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a text with one")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                Ok(Number(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, integer: u64) -> Result<Number, E> {
                Ok(Number(integer.to_string()))
            }

            fn visit_i64<E: Error>(self, integer: i64) -> Result<Number, E> {
                Ok(Number(integer.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                // The shortest text that reads as this number; up to 15 digits it is what was written.
                let text = number.to_string();
                if text.bytes().filter(u8::is_ascii_digit).count() > 15 {
                    return Err(E::custom("a number of more than 15 digits: write it as a text"));
                }
                Ok(Number(text))
            }
        }
        deserializer.deserialize_any(Text)
    }
}
