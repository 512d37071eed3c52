//! A browser: one chromedriver, and a session of its own for each test.

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Browsers at once.
const AT_ONCE: usize = 2;
/// How long anything may take on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// The driver of browsers.
pub struct Driver {
    port: u16,
    turns: Semaphore,
    /// Knows the browsers' processes, and ends them and the driver when this process ends, however it does.
    watch: Mutex<(Child, ChildStdin)>,
}

/// How a browser is set up.
#[derive(Clone, Copy)]
pub struct Setup {
    /// What it asks for pages in.
    pub language: &'static str,
    /// Whether pages may run script.
    pub script: bool,
    /// Whether its user likes it dark.
    pub dark: bool,
    /// Width and height of its window.
    pub size: (u32, u32),
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { language: "en", script: true, dark: false, size: (1280, 1000) }
    }
}

/// The driver, where there is one.
pub fn driver() -> Option<&'static Driver> {
    static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();
    let driver = DRIVER.get_or_init(|| {
        let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|told| told.status.success());
        if is_there("chromedriver") && is_there("chromium") {
            return Some(start());
        }
        let required = std::env::var_os("LEAKWARDEN_REQUIRE_BROWSER").is_some_and(|value| value == "1");
        assert!(!required, "LEAKWARDEN_REQUIRE_BROWSER=1, and there is no browser (Debian: chromium, chromium-driver)");
        None
    });
    if driver.is_none() {
        // Past the capture of what tests print; a closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "SKIPPED: there is no browser here (Debian: chromium, chromium-driver)");
    }
    driver.as_ref()
}

#[allow(clippy::zombie_processes, reason = "the watch lives as long as this process, and ends when that ends")]
fn start() -> Driver {
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        // Each line is a browser's process; the end of the input is the end of this process.
        let script = r#"chromedriver --port="$1" --log-level=SEVERE >/dev/null 2>&1 & all=$!
            while read -r process; do all="$all $process"; done
            kill $all 2>/dev/null"#;
        let mut watch = Command::new("/bin/bash");
        watch.args(["-c", script, "watch", &port.to_string()]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut watch = watch.spawn().expect("bash runs");
        let kept = watch.stdin.take().expect("is piped");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Driver { port, turns: Semaphore::new(AT_ONCE), watch: Mutex::new((watch, kept)) };
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    panic!("chromedriver does not start");
}

impl Driver {
    /// Opens a browser; waits until it is its turn.
    pub async fn open(&'static self, setup: Setup) -> Browser {
        let turn = self.turns.acquire().await.expect("is never closed");
        let (width, height) = setup.size;
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--no-first-run".to_owned(),
            "--hide-scrollbars".to_owned(),
            // Nothing but this machine is reached, whatever a page or the browser asks for.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        if setup.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let script = if setup.script { 1 } else { 2 };
        let preferences = json!({"intl.accept_languages": setup.language, "profile.managed_default_content_settings.javascript": script});
        let wanted = json!({"goog:chromeOptions": {"binary": chromium(), "args": arguments, "prefs": preferences}, "unhandledPromptBehavior": "accept"});
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().expect("is one").clone());
        let client = builder.connect(&format!("http://127.0.0.1:{}", self.port)).await.expect("a browser");
        let process = client.capabilities().and_then(|has| has.get("goog:processID")).and_then(Value::as_u64);
        let mut watch = self.watch.lock().expect("no panic");
        writeln!(watch.1, "{}", process.expect("it says which process it is")).expect("the watch is there");
        drop(watch);
        Browser { client, port: self.port, _turn: turn }
    }
}

fn chromium() -> &'static str {
    let usual = "/usr/bin/chromium";
    if Path::new(usual).exists() { usual } else { "chromium" }
}

/// A browser.
pub struct Browser {
    client: Client,
    port: u16,
    _turn: SemaphorePermit<'static>,
}

impl Browser {
    /// What drives it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Goes to an address.
    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }

    /// The first element that matches.
    #[track_caller]
    pub fn find<'a>(&'a self, css: &'a str) -> impl Future<Output = Element> + 'a {
        let place = std::panic::Location::caller();
        async move {
            match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
                Ok(found) => found,
                Err(error) => panic!("{place}: {css}: {error}; the page:\n{}", self.text().await),
            }
        }
    }

    /// How many elements match.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("asked").len()
    }

    /// Clicks what matches, and waits until another page is there.
    #[track_caller]
    pub fn click<'a>(&'a self, css: &'a str) -> impl Future<Output = ()> + 'a {
        let found = self.find(css);
        async move {
            let element = found.await;
            self.leave(async { element.click().await.expect("clicked") }).await;
        }
    }

    /// Does what leads to another page, and waits for that.
    pub async fn leave(&self, act: impl Future<Output = ()>) {
        let old = self.client.find(Locator::Css("html")).await.expect("a page");
        act.await;
        let deadline = Instant::now() + PATIENCE;
        // Another document has another root; while it is being fetched, either may be asked for in vain.
        let is_left = async || self.client.find(Locator::Css("html")).await.is_ok_and(|root| root.element_id() != old.element_id());
        while !is_left().await {
            assert!(Instant::now() < deadline, "the page was not left:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        self.find("main").await;
    }

    /// Writes into a field.
    #[track_caller]
    pub fn fill<'a>(&'a self, css: &'a str, text: &'a str) -> impl Future<Output = ()> + 'a {
        let found = self.find(css);
        async move { found.await.send_keys(text).await.expect("written") }
    }

    /// Waits until the field has the focus that its page gives it as it is drawn first: on a busy machine that is late, and what is being
    /// typed elsewhere by then would go on in it.
    pub async fn until_focused(&self, id: &str) {
        for _ in 0..200 {
            if let Ok(focus) = self.client.active_element().await
                && focus.attr("id").await.ok().flatten().as_deref() == Some(id)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Chooses an option by its value.
    #[track_caller]
    pub fn choose<'a>(&'a self, css: &'a str, value: &'a str) -> impl Future<Output = ()> + 'a {
        let found = self.find(css);
        async move { found.await.select_by_value(value).await.expect("chosen") }
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        self.client.active_element().await.expect("a focus").send_keys(keys).await.expect("pressed");
    }

    /// What can be read of the page.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => format!("no page: {error}"),
        }
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        self.client.current_url().await.expect("a page").path().to_owned()
    }

    /// Runs a function's body within the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("it runs")
    }

    /// A command of Chromium's own protocol.
    pub async fn devtools(&self, command: &str, parameters: &Value) {
        let session = self.client.session_id().await.expect("asked").expect("a session");
        let body = json!({"cmd": command, "params": parameters}).to_string();
        let address = format!("http://127.0.0.1:{}/session/{session}/goog/cdp/execute", self.port);
        let answered = ureq::post(&address).header("content-type", "application/json").send(body.as_str());
        assert!(answered.is_ok(), "{command}: {answered:?}");
    }

    /// Is done.
    pub async fn close(self) {
        self.client.close().await.expect("closed");
    }
}
