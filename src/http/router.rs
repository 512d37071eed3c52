//! The whole HTTP surface: the table of resources as routes, and as the page of the documentation.

use crate::http::guard::{self, Needs};
use crate::http::resource::{Resource, View};
use crate::http::resources::RESOURCES;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use std::fmt::Write;

/// Every route. What is not in the table is 404; methods other than GET and HEAD are 405.
pub fn router(view: View) -> Router {
    RESOURCES.iter().fold(Router::new(), |router, resource| router.route(resource.path, guarded(resource, &view))).with_state(view)
}

fn guarded(resource: &Resource, view: &View) -> MethodRouter<View> {
    let route = (resource.route)();
    let state = (view.guard.clone(), view.metrics.clone());
    match resource.needs {
        Needs::Nothing => route,
        Needs::Host => route.route_layer(from_fn_with_state(state, guard::host)),
        Needs::Token => route.route_layer(from_fn_with_state(state, guard::token)),
    }
}

/// The table as the Markdown of `docs/operate/http.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# HTTP\n\n`leakwarden run` answers on `[http] listen`, by default on the loopback only; with `[http] tls_certificate_file` and \
         `tls_key_file` by TLS alone. Everything is read only. Methods other than GET and HEAD get 405, other paths 404.\n\n\
         Probes and metrics name nobody and ask for nothing. What names people needs the token of `[http] token_file`, as \
         `Authorization: Bearer TOKEN`, and is not configured by default; where the address is not the loopback, TLS as well. All coverage \
         needs a `Host` that is an address, `localhost` or one of `[http] hosts`.\n\n\
         A connection carries one request, whose head has 5 seconds and 16 KiB, and ends after 20 seconds; 128 are open at once, and where \
         one more comes, the one that has asked for nothing for the longest gives way. `leakwarden_http_refused_total` counts what was \
         refused.\n\n| path | needs | what | status |\n|---|---|---|---|\n",
    );
    let mut write = |line: String| writeln!(page, "{line}").expect("a string takes everything");
    for resource in RESOURCES {
        let answers: Vec<String> = resource.answers.iter().map(|(status, when)| format!("{status}: {when}")).collect();
        let needs = match resource.needs {
            Needs::Nothing => "",
            Needs::Host => "`Host`",
            Needs::Token => "`Host`, token",
        };
        write(format!("| `{}` | {needs} | {} | {} |", resource.path, resource.what, answers.join("<br>")));
    }
    for resource in RESOURCES.iter().filter(|resource| !resource.parameters.is_empty()) {
        write(format!("\n## `{}`\n\n| parameter | |\n|---|---|", resource.path));
        resource.parameters.iter().for_each(|(name, what)| write(format!("| `{name}` | {what} |")));
        let token = if resource.needs == Needs::Token { "-H \"Authorization: Bearer $(cat http.token)\" " } else { "" };
        write(format!("\n```\ncurl {token}'http://127.0.0.1:9464{}'\n```", resource.example));
    }
    page
}

#[cfg(test)]
mod tests;
