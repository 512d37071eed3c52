//! The whole HTTP surface: the table of resources as routes, and as the page of the documentation.

use crate::http::resource::View;
use crate::http::resources::RESOURCES;
use axum::Router;
use std::fmt::Write;

/// Every route. What is not in the table is 404; methods other than GET and HEAD are 405.
pub fn router(view: View) -> Router {
    RESOURCES.iter().fold(Router::new(), |router, resource| router.route(resource.path, (resource.route)())).with_state(view)
}

/// The table as the Markdown of `docs/operate/http.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# HTTP\n\n`leakwarden run` answers on `[http] listen`: by default on the loopback only, without a password and without \
         TLS. Everything is read only. Methods other than GET and HEAD get 405, other paths 404.\n\n| path | what | status |\n|---|---|---|\n",
    );
    let mut write = |line: String| writeln!(page, "{line}").expect("a string takes everything");
    for resource in RESOURCES {
        let answers: Vec<String> = resource.answers.iter().map(|(status, when)| format!("{status}: {when}")).collect();
        write(format!("| `{}` | {} | {} |", resource.path, resource.what, answers.join("<br>")));
    }
    for resource in RESOURCES.iter().filter(|resource| !resource.parameters.is_empty()) {
        write(format!("\n## `{}`\n\n| parameter | |\n|---|---|", resource.path));
        resource.parameters.iter().for_each(|(name, what)| write(format!("| `{name}` | {what} |")));
        write(format!("\n```\ncurl 'http://127.0.0.1:9464{}'\n```", resource.example));
    }
    page
}

#[cfg(test)]
mod tests;
