//! Pictures of pages, to be looked at: of the console of the tests, and of a demo for the README. Neither is a test: both are asked for.

use crate::bank::at_the_bank;
use crate::driver::{Browser, Setup, driver};
use crate::reading::{alert_of, pages};
use std::path::{Path, PathBuf};

fn wanted(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} must say where")))
}

/// The whole page, however long it is.
async fn picture(browser: &Browser, file: &Path) {
    let size = browser.run("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]").await;
    let of = |at: usize| size[at].as_u64().unwrap_or(1_000) as u32;
    browser.client().set_window_size(of(0).max(1_000), (of(1) + 200).min(9_000)).await.expect("sized");
    std::fs::write(file, browser.client().screenshot().await.expect("taken")).expect("written");
}

/// `LEAKWARDEN_SCREENSHOTS=FOLDER cargo test --features tls --test browser -- --ignored screenshots::of_every_page`
#[test]
#[ignore = "it makes pictures to be looked at, and tests nothing"]
fn of_every_page() {
    let folder = wanted("LEAKWARDEN_SCREENSHOTS");
    std::fs::create_dir_all(&folder).expect("made");
    at_the_bank(|bank| async move {
        let case = bank.case_of("E20").await;
        let alert = alert_of(bank, "E20").await;
        for (name, setup) in [
            ("en", Setup::default()),
            ("zh-dark", Setup { language: "zh-CN", dark: true, ..Setup::default() }),
            ("narrow", Setup { size: (600, 900), ..Setup::default() }),
        ] {
            let browser = bank.sign_in("chen.lei", setup).await;
            for path in pages(case, &alert, "E20") {
                browser.go(&bank.address(&path)).await;
                let page: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(16).collect();
                picture(&browser, &folder.join(format!("{name}{page}.png"))).await;
            }
            browser.close().await;
        }
    });
}

/// The queue and the gravest case of a demo that runs: `docs/picture` starts one and asks for this.
#[test]
#[ignore = "it makes the README's picture from a running demo"]
fn of_the_demo() {
    let file = wanted("LEAKWARDEN_PICTURE");
    let of = |variable: &str| std::env::var(variable).unwrap_or_else(|_| panic!("{variable} must be given"));
    let (address, account, password) = (of("LEAKWARDEN_DEMO_ADDRESS"), of("LEAKWARDEN_DEMO_ACCOUNT"), of("LEAKWARDEN_DEMO_PASSWORD"));
    let driver = driver().expect("a browser is needed");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let browser = driver.open(Setup { size: (1280, 1100), ..Setup::default() }).await;
        browser.go(&address).await;
        browser.fill("#account", &account).await;
        browser.fill("#password", &password).await;
        browser.click("form button.first").await;
        browser.click("table.queue tbody a[data-row]").await;
        std::fs::write(&file, browser.client().screenshot().await.expect("taken")).expect("written");
        browser.close().await;
    });
}
