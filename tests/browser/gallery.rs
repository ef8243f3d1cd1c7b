//! The pictures of the README: the reference report in a browser.

use std::fs;
use std::path::Path;

use super::driver::Browser;
use super::{PANEL, READY};

/// A picture: its name, the window, what is shown, whether it is dark.
struct Picture {
    name: &'static str,
    size: (u32, u32),
    /// The state of the page, without the run.
    state: &'static str,
    /// The instance and the method of the run that is open.
    run: Option<(&'static str, &'static str)>,
    /// The text of a heading of the panel that is scrolled to the top.
    heading: Option<&'static str>,
    dark: bool,
}

const PICTURES: [Picture; 4] = [
    Picture {
        name: "explore",
        size: (1280, 1040),
        state: "family=packing",
        run: None,
        heading: None,
        dark: false,
    },
    Picture {
        name: "run",
        size: (1600, 1140),
        state: "family=packing",
        run: Some(("fleet-vms400-", "lns")),
        heading: Some("Trajectory"),
        dark: false,
    },
    Picture {
        name: "run-dark",
        size: (1600, 1140),
        state: "family=packing",
        run: Some(("caprara-toth-2d-class6", "branch-price")),
        heading: Some("Packing"),
        dark: true,
    },
    Picture {
        name: "replay",
        size: (1600, 1140),
        state: "family=replay",
        run: Some(("diurnal", "lifetime")),
        heading: Some("Over time"),
        dark: false,
    },
];

#[test]
#[ignore = "writes docs/images: cargo xtask gallery"]
fn gallery() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = root.join("reports/reference/report.html");
    assert!(page.is_file(), "cargo xtask reference makes {}", page.display());
    let runs = fs::read_to_string(root.join("reports/reference/tables/runs.csv")).unwrap();
    for Picture { name, size: (width, height), state, run, heading, dark } in PICTURES {
        let Some(browser) = Browser::start(width, height) else { return };
        let run = run.map(|(instance, method)| {
            let of_run =
                |line: &&str| line.contains(instance) && line.contains(&format!(",{method},"));
            let line =
                runs.lines().rfind(of_run).unwrap_or_else(|| panic!("{method} on {instance}"));
            let id = line
                .split(',')
                .find(|cell| cell.len() == 32 && cell.bytes().all(|b| b.is_ascii_hexdigit()));
            format!("&run={}", &id.unwrap()[..8])
        });
        browser.open(&page, &format!("#{state}{}", run.as_deref().unwrap_or_default()));
        browser.wait("the runs are unpacked", READY);
        if dark {
            browser.eval("document.getElementById('theme').click()");
        }
        if run.is_some() {
            browser.wait("the run is told of", PANEL);
            browser.eval("document.activeElement.blur()");
        }
        if let Some(heading) = heading {
            browser.eval(&format!(
                "const panel = document.getElementById('panel'); const head = [...panel.querySelectorAll('h3')].find((h) => h.textContent === {heading:?}); \
                 panel.scrollTop = head.offsetTop - 110"
            ));
        }
        // A frame for what is drawn when the browser has time.
        browser.eval("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))))");
        let path = root.join(format!("docs/images/{name}.png"));
        fs::write(&path, browser.screenshot()).unwrap();
        eprintln!("{}", path.display());
    }
}
