//! The report in a real browser. One browser for all of it: starting one takes longer than everything that is asked of it.

mod accessibility;
mod driver;
mod gallery;

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use driver::{Browser, key};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::vmpack;

const EXPERIMENT: &str = r#"
name = "browser"
datasets = ["tiny"]
methods = ["nf", "ffd-l2", "bfd-l2", "dp-counts", "alloc-greedy", "alloc-dp"]
solutions = "all"

[limits]
wall_s = 100

[[runs]]

[[replays]]
traces = ["diurnal:rate=40,days=1"]
policies = ["first-fit", "best-fit"]
options = { cluster = "20x64c256g" }
series = true
repeats = 3

[[replays]]
traces = ["scenario:faults"]
options.set = ["faults.recovery=wait", "faults.recovery=restart:fence=30s,at-once=1"]

[[replays]]
traces = ["scenario:faults-lossy"]
options.set = ["faults.recovery=restart:fence=30s,at-once=5", "faults.recovery=restart:fence=30s,at-once=7"]
"#;

/// A small experiment that keeps its solutions, and its report.
fn report() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let experiment = directory.path().join("browser.toml");
    fs::write(&experiment, EXPERIMENT).unwrap();
    let out = directory.path().join("out");
    vmpack().arg("run").arg(&experiment).arg("--out").arg(&out).arg("--report").assert().success();
    let page = out.join("report.html");
    (directory, page)
}

/// Pieces of script that say what the page shows.
const READY: &str = "return document.documentElement.dataset.ready !== undefined";
const COUNT: &str = "return document.getElementById('count').textContent";
const ROWS: &str =
    "return Number(document.getElementById('runs-table').getAttribute('aria-rowcount')) - 1";
const PANEL: &str = "return document.getElementById('panel').dataset.run !== undefined";

#[test]
fn the_report_works_in_a_browser() {
    let Some(browser) = Browser::start(1280, 900) else { return };
    let (directory, page) = report();
    browser.open(&page, "");
    browser.wait("the runs are unpacked", READY);
    let ready = browser.eval("return Number(document.documentElement.dataset.ready)");
    eprintln!("the page of {} was ready after {ready} ms", browser.text(COUNT));
    let all = browser.eval(ROWS).as_u64().unwrap();
    assert_eq!(
        all as usize,
        fs::read_to_string(page.with_file_name("records.jsonl")).unwrap().lines().count()
    );

    the_summary_agrees_with_the_tables(&browser, &page);
    a_filter_changes_table_and_count(&browser, all);
    rows_are_sorted(&browser);
    a_point_opens_its_run(&browser);
    a_permalink_opens_the_same(&browser, &page);
    the_keyboard_is_enough(&browser, &page);
    the_theme_changes(&browser);
    replays_have_series(&browser, &page);
    repetitions_have_numbers_and_a_median(&browser, &page);
    methods_are_points_too(&browser, &page);
    changes_to_scenarios_have_short_names(&browser, &page);
    what_nobody_has_is_named(&browser, &page);
    accessibility::figures_can_be_read(&browser, &page);
    it_fits_a_small_screen(&browser, &page);

    // Nothing was asked of anybody but the file itself, and nothing went wrong on the way.
    let asked: Vec<String> =
        browser.requests().into_iter().filter(|address| !address.starts_with("file://")).collect();
    assert_eq!(asked, Vec::<String>::new());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    requests_are_forbidden(&browser);
    drop(browser);
    drop(directory);
}

/// Without filters, the script must find what the tables on file say: their definitions are the same.
fn the_summary_agrees_with_the_tables(browser: &Browser, page: &Path) {
    // The columns that both have, by their headings.
    const COLUMNS: [&str; 11] = [
        "method",
        "runs",
        "instances",
        "answered",
        "proved",
        "certified",
        "mean gap",
        "best cost",
        "time, 10\u{a0}ms",
        "PAR-2",
        "wrong",
    ];
    let rows = |tables: &str| -> Vec<Vec<String>> {
        let found = browser.eval(&format!(
            "return [...document.querySelectorAll('{tables}')].filter((table) => table.tHead.textContent.includes('PAR-2')) \
             .flatMap((table) => {{ \
               const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent); \
               return [...table.tBodies[0].rows].map((row) => {}.map((name) => row.cells[heads.indexOf(name)].textContent)); \
             }})",
            json!(COLUMNS)
        ));
        let mut rows: Vec<Vec<String>> = serde_json::from_value(found).unwrap();
        rows.sort();
        rows
    };
    let mut shown = rows("#summary");
    shown.retain(|row| {
        !["first-fit", "best-fit"].contains(&row[0].as_str()) && !row[0].starts_with("recovery=")
    });
    let stated = rows("section > .scroll > table[data-sortable]");
    assert_eq!(shown.len(), stated.len());
    for (shown, stated) in shown.iter().zip(&stated) {
        let alike = shown.iter().zip(stated).all(|(a, b)| are_alike(a, b));
        assert!(alike, "{shown:?} is not {stated:?} in {}", page.display());
    }
    assert!(stated.len() >= 6);
}

/// Whether two cells say the same, up to the last digit: halves are rounded either way when they were summed in another order.
fn are_alike(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        Some((number.parse::<f64>().ok()?, unit.to_owned()))
    };
    match (parts(a), parts(b)) {
        (Some((a, unit)), Some((b, other)))
            if unit == other && !unit.is_empty() && !unit.starts_with("of") =>
        {
            (a - b).abs() <= 0.010_001 * a.abs().max(1.0)
        }
        _ => a == b,
    }
}

fn a_filter_changes_table_and_count(browser: &Browser, all: u64) {
    assert_eq!(browser.text(COUNT), format!("All {all} runs"));
    browser.eval("for (const fold of document.querySelectorAll('.facet')) fold.open = true");
    browser.click("input[name=method][value='ffd-l2']");
    let shown = browser.eval(ROWS).as_u64().unwrap();
    assert!(0 < shown && shown < all);
    assert_eq!(browser.text(COUNT), format!("{shown} of {all} runs"));
    let methods = browser.eval("return [...new Set([...document.querySelectorAll('#runs-table tbody tr[tabindex] td:nth-child(3)')].map((cell) => cell.textContent))]");
    assert_eq!(methods, json!(["ffd-l2"]));
    assert_eq!(
        browser.eval("return document.querySelectorAll('#summary tbody tr').length"),
        json!(1)
    );
    // Words narrow further, and are there again after a step back.
    browser.click("#text");
    browser.press(&"zzz".chars().collect::<Vec<_>>());
    browser.wait(
        "no run has the word",
        "return document.getElementById('count').textContent.startsWith('0 of')",
    );
    browser.click("#reset");
    browser.wait("all runs are back", &format!("{ROWS} === {all}"));
    browser.back();
    browser.wait("a step back", "return document.getElementById('text').value === 'zzz'");
    browser.eval("location.hash = '#sort=instance'; ");
    browser.wait("all runs are shown", &format!("{ROWS} === {all}"));
}

fn rows_are_sorted(browser: &Browser) {
    let gaps = "return [...document.querySelectorAll('#runs-table tbody tr[tabindex] td:nth-child(8)')].map((cell) => cell.textContent)";
    browser.click("#runs-table th:nth-child(8) button");
    assert_eq!(
        browser.eval("return document.querySelector('#runs-table th[aria-sort]').textContent"),
        json!("gap")
    );
    browser.click("#runs-table th:nth-child(8) button");
    assert_eq!(
        browser.eval(
            "return document.querySelector('#runs-table th[aria-sort]').getAttribute('aria-sort')"
        ),
        json!("descending")
    );
    let number =
        |text: &Value| text.as_str().unwrap().trim_end_matches(" %").parse().unwrap_or(-1.0);
    let found: Vec<f64> = browser.eval(gaps).as_array().unwrap().iter().map(number).collect();
    assert!(found[0] > 0.0 && found.windows(2).all(|pair| pair[0] >= pair[1]), "{found:?}");
}

/// Points the pointer at a run's own place in the picture, found by the keyboard.
fn a_point_opens_its_run(browser: &Browser) {
    browser.eval("location.hash = '#family=packing&outcome=feasible&method=ffd-l2'");
    browser.wait(
        "one method is shown",
        "return document.querySelectorAll('#summary tbody tr').length === 1",
    );
    browser.eval("document.querySelector('#scatter').scrollIntoView({block: 'center', behavior: 'instant'}); document.querySelector('#scatter canvas').focus()");
    browser.press(&[key::RIGHT]);
    browser.wait(
        "the point says what it is",
        "return !document.querySelector('#scatter .tip').hidden",
    );
    let said = browser.text("return document.querySelector('#scatter .tip').innerText");
    let place = browser.eval("const b = document.querySelector('#scatter canvas').getBoundingClientRect(); const d = document.querySelector('#scatter canvas').dataset; return [b.x + Number(d.x), b.y + Number(d.y)]");
    browser.click_at(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    browser.wait("the run is told of", PANEL);
    let title =
        browser.text("return document.getElementById('panel-title').firstChild.textContent");
    assert!(title.starts_with("ffd-l2 on "), "{title}");
    assert!(said.contains(title.trim_start_matches("ffd-l2 on ")), "{said} is not of {title}");
    // The packing itself: hosts, the VMs on them, and a trajectory above.
    let drawn = browser.eval("return [document.querySelectorAll('#panel .host').length, document.querySelectorAll('#panel .vm').length, document.querySelectorAll('#panel .line').length]");
    assert!((0..3).all(|k| drawn[k].as_u64().unwrap() > 0), "{drawn}");
    // Columns times their numbers are the hosts that the table beside it counts.
    let counts = browser.eval("return [...document.querySelectorAll('#panel details .n:nth-child(2)')].slice(1).map((cell) => Number(cell.textContent)).reduce((a, b) => a + b, 0)");
    let told = browser.text("return [...document.querySelectorAll('#panel p.soft')].map((p) => p.textContent).find((text) => text.includes(' host'))");
    assert!(told.starts_with(&format!("{counts} host")), "{counts}: {told}");
}

fn a_permalink_opens_the_same(browser: &Browser, page: &Path) {
    let (hash, title) = (
        browser.text("return location.hash"),
        browser.text("return document.getElementById('panel-title').textContent"),
    );
    let count = browser.text(COUNT);
    assert!(hash.contains("run=") && hash.contains("method=ffd-l2"), "{hash}");
    browser.visit("about:blank");
    browser.open(page, &hash);
    browser.wait("the run is told of again", PANEL);
    assert_eq!(browser.text("return document.getElementById('panel-title').textContent"), title);
    assert_eq!(browser.text(COUNT), count);
    // Another run of the instance is a click away, and back is a step back.
    browser.click("#panel .others tbody button");
    browser.wait(
        "the other run is told of",
        &format!("return document.getElementById('panel-title')?.textContent !== {}", json!(title)),
    );
    browser.back();
    browser.wait(
        "the first run is told of",
        &format!("return document.getElementById('panel-title')?.textContent === {}", json!(title)),
    );
}

/// From the top of the page to a run and back, without a pointer.
fn the_keyboard_is_enough(browser: &Browser, page: &Path) {
    browser.visit("about:blank");
    browser.open(page, "");
    browser.wait("the runs are unpacked", READY);
    browser.press(&[key::TAB]);
    assert_eq!(browser.text("return document.activeElement.textContent"), "Skip to the report");
    browser.press(&[key::ENTER]);
    browser.wait("the focus follows", "return document.activeElement.id === 'content'");
    let mut steps = 0;
    while browser.eval("return document.activeElement.tagName") != "CANVAS" {
        browser.press(&[key::TAB]);
        steps += 1;
        assert!(steps < 60, "the picture is out of reach");
    }
    browser.press(&[key::RIGHT, key::RIGHT, key::ENTER]);
    browser.wait("the run is told of", PANEL);
    assert_eq!(browser.text("return document.activeElement.id"), "panel-title");
    browser.press(&[key::ESCAPE]);
    browser.wait("the panel is closed", "return !document.getElementById('panel').open && document.activeElement.tagName === 'CANVAS'");
    assert_eq!(browser.text("return location.hash"), "");
    while browser.eval("return document.activeElement.closest('#runs-table tbody') === null")
        == true
    {
        browser.press(&[key::TAB]);
        steps += 1;
        assert!(steps < 120, "the rows are out of reach");
    }
    let place = |selector: &str| -> u64 {
        browser.text(&format!("return {selector}.getAttribute('aria-rowindex')")).parse().unwrap()
    };
    let first = place("document.activeElement");
    browser.press(&[key::DOWN, key::DOWN, key::ENTER]);
    browser.wait("the run is told of", PANEL);
    assert_eq!(place("document.querySelector('#runs-table tr[aria-current]')"), first + 2);
    browser.press(&[key::ESCAPE]);
    browser.wait("the panel is closed", "return !document.getElementById('panel').open");
    assert_eq!(place("document.activeElement"), first + 2, "the row has the focus again");
}

fn the_theme_changes(browser: &Browser) {
    let paper = "return getComputedStyle(document.body).backgroundColor";
    let light = browser.text(paper);
    browser.click("#theme");
    let dark = browser.text(paper);
    assert_ne!(light, dark);
    assert_eq!(
        browser.text("return document.getElementById('theme').getAttribute('aria-pressed')"),
        "true"
    );
    // The canvas follows.
    let corner = "const copy = document.createElement('canvas').getContext('2d', {willReadFrequently: true}); \
                  copy.drawImage(document.querySelector('#scatter canvas'), -2, -200); \
                  return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3).join()";
    browser.wait("the picture is dark", &corner.replace("join()", "every((part) => part < 64)"));
    browser.click("#theme");
    browser.wait("the picture is light", &corner.replace("join()", "every((part) => part > 200)"));
}

fn replays_have_series(browser: &Browser, page: &Path) {
    browser.visit("about:blank");
    browser.open(page, "#family=replay");
    browser.wait("the runs are unpacked", READY);
    browser.click("#runs-table tbody tr[tabindex]");
    browser.wait("the replay is told of", PANEL);
    let headings = browser.text(
        "return [...document.querySelectorAll('#panel h3')].map((head) => head.textContent).join()",
    );
    assert!(headings.contains("Over time") && headings.contains("What it measured"), "{headings}");
}

/// The replays were made three times each.
fn repetitions_have_numbers_and_a_median(browser: &Browser, page: &Path) {
    browser.visit("about:blank");
    browser.open(page, "#family=replay&sort=method");
    browser.wait("the runs are unpacked", READY);
    let cells = |heading: &str| -> Vec<String> {
        let found = browser.eval(&format!(
            "const at = [...document.querySelectorAll('#runs-table th[data-name]')].findIndex((cell) => cell.dataset.name === '{heading}'); \
             return [...document.querySelectorAll('#runs-table tbody tr[tabindex]')].map((row) => row.cells[at].textContent)"
        ));
        serde_json::from_value(found).unwrap()
    };
    let (methods, medians, times) = (cells("method"), cells("median time"), cells("time"));
    let mut numbers = cells("repetition");
    assert_eq!(methods[..3], ["best-fit", "best-fit", "best-fit"]);
    numbers[..3].sort();
    assert_eq!(numbers[..3], ["1 of 3", "2 of 3", "3 of 3"]);
    let seconds = |text: &String| -> f64 {
        let (number, unit) = text.split_once(' ').unwrap();
        let of_seconds = [("\u{b5}s", 1e-6), ("ms", 1e-3), ("s", 1.0)];
        let (_, scale) = of_seconds.iter().find(|(name, _)| *name == unit).unwrap();
        number.parse::<f64>().unwrap() * scale
    };
    let mut own: Vec<f64> = times[..3].iter().map(seconds).collect();
    own.sort_by(f64::total_cmp);
    assert_eq!(medians[..3].iter().map(seconds).collect::<Vec<_>>(), vec![own[1]; 3]);
    // The panel names them too, and the way to the others.
    browser.click("#runs-table tbody tr[tabindex]");
    browser.wait("the replay is told of", PANEL);
    let told = browser.text("return document.getElementById('panel').textContent");
    assert!(told.contains(&format!("repetition {}", cells("repetition")[0])), "{told}");
    assert!(told.contains("median of 3 repetitions"), "{told}");
    let others =
        browser.eval("return new Set([...[...document.querySelectorAll('#panel .others')].at(-1).querySelectorAll('tbody th')].map((name) => name.textContent)).size");
    assert_eq!(others, json!(6), "every run has a name of its own");
}

/// Their figures are those of the table on file, and so is the front.
fn methods_are_points_too(browser: &Browser, page: &Path) {
    browser.visit("about:blank");
    browser.open(page, "");
    browser.wait("the runs are unpacked", READY);
    browser.click("#points button[value=methods]");
    assert_eq!(browser.text("return location.hash"), "#points=methods");
    let shown: HashMap<String, HashMap<String, Value>> = serde_json::from_value(browser.eval(
        "const heads = [...document.querySelectorAll('#summary th[data-name]')].map((cell) => cell.dataset.name); \
         return Object.fromEntries([...document.querySelectorAll('#summary tbody tr')].map((row) => [row.cells[0].firstChild.title.split(': show')[0], \
           Object.fromEntries(heads.map((name, at) => [name, row.cells[at].querySelector('data')?.value ?? row.cells[at].textContent]))]))",
    ))
    .unwrap();
    let mut table =
        csv::Reader::from_path(page.with_file_name("tables").join("methods.csv")).unwrap();
    let stated: Vec<HashMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(shown.len(), stated.len());
    for row in &stated {
        let own = &shown[&row["method"]];
        let names = [
            ("mean gap", "mean_gap"),
            ("time, 10\u{a0}ms", "sgm_10ms_s"),
            ("PAR-2", "par2_s"),
            ("memory", "peak_rss_bytes"),
        ];
        for (name, column) in names {
            let found = own[name].as_str().unwrap().parse::<f64>().ok();
            let wanted = row[column].parse::<f64>().ok();
            let alike = match (found, wanted) {
                (Some(found), Some(wanted)) => (found - wanted).abs() <= 1e-6 * wanted.abs(),
                (found, wanted) => found == wanted,
            };
            assert!(alike, "{name} of {}: {found:?} is not {wanted:?}", row["method"]);
        }
        assert_eq!(own["best trade-off"], json!(row["unbeaten"]), "{}", row["method"]);
    }
    assert!(stated.iter().filter(|row| row["unbeaten"] == "yes").count() > 1);

    // By the keyboard to the fastest, and to its runs.
    browser.wait(
        "methods are drawn",
        &format!("return document.querySelector('#scatter canvas').getAttribute('aria-label').startsWith('{} methods')", stated.len()),
    );
    let seconds = |row: &&HashMap<String, String>| row["sgm_10ms_s"].parse::<f64>().unwrap();
    let fastest =
        stated.iter().min_by(|a, b| seconds(a).total_cmp(&seconds(b))).unwrap()["method"].clone();
    browser.eval("document.querySelector('#scatter canvas').focus()");
    browser.press(&[key::HOME]);
    let said = browser.text("return document.getElementById('announcer').textContent");
    assert!(said.starts_with(&format!("{fastest}, answered ")), "{said}");
    browser.press(&[key::ENTER]);
    browser.wait("its runs are shown", &format!("return location.hash === '#method={fastest}'"));
    browser.back();
    browser.wait(
        "methods again",
        "return document.querySelector('#points button[value=methods]').ariaPressed === 'true'",
    );
}

/// Each of two scenarios has two: they answered all that they were asked, and compare with each other.
fn changes_to_scenarios_have_short_names(browser: &Browser, page: &Path) {
    browser.visit("about:blank");
    browser.open(page, "#dataset=scenario:faults&dataset=scenario:faults-lossy&points=methods");
    browser.wait("the runs are unpacked", READY);
    let names = |cells: &str| -> Vec<[String; 2]> {
        let found = browser.eval(&format!(
            "return [...document.querySelectorAll('{cells}')].map((cell) => [cell.textContent, cell.title.split(': show')[0]])"
        ));
        let mut names: Vec<[String; 2]> = serde_json::from_value(found).unwrap();
        names.sort();
        names
    };
    let wanted = [
        ("recovery=restart:fence=30s,at-once=1", "faults.recovery=restart:fence=30s,at-once=1"),
        ("recovery=at-once=5", "faults.recovery=restart:fence=30s,at-once=5"),
        ("recovery=at-once=7", "faults.recovery=restart:fence=30s,at-once=7"),
        ("recovery=wait", "faults.recovery=wait"),
    ];
    let mut wanted = wanted.map(|(short, full)| [short.to_owned(), full.to_owned()]);
    wanted.sort();
    assert_eq!(names("#summary tbody th button"), wanted);
    let methods = "#runs-table td[title^=\"faults.\"]";
    assert_eq!(names(methods), wanted);
    browser.wait(
        "each scenario has trade-offs",
        "return document.querySelector('.key-kinds').textContent === 'Policiesbest trade-offs'",
    );
}

fn what_nobody_has_is_named(browser: &Browser, page: &Path) {
    browser.visit("about:blank");
    browser.open(page, "#method=nobody");
    browser.wait("the runs are unpacked", READY);
    browser.wait(
        "the picture says why it is empty",
        "return document.querySelector('#scatter canvas').getAttribute('aria-label') === 'No run has the method nobody.'",
    );
}

fn it_fits_a_small_screen(browser: &Browser, page: &Path) {
    browser.resize(380, 800);
    browser.visit("about:blank");
    browser.open(page, "");
    browser.wait("the runs are unpacked", READY);
    let wide = browser
        .eval("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(wide, json!(0), "the page is wider than a telephone");
}

/// The policy of the page keeps even a script of our own from asking anybody for anything: nobody hears of it.
fn requests_are_forbidden(browser: &Browser) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    browser.eval(&format!(
        "window.refused = []; document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective)); \
         new Image().src = '{address}'; fetch('{address}').catch(() => {{}})"
    ));
    browser.wait("both are refused", "return refused.sort().join() === 'connect-src,img-src'");
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
