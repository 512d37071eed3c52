//! Signing in and out.

use crate::console::answer::{Answer, Asked};
use crate::console::form::encoded;
use crate::console::html;
use crate::console::settings::SignIn;
use crate::console::words::Text;
use crate::desk::{DeskError, account, session};
use axum::http::StatusCode;
use maud::{Markup, html as markup};

/// `GET /style.css`
pub async fn style(_: Asked) -> Result<Answer, DeskError> {
    Ok(Answer::file("text/css; charset=utf-8", html::STYLE))
}

/// `GET /sign-in`
pub async fn form(asked: Asked) -> Result<Answer, DeskError> {
    if !by_provider(&asked) {
        local(&asked)?;
    }
    // Whoever is to be shown identities signs in once more.
    if asked.session.is_some() && asked.query.text("again") != "yes" {
        return Ok(Answer::see(next(asked.query.text("next"))));
    }
    Ok(Answer::plain_page(page(&asked, asked.query.text("next"), false)))
}

/// `POST /sign-in`
pub async fn enter(asked: Asked) -> Result<Answer, DeskError> {
    local(&asked)?;
    let (name, password) = (asked.body.text("account"), asked.body.text("password"));
    let code = asks_for_code(&asked).then(|| asked.body.text("code"));
    // One more than are checked at once waits; nobody can have all processors work on guesses.
    let turn = asked.console.sign_ins.acquire().await;
    let right = account::verify(&asked.console.database, name, password, code, asked.from, asked.now).await?;
    drop(turn);
    if !right {
        tracing::warn!("a sign-in to the console was refused");
        return Ok(Answer::plain_page(page(&asked, asked.body.text("next"), true)).status(StatusCode::UNAUTHORIZED));
    }
    if let Some(before) = &asked.session {
        session::end(&asked.console.database, before).await?;
    }
    let secret = session::begin(&asked.console.database, name, asked.now).await?;
    Ok(Answer::see(next(asked.body.text("next"))).cookie(Some(secret)))
}

/// `POST /sign-out`
pub async fn leave(asked: Asked) -> Result<Answer, DeskError> {
    if let Some(session) = &asked.session {
        session::end(&asked.console.database, session).await?;
    }
    // The provider may still know them: whoever wants to be signed out there goes there by a link. A form must not lead to another site.
    Ok(Answer::see(if by_provider(&asked) { "/sign-in?out=yes" } else { "/sign-in" }).cookie(None))
}

fn local(asked: &Asked) -> Result<(), DeskError> {
    match asked.console.settings.sign_in {
        SignIn::Local | SignIn::PasswordAlone => Ok(()),
        SignIn::Oidc(_) | SignIn::Proxy { .. } => Err(DeskError::NotFound),
    }
}

fn by_provider(asked: &Asked) -> bool {
    matches!(asked.console.settings.sign_in, SignIn::Oidc(_))
}

/// Where somebody who has just left signs out at the provider as well.
fn signed_out(asked: &Asked) -> Option<String> {
    match &asked.console.settings.sign_in {
        SignIn::Oidc(client) if asked.query.text("out") == "yes" => client.signs_out(),
        SignIn::Oidc(_) | SignIn::Local | SignIn::PasswordAlone | SignIn::Proxy { .. } => None,
    }
}

fn asks_for_code(asked: &Asked) -> bool {
    !matches!(asked.console.settings.sign_in, SignIn::PasswordAlone)
}

/// Where to go then: a place of this console, whatever was asked for.
pub(super) fn next(asked: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "/?&=%._~-".contains(c);
    let own = asked.starts_with('/') && !asked.starts_with("//") && asked.chars().all(fits);
    if own { asked.to_owned() } else { "/".to_owned() }
}

/// The form, or the way to the provider.
pub fn page(asked: &Asked, next: &str, refused: bool) -> Markup {
    let lang = asked.reader.lang;
    html::frame(
        asked.shell(),
        Text::SignIn.say(lang),
        &markup! {
            div.sign-in {
                h1 { "leakwarden" }
                @if refused {
                    p.told #refused role="alert" { (if by_provider(asked) { Text::RefusedByProvider } else { Text::Refused }.say(lang)) }
                }
                @if by_provider(asked) {
                    p { a #provider href={ "/sign-in/oidc?next=" (encoded(next)) @if asked.query.text("again") == "yes" { "&again=yes" } } { (Text::ToProvider.say(lang)) } }
                    @if let Some(place) = signed_out(asked) {
                        p role="status" { (Text::SignedOut.say(lang)) " " a #sign-out-there href=(place) { (Text::SignOutThere.say(lang)) } }
                    }
                } @else { form method="post" action="/sign-in" {
                    @if let Some(session) = &asked.session { (html::token(session)) }
                    input type="hidden" name="next" value=(next);
                    label for="account" { (Text::Account.say(lang)) }
                    input #account name="account" autocomplete="username" required autofocus value=[refused.then(|| asked.body.text("account"))] aria-describedby=[refused.then_some("refused")];
                    label for="password" { (Text::Password.say(lang)) }
                    input #password name="password" type="password" autocomplete="current-password" required;
                    @if asks_for_code(asked) {
                        label for="code" { (Text::Code.say(lang)) }
                        input #code name="code" inputmode="numeric" autocomplete="one-time-code" required;
                    }
                    p { button.first { (Text::SignIn.say(lang)) } }
                } }
                p.quiet { (Text::WrittenDown.say(lang)) }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(next("/cases/4?after=x"), "/cases/4?after=x");
        for elsewhere in ["//evil.example", "https://evil.example/", "/\\evil.example", "", "cases", "/a\r\nb", "/%0d\u{202e}"] {
            assert_eq!(next(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
