//! One browser and the person at it: what they see, their keyboard, and what the browser itself complains of.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use url::{ParseError, Url};

use crate::driver::Driver;

/// Pages come in milliseconds; on a machine that is busy with everything else they take longer.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// Whoever has pressed the key this often is lost on the page.
const TABS_MAX: usize = 300;

/// How somebody looks at a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: u32,
    height: u32,
    is_phone: bool,
    scheme: &'static str,
    runs_scripts: bool,
}

/// At a desk, in light colours.
pub(crate) const DESKTOP: View =
    View { width: 1280, height: 900, is_phone: false, scheme: "light", runs_scripts: true };

/// A small phone, in light colours.
pub(crate) const PHONE: View = View { width: 360, height: 740, is_phone: true, ..DESKTOP };

impl View {
    pub(crate) const fn runs_scripts(self) -> bool {
        self.runs_scripts
    }

    pub(crate) const fn dark(self) -> Self {
        Self { scheme: "dark", ..self }
    }

    pub(crate) const fn without_scripts(self) -> Self {
        Self { runs_scripts: false, ..self }
    }
}

/// A browser that nobody has used before, and that ends with the test.
pub(crate) struct Browser {
    client: Client,
    _driver: Driver,
}

impl Browser {
    pub(crate) async fn open(view: View) -> Self {
        let driver = Driver::start().await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities(view, &driver)).connect(driver.address()).await.unwrap();
        let browser = Self { client, _driver: driver };
        let size = json!({
            "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.is_phone,
        });
        browser.tools("Emulation.setDeviceMetricsOverride", size).await;
        browser.looks_in(view.scheme).await;
        browser
    }

    /// From now on pages are asked for these colours.
    pub(crate) async fn looks_in(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tools("Emulation.setEmulatedMedia", features).await;
    }

    async fn tools(&self, cmd: &str, params: Value) {
        self.client.issue_cmd(Beyond::DevTools(json!({ "cmd": cmd, "params": params }))).await.unwrap();
    }

    /// Opens an address and waits for the page.
    pub(crate) async fn goes_to(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// The path and query of the page's address.
    pub(crate) async fn is_at(&self) -> String {
        let address = self.client.current_url().await.unwrap();
        address.query().map_or_else(|| address.path().to_owned(), |query| format!("{}?{query}", address.path()))
    }

    /// Waits until something that matches is on the page.
    pub(crate) async fn waits_for(&self, css: &str) {
        let found = self.client.wait().at_most(PATIENCE).every(LOOK).for_element(Locator::Css(css)).await;
        assert!(found.is_ok(), "{css} does not appear at {}:\n{}", self.is_at().await, self.text("body").await);
    }

    /// Waits until a person reads this in what matches.
    pub(crate) async fn waits_for_text(&self, css: &str, text: &str) {
        let began = tokio::time::Instant::now();
        loop {
            let read = self.texts_if_there(css).await;
            if read.iter().any(|read| read.contains(text)) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{text:?} does not appear in {css}: {read:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Texts, of a page that may be changing under the reader's eyes.
    async fn texts_if_there(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((found) => found.innerText)";
        let read = self.client.execute(script, vec![json!(css)]).await;
        read.ok().and_then(|read| serde_json::from_value(read).ok()).unwrap_or_default()
    }

    /// How many match now.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// What a person reads in the first that matches, once it is there.
    pub(crate) async fn text(&self, css: &str) -> String {
        let found = self.client.wait().at_most(PATIENCE).every(LOOK).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}")).text().await.unwrap()
    }

    /// What a person reads in each that matches now.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for found in self.client.find_all(Locator::Css(css)).await.unwrap() {
            texts.push(found.text().await.unwrap());
        }
        texts
    }

    /// What a function body returns on the page. It works where pages may not run scripts, too.
    pub(crate) async fn asks(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The same of a body that calls its last argument with the answer.
    pub(crate) async fn asks_and_waits(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.unwrap()
    }

    /// Types a text wherever the focus is.
    pub(crate) async fn types(&self, text: &str) {
        let press = |keys: KeyActions, value: char| keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        let keys = text.chars().fold(KeyActions::new("keyboard".to_owned()), press);
        self.client.perform_actions(keys).await.unwrap();
    }

    pub(crate) async fn presses(&self, key: Key) {
        self.types(&key).await;
    }

    /// Presses the tab key until what matches has the focus; not at all if it has.
    pub(crate) async fn tabs_to(&self, css: &str) {
        self.waits_for(css).await;
        for _ in 0..TABS_MAX {
            if self.has_focus(css).await {
                return;
            }
            self.presses(Key::Tab).await;
        }
        panic!("the keyboard does not get to {css}");
    }

    pub(crate) async fn has_focus(&self, css: &str) -> bool {
        let script = "return document.activeElement !== null && document.activeElement.matches(arguments[0])";
        self.client.execute(script, vec![json!(css)]).await.unwrap() == json!(true)
    }

    /// How wide the page is, be it wider than what is shown of it.
    pub(crate) async fn page_width(&self) -> u64 {
        self.asks("return document.documentElement.scrollWidth").await.as_u64().unwrap()
    }

    /// What the browser reported as an error since the last look: what a policy forbade, what failed, what was thrown.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let said = self.client.issue_cmd(Beyond::Console).await.unwrap();
        let severe = said.as_array().unwrap().iter().filter(|line| line["level"] == "SEVERE");
        severe.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Keeps a picture of the whole page in `target/screenshots`.
    pub(crate) async fn is_pictured(&self, name: &str) {
        let params = json!({ "cmd": "Page.captureScreenshot", "params": { "captureBeyondViewport": true } });
        let taken = self.client.issue_cmd(Beyond::DevTools(params)).await.unwrap();
        let picture = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, taken["data"].as_str().unwrap());
        let folder = screenshots();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture.unwrap()).unwrap();
    }
}

fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots")
}

/// As root, as in containers, Chromium has no sandbox; there, too, its shared memory is small.
fn capabilities(view: View, driver: &Driver) -> Map<String, Value> {
    let profile = format!("--user-data-dir={}", driver.profile());
    let mut options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", profile] });
    if !view.runs_scripts {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let asked = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
    asked.as_object().unwrap().clone()
}

/// What chromedriver answers beyond the standard.
#[derive(Debug)]
enum Beyond {
    /// A command of the browser's own tools.
    DevTools(Value),
    /// What its console showed since the last look.
    Console,
}

impl WebDriverCompatibleCommand for Beyond {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let path = match self {
            Self::DevTools(_) => "goog/cdp/execute",
            Self::Console => "se/log",
        };
        base.join(&format!("session/{}/{path}", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = match self {
            Self::DevTools(asked) => asked.to_string(),
            Self::Console => json!({ "type": "browser" }).to_string(),
        };
        (Method::POST, Some(body))
    }
}
