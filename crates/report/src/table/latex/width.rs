//! How wide text is in a paper: in Computer Modern of 8 pt, the font that tables are set in.

/// The characters from ` ` to `~` in hundredths of a point, as the metrics of the font `cmr8` have them.
const WIDTHS: [u16; 95] = [
    283, 236, 425, 708, 425, 708, 661, 236, 331, 331, 425, 661, 236, 283, 236,
    425, // ` ` to `/`
    425, 425, 425, 425, 425, 425, 425, 425, 425, 425, 236, 236, 236, 661, 401,
    401, // `0` to `?`
    661, 637, 602, 614, 649, 578, 554, 667, 637, 306, 436, 660, 531, 778, 637,
    661, // `@` to `O`
    578, 661, 625, 472, 614, 637, 637, 873, 637, 637, 519, 236, 425, 236, 425,
    306, // `P` to `_`
    236, 425, 472, 378, 472, 378, 260, 425, 472, 236, 260, 449, 236, 708, 472,
    425, // `` ` `` to `o`
    472, 449, 331, 335, 331, 472, 449, 614, 449, 449, 378, 425, 850, 425, 425, // `p` to `~`
];
/// Signs of formulas, with the space around them.
const OPERATOR: f64 = 6.62;
const RELATION: f64 = 9.0;
/// Characters that the font does not have are no wider.
const LETTER: f64 = 8.0;
/// What is raised is smaller.
const SCRIPT: f64 = 0.87;

/// The width in points of what [`escape`](super::text::escape) and [`number`](super::text::number) write.
pub(super) fn width(tex: &str) -> f64 {
    let mut characters = tex.chars().peekable();
    let (mut total, mut is_math, mut scale) = (0.0, false, 1.0);
    while let Some(character) = characters.next() {
        total += scale
            * match character {
                '\\' => {
                    let mut name = String::new();
                    while let Some(letter) = characters.next_if(char::is_ascii_alphabetic) {
                        name.push(letter);
                    }
                    match &*name {
                        "" => characters.next().map_or(0.0, of_character),
                        "allowbreak" => 0.0,
                        _ => OPERATOR,
                    }
                }
                '$' => {
                    is_math = !is_math;
                    0.0
                }
                '^' => {
                    scale = SCRIPT;
                    0.0
                }
                '}' => {
                    scale = 1.0;
                    0.0
                }
                '{' => 0.0,
                '~' => of_character(' '),
                '-' if is_math => OPERATOR,
                '<' if is_math => RELATION,
                _ => of_character(character),
            };
    }
    total
}

/// The width of a character of text.
fn of_character(character: char) -> f64 {
    let place = (character as usize).checked_sub(usize::from(b' '));
    let known = place.and_then(|place| WIDTHS.get(place));
    known.map_or(LETTER, |width| f64::from(*width) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_tex_says() {
        for (tex, points) in [
            ("method", 28.10),
            ("a\\_b", 12.03),
            ("{-}1{-}", 9.92),
            ("branch{-}price", 46.06),
            ("10~ms [s]", 32.68),
            ("12 of 30", 29.51),
            ("\\textgreater{}", 6.61),
            ("$1.50\\cdot10^{-6}$", 39.69),
            ("$-0.500$", 25.97),
            ("$<0.001$", 28.33),
            ("", 0.0),
        ] {
            // Kerning is left out.
            assert!((width(tex) - points).abs() < 0.6, "{tex}: {} for {points}", width(tex));
        }
    }
}
