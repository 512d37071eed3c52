//! What may be done with a proposal, a silence or an explanation: somebody else agrees or does not; it is ended.

use crate::console::answer::Asked;
use crate::console::html::token;
use crate::console::words::Text;
use crate::desk::rights::Action;
use crate::desk::silence::SilenceState;
use maud::{Markup, html};

/// The buttons of the proposal at `place`, which `by` made, as far as whoever asks may press them.
pub fn acts(asked: &Asked, place: &str, state: SilenceState, by: &str, in_force: bool) -> Markup {
    let Some(session) = &asked.session else { return html! {} };
    let may = |action| session.caller.may_ever(action);
    let waits = state == SilenceState::Proposed;
    let act = |act: &str, agrees: &str, label: Text| {
        html! { form.row method="post" action={ (place) "/" (act) } { (token(session)) input type="hidden" name="agrees" value=(agrees); button { (label.say(asked.reader.lang)) } } }
    };
    html! {
        @if waits && may(Action::DecideSilence) && by != session.caller.account {
            (act("decision", "yes", Text::AgreeShort)) (act("decision", "no", Text::Disagree))
        }
        @if (in_force || waits) && may(Action::ProposeSilence) { (act("end", "", Text::EndIt)) }
    }
}
