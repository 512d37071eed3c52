//! What a form's handler refused is answered by the page where the form stands, made anew with the refusal in it: see [`super::refused`].

use crate::console::answer::{Answer, Asked, Body, status};
use crate::console::form::{Fields, encoded};
use crate::console::routes::{Policy, ROUTES};
use crate::desk::DeskError;
use axum::http::{Method, StatusCode};

/// The page of a form that was refused, which is sent to `action` and stands on the page of that route; the error where there is none.
pub async fn answer(asked: Asked, page: &str, action: &str, error: DeskError) -> Result<Answer, DeskError> {
    let Some(route) = ROUTES.iter().find(|route| route.method == Method::GET && route.path == page) else { return Err(error) };
    let comes_back = match error {
        DeskError::Refused { .. }
        | DeskError::NotAllowed(_)
        | DeskError::Changed { .. }
        | DeskError::Stale(_)
        | DeskError::State { .. } => true,
        DeskError::NotFound | DeskError::Database(_) => false,
    };
    let may = match (&route.policy, &asked.session) {
        (Policy::Open, _) | (Policy::SignedIn, Some(_)) => true,
        (Policy::May(action), Some(session)) => session.caller.may_ever(*action),
        (Policy::SignedIn | Policy::May(_), None) => false,
    };
    if !comes_back || !may {
        return Err(error);
    }
    // Where a change of language leads back to.
    let mut asked = asked;
    asked.reader.place = place(page, &asked.path);
    // What a silence was to match stands in the query of its page.
    let fields = std::mem::take(&mut asked.body);
    asked.query = if page == "/silences" { fields.clone() } else { Fields::default() };
    let answered = (route.handler)(asked.refusing(action, fields, error.clone())).await;
    match answered {
        Ok(answer)
            if [StatusCode::OK, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status) && matches!(answer.body, Body::Page(_)) =>
        {
            Ok(answer.status(status(&error)))
        }
        _ => Err(error),
    }
}

/// Where a page stands whose path names these.
pub fn place(page: &str, path: &[String]) -> String {
    path.iter().fold(page.to_owned(), |place, value| match place.split_once('{') {
        Some((before, rest)) => {
            format!("{before}{}{}", encoded(value), rest.split_once('}').map_or("", |(_, after)| after))
        }
        None => place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_page_says_on_which_page_it_stands() {
        // A sign-in that is refused is its own page; signing out is refused by nothing.
        let own = ["/sign-in", "/sign-out"];
        for route in ROUTES.iter().filter(|route| route.method == Method::POST && !route.path.starts_with("/api/")) {
            match route.page {
                None => assert!(own.contains(&route.path), "{}", route.path),
                Some(page) => {
                    let is_there = ROUTES.iter().any(|other| other.method == Method::GET && other.path == page);
                    assert!(is_there && !own.contains(&route.path), "{} on {page}", route.path);
                }
            }
        }
        assert!(ROUTES.iter().filter(|route| route.path.starts_with("/api/")).all(|route| route.page.is_none()), "programs have no pages");
    }
}
