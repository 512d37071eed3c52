//! Which scope of a token a route of the API asks for. What is not listed is for people who have signed in: deciding, showing identities,
//! exporting, and making tokens.

use crate::desk::token::Scope;
use axum::http::Method;

/// The table.
const SCOPES: &[(Method, &str, Scope)] = &[
    (Method::GET, "/api/v1/session", Scope::ReadCases),
    (Method::GET, "/api/v1/cases", Scope::ReadCases),
    (Method::GET, "/api/v1/cases/{id}", Scope::ReadCases),
    (Method::POST, "/api/v1/cases/{id}/notes", Scope::WriteNotes),
    (Method::GET, "/api/v1/alerts/{id}", Scope::ReadCases),
    (Method::GET, "/api/v1/alerts/{id}/dossier", Scope::ReadCases),
    (Method::GET, "/api/v1/silences", Scope::ReadSilences),
    (Method::GET, "/api/v1/views", Scope::ReadViews),
    (Method::GET, "/api/v1/explanations", Scope::ReadSilences),
    (Method::GET, "/api/v1/coverage", Scope::ReadFigures),
    (Method::GET, "/api/v1/quality", Scope::ReadFigures),
    (Method::GET, "/api/v1/deliveries", Scope::ReadFigures),
    (Method::GET, "/api/v1/events", Scope::FollowEvents),
];

/// The scope of a route; `None` where no token does it.
pub fn of(method: &Method, path: &str) -> Option<Scope> {
    SCOPES.iter().find(|(one, other, _)| one == method && *other == path).map(|(.., scope)| *scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::routes::ROUTES;

    #[test]
    fn no_token_decides_and_each_row_is_a_route() {
        for (method, path, _) in SCOPES {
            assert!(ROUTES.iter().any(|route| route.method == *method && route.path == *path), "{method} {path}");
        }
        let writing: Vec<&str> = SCOPES.iter().filter(|(method, ..)| *method != Method::GET).map(|(_, path, _)| *path).collect();
        assert_eq!(writing, ["/api/v1/cases/{id}/notes"]);
    }
}
