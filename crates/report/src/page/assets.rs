//! The style sheet and the script of the page, and the policy that lets a browser run these and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::draw::DARK;

/// The parts of the script, in an order in which nothing is used before it is there.
const SCRIPTS: [&str; 13] = [
    include_str!("js/dom.js"),
    include_str!("js/format.js"),
    include_str!("js/data.js"),
    include_str!("js/statistics.js"),
    include_str!("js/state.js"),
    include_str!("js/filters.js"),
    include_str!("js/chart.js"),
    include_str!("js/measures.js"),
    include_str!("js/labels.js"),
    include_str!("js/scatter.js"),
    include_str!("js/tables.js"),
    include_str!("js/packing.js"),
    include_str!("js/panel.js"),
];

/// What starts them.
const APP: &str = include_str!("js/app.js");

/// The whole script, in a scope of its own.
pub(super) fn script() -> String {
    format!("(() => {{\n\"use strict\";\n{}\n{APP}}})();\n", SCRIPTS.join("\n"))
}

/// The whole style sheet; attributes of figures give way to any rule, so that their colours follow the theme.
pub(super) fn style() -> String {
    let hex = |c: plotters::style::RGBColor| format!("#{:02X}{:02X}{:02X}", c.0, c.1, c.2);
    let rules = DARK.iter().map(|(light, dark)| {
        let (light, dark) = (hex(*light), hex(*dark));
        let colour = format!("light-dark({light},{dark})");
        format!(
            "svg [fill=\"{light}\"]{{fill:{colour}}}svg [stroke=\"{light}\"]{{stroke:{colour}}}"
        )
    });
    format!("{}\n{}\n", include_str!("style.css"), rules.collect::<Vec<_>>().join("\n"))
}

/// The content security policy of a page with one style sheet and one script: nothing is loaded, nothing is sent, no
/// other script runs, and text never becomes markup.
pub(super) fn policy(style: &str, script: &str) -> String {
    let name = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'",
        name(style),
        name(script)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_exactly_these_texts() {
        // `printf 'a{}' | openssl dgst -sha256 -binary | base64`, and the same of `b`.
        let policy = policy("a{}", "b");
        assert!(
            policy.contains("style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='"),
            "{policy}"
        );
        assert!(
            policy.contains("script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='"),
            "{policy}"
        );
        assert!(!script().contains("</script") && !style().contains("</style"));
    }
}
