//! A form that comes when its session has ended, because it was thought over for long: the page to sign in shows what was written, to be copied
//! from there. It goes back to the browser that sent it and is kept nowhere.

use crate::console::answer::{Answer, Asked};
use crate::console::form::Fields;
use crate::console::in_its_page;
use crate::console::pages::sign_in;
use crate::desk::DeskError;
use axum::http::StatusCode;

/// The page to sign in, from where one comes to the page on which the form stands.
pub fn answer(asked: Asked, page: &str, action: &str) -> Answer {
    let next = in_its_page::place(page, &asked.path);
    let mut asked = asked;
    let fields = std::mem::take(&mut asked.body);
    asked.reader.place = "/sign-in".to_owned();
    asked.query = Fields::default();
    let ended = DeskError::refused("session", "has ended and nothing was done: copy what you had written, sign in and send it again", "");
    let asked = asked.refusing(action, fields, ended);
    Answer::plain_page(sign_in::page(&asked, &next, false)).status(StatusCode::UNAUTHORIZED)
}
