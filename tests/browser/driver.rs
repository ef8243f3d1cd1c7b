//! A browser under `WebDriver` (W3C 2018), and what a test asks of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::skip::skipped;

/// A headless browser with one window. It ends when this is dropped, also when a test fails.
pub(crate) struct Browser {
    _driver: Driver,
    /// The address of the session.
    session: String,
    agent: ureq::Agent,
    _profile: tempfile::TempDir,
}

/// Keys by the numbers that `WebDriver` gives them.
pub(crate) mod key {
    pub(crate) const TAB: char = '\u{e004}';
    pub(crate) const ENTER: char = '\u{e007}';
    pub(crate) const ESCAPE: char = '\u{e00c}';
    pub(crate) const RIGHT: char = '\u{e014}';
    pub(crate) const DOWN: char = '\u{e015}';
    pub(crate) const HOME: char = '\u{e011}';
}

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where a program is that the tests can do without.
fn program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// What the driver answered.
fn value(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let mut answer = answer.unwrap();
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Browser {
    /// Starts one; says that the test is skipped where there is none.
    pub(crate) fn start(width: u32, height: u32) -> Option<Self> {
        let (Some(chromium), Some(chromedriver)) = (program("chromium"), program("chromedriver"))
        else {
            skipped("chromium and chromedriver are not both installed (`cargo xtask aids`)");
            return None;
        };
        // The port that is free of one kind of address may be taken of the other, and then it gives up.
        let started = (0..10).find_map(|_| Driver::start(&chromedriver));
        let (driver, port) = started.expect("chromedriver finds a port");
        let profile = tempfile::tempdir().unwrap();
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ];
        let mut flags: Vec<String> = flags.map(str::to_owned).to_vec();
        flags.push(format!("--window-size={width},{height}"));
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let mut browser = Self {
            _driver: driver,
            session: format!("http://127.0.0.1:{port}/session"),
            agent,
            _profile: profile,
        };
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "timeouts": {"script": PATIENCE.as_millis() as u64},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": chromium, "args": flags},
        }}});
        let session = browser.post("", &wanted);
        browser.session =
            format!("{}/{}", browser.session, session["sessionId"].as_str().expect("a session"));
        // What the browser's own first page asked for is none of the tests' business.
        browser.visit("about:blank");
        browser.requests();
        Some(browser)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.session));
        let answer = value(request.content_type("application/json").send(body.to_string()));
        assert!(answer["value"]["error"].is_null(), "{path}: {}", answer["value"]["message"]);
        answer["value"].clone()
    }

    /// Opens a file, at a place or in a state of it.
    pub(crate) fn open(&self, file: &Path, hash: &str) {
        self.post("/url", &json!({"url": format!("file://{}{hash}", file.display())}));
    }

    /// Opens an address.
    pub(crate) fn visit(&self, address: &str) {
        self.post("/url", &json!({"url": address}));
    }

    pub(crate) fn back(&self) {
        self.post("/back", &json!({}));
    }

    /// What a piece of script returns in the page.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The text that a piece of script returns.
    pub(crate) fn text(&self, script: &str) -> String {
        self.eval(script).as_str().unwrap_or_else(|| panic!("{script} is no text")).to_owned()
    }

    /// Waits until a piece of script returns something true.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, script: &str) {
        let started = Instant::now();
        while self.eval(script) != Value::Bool(true) {
            assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}: {script}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the window shows, as PNG.
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        let answer = value(self.agent.get(format!("{}/screenshot", self.session)).call());
        BASE64_STANDARD.decode(answer["value"].as_str().expect("a picture")).unwrap()
    }

    /// Makes the window so large.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", &json!({"width": width, "height": height}));
    }

    /// Wishes of a reader by the names of their media features, for all pages from now on; others are as they were at first.
    pub(crate) fn emulate(&self, wishes: &[(&str, &str)]) {
        let features: Vec<Value> =
            wishes.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.post(
            "/goog/cdp/execute",
            &json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}),
        );
    }

    /// Types keys one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &[char]) {
        let actions: Vec<Value> = keys
            .iter()
            .flat_map(|key| {
                [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
            })
            .collect();
        self.post(
            "/actions",
            &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}),
        );
    }

    /// Clicks at a place in the window, as a hand would.
    pub(crate) fn click_at(&self, x: f64, y: f64) {
        let actions = json!([
            {"type": "pointerMove", "duration": 0, "x": x.round(), "y": y.round()},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]);
        self.post(
            "/actions",
            &json!({"actions": [{"type": "pointer", "id": "mouse", "actions": actions}]}),
        );
    }

    /// Clicks in the middle of the first element that a selector finds.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let script = format!(
            "const e = document.querySelector({}); if (!e) return null; e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2];",
            json!(selector)
        );
        let place = self.eval(&script);
        let at = |k: usize| place[k].as_f64().unwrap_or_else(|| panic!("nothing is {selector}"));
        self.click_at(at(0), at(1));
    }

    /// What the page wrote to the console as warnings and errors since this was asked last.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({"type": "browser"}));
        let loud =
            |entry: &&Value| ["SEVERE", "WARNING"].contains(&entry["level"].as_str().unwrap_or(""));
        log.as_array()
            .unwrap()
            .iter()
            .filter(loud)
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// The addresses of all requests since this was asked last.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({"type": "performance"}));
        let mut addresses = Vec::new();
        for entry in log.as_array().unwrap() {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            if message["message"]["method"] == "Network.requestWillBeSent" {
                addresses.push(
                    message["message"]["params"]["request"]["url"].as_str().unwrap().to_owned(),
                );
            }
        }
        addresses
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser; the driver alone would leave it behind.
        let _ = self.agent.delete(&self.session).call();
    }
}

/// The program between test and browser.
struct Driver(Child);

impl Driver {
    /// Starts it, with the port that it listens on; nothing if it ends at once.
    fn start(program: &Path) -> Option<(Self, String)> {
        let mut command = Command::new(program);
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = Self(command.spawn().unwrap());
        let mut lines = BufReader::new(driver.0.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        })?;
        // It goes on talking, and must not wait for a reader.
        thread::spawn(move || lines.for_each(drop));
        Some((driver, port))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
