//! The report as anybody can use it: checked by axe-core against WCAG 2.2, level AA, and its best practices; on a narrow
//! screen; and without motion.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::driver::Browser;
use super::{PANEL, READY, report};
use crate::serve::Served;
use crate::skip::skipped;

/// Where `cargo xtask aids` brings it.
const AXE: &str = ".native/node/node_modules/axe-core/axe.min.js";

#[test]
fn anybody_can_use_the_report() {
    let Ok(axe) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE)) else {
        return skipped("axe-core is not here (`cargo xtask aids`)");
    };
    let Some(browser) = Browser::start(1280, 900) else { return };
    let (_directory, page) = report();
    let visit = |state: &str| {
        browser.visit("about:blank");
        browser.open(&page, state);
        browser.wait("the runs are unpacked", READY);
        browser.eval("for (const fold of document.querySelectorAll('details')) fold.open = true");
        browser.eval(&axe);
    };
    for (scheme, points) in [("light", "runs"), ("dark", "methods")] {
        browser.emulate(&[("prefers-color-scheme", scheme)]);
        visit(&format!("#points={points}"));
        assert_accessible(&browser, "document", &format!("the page, {scheme}, {points}"));
        for family in ["packing", "allocation", "replay"] {
            visit(&format!("#family={family}"));
            open_a_run(&browser);
            assert_accessible(&browser, "'#panel'", &format!("a run of {family}, {scheme}"));
        }
    }
    it_reflows(&browser, visit);
    the_list_of_reports_is_accessible(&browser, &axe);
    nothing_moves_for_whom_it_shall_not(&browser, visit);
    axe_finds_what_is_wrong(&browser);
}

/// Text of figures against what was drawn below it last, which axe-core does not look at: to it SVG text has no colour.
pub(super) fn figures_can_be_read(browser: &Browser, page: &Path) {
    const FAINT: &str = "
        const light = (colour) => {
            const [r, g, b] = colour.match(/[0-9.]+/g).map((part) => Number(part) / 255)
                .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const fill = (node) => light(getComputedStyle(node).fill);
        const found = [];
        for (const svg of document.querySelectorAll('figure svg')) {
            const below = [];
            for (const node of svg.querySelectorAll('rect, text')) {
                const box = node.getBoundingClientRect();
                if (node.tagName === 'rect') {
                    if (getComputedStyle(node).fill !== 'none') below.push([box, node]);
                    continue;
                }
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const ground = below.findLast(([b]) => b.left <= x && x <= b.right && b.top <= y && y <= b.bottom);
                const [dim, bright] = [fill(node), fill(ground[1])].sort((a, b) => a - b);
                if ((bright + 0.05) / (dim + 0.05) < 4.5) found.push(`${svg.getAttribute('aria-label')}: ${node.textContent.trim()}`);
            }
        }
        return [document.querySelectorAll('figure svg text').length, found]";
    browser.visit("about:blank");
    browser.open(page, "");
    browser.wait("the runs are unpacked", READY);
    for scheme in ["light", "dark"] {
        browser.eval(&format!("document.documentElement.dataset.theme = '{scheme}'"));
        let found = browser.eval(FAINT);
        assert!(found[0].as_u64().unwrap() > 100, "{found}");
        assert_eq!(found[1], json!([]), "{scheme}");
    }
}

fn open_a_run(browser: &Browser) {
    browser.eval("document.querySelector('#runs-table tbody tr[tabindex]').click()");
    browser.wait("the run is told of", PANEL);
    browser
        .eval("for (const fold of document.querySelectorAll('#panel details')) fold.open = true");
}

/// What axe-core finds wrong within a part of the page, one rule and its first place a line.
fn violations(browser: &Browser, part: &str) -> Vec<String> {
    let found = browser.eval(&format!(
        "return axe.run({part}, {{resultTypes: ['violations'], \
           runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}) \
         .then(({{violations}}) => violations.map(({{id, help, nodes}}) => \
           `${{id}}: ${{help}}: ${{nodes.length}} times, first ${{nodes[0].target.join(' ')}}: ${{nodes[0].failureSummary}}`))"
    ));
    found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_accessible(browser: &Browser, part: &str, state: &str) {
    assert_eq!(violations(browser, part), Vec::<String>::new(), "{state}");
}

/// By how many pixels an element is too narrow for what is in it.
fn overhang(browser: &Browser, selector: &str) -> Value {
    browser.eval(&format!(
        "const e = document.querySelector('{selector}'); return e.scrollWidth - e.clientWidth"
    ))
}

/// At 320 pixels, a page of 1280 magnified four times, only tables and pictures scroll sideways.
fn it_reflows(browser: &Browser, visit: impl Fn(&str)) {
    browser.resize(320, 800);
    visit("");
    assert_eq!(overhang(browser, "html"), json!(0));
    assert_accessible(browser, "document", "the page, narrow");
    // What covers everything keeps the focus.
    visit("#family=packing");
    open_a_run(browser);
    assert_eq!(overhang(browser, "#panel"), json!(0));
    assert_eq!(
        browser.eval("return document.querySelector('#panel').matches(':modal')"),
        json!(true)
    );
    assert_accessible(browser, "'#panel'", "a run, narrow");
    browser.resize(1280, 900);
}

/// What `vmpack serve` shows.
fn the_list_of_reports_is_accessible(browser: &Browser, axe: &str) {
    let served = Served::start();
    for (scheme, width) in [("light", 1280), ("dark", 320)] {
        browser.emulate(&[("prefers-color-scheme", scheme)]);
        browser.resize(width, 900);
        browser.visit(&format!("http://{}/", served.address));
        browser.eval(axe);
        assert_accessible(browser, "document", &format!("the list of reports, {scheme}"));
        assert_eq!(overhang(browser, "html"), json!(0));
    }
    browser.resize(1280, 900);
}

fn nothing_moves_for_whom_it_shall_not(browser: &Browser, visit: impl Fn(&str)) {
    let motion = |wish: &str| -> Value {
        browser.emulate(&[("prefers-reduced-motion", wish)]);
        visit("#family=packing");
        open_a_run(browser);
        browser.eval(
            "return [getComputedStyle(document.querySelector('#panel')).animationName, \
             getComputedStyle(document.documentElement).scrollBehavior]",
        )
    };
    assert_eq!(motion("no-preference"), json!(["enter", "smooth"]));
    assert_eq!(motion("reduce"), json!(["none", "auto"]));
    let moving = "return [...document.querySelectorAll('*')].filter((e) => { const s = getComputedStyle(e); \
                  return s.animationName !== 'none' || s.transitionDuration !== '0s' }).length";
    assert_eq!(browser.eval(moving), json!(0));
}

/// It would say so: a field without a name, text that can hardly be seen.
fn axe_finds_what_is_wrong(browser: &Browser) {
    browser.eval(
        "const field = document.getElementById('text'); field.removeAttribute('aria-label'); field.removeAttribute('placeholder'); \
         document.querySelector('h1').style.color = 'color-mix(in srgb, currentColor 20%, transparent)'",
    );
    let found = violations(browser, "document.getElementById('content')");
    for rule in ["label: ", "color-contrast: "] {
        assert!(found.iter().any(|line| line.starts_with(rule)), "{rule}{found:?}");
    }
}
