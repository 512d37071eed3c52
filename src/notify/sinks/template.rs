//! Bodies that users write, as templates of minijinja. What an event holds is a value and never a template; work and length are bounded.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::words;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

/// What a template may spend: a loop over everything that a message holds takes a thousandth of it.
const FUEL: u64 = 200_000;
/// Bytes of a body.
const LONGEST: usize = 256 * 1024;

/// A template that was understood.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
}

const NAME: &str = "body";

impl Template {
    /// Reads a template. Where the body is JSON, values are written as JSON: `{{ case }}` gives a text in quotes.
    pub fn new(source: String, json: bool) -> Result<Template, String> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(move |_| if json { AutoEscape::Json } else { AutoEscape::None });
        environment.add_template_owned(NAME, source).map_err(|error| told(&error))?;
        Ok(Template { environment })
    }

    /// The body of a message.
    pub fn render(&self, message: &Message) -> Result<String, String> {
        let event = &message.event;
        let values = context! {
            id => event.id(),
            case => &event.case,
            number => event.number,
            event => event.what.name(),
            at => event.at().to_string(),
            severity => event.severity.name(),
            before => event.before.map(|before| before.name()),
            score => event.score,
            typologies => event.typologies.iter().map(|typology| typology.name()).collect::<Vec<_>>(),
            alerts => event.alerts,
            persons => event.persons.to_string(),
            persons_figure => event.persons.figure(),
            accesses => event.accesses,
            settled => event.settled,
            since => &event.since,
            last => &event.last,
            link => &message.link,
            contact => &message.contact,
            concerns => event.whom.as_deref().map(words::name),
            unit => event.unit.as_deref().map(words::name),
            goes_on_in => &event.into,
            title => words::title(message),
            text => words::text(message),
        };
        let rendered = self.environment.get_template(NAME).and_then(|template| template.render(values)).map_err(|error| told(&error))?;
        if rendered.len() > LONGEST { Err(format!("its body is longer than {LONGEST} bytes")) } else { Ok(rendered) }
    }
}

/// What is wrong with a template, without a value that it was given.
fn told(error: &minijinja::Error) -> String {
    let line = error.line().map_or_else(String::new, |line| format!(" in line {line}"));
    format!("the template is wrong{line}: {}", error.kind())
}

/// The time as the header has it.
pub fn seconds(now: Timestamp) -> String {
    now.seconds().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    fn rendered(source: &str, json: bool) -> Result<String, String> {
        let mut message = message("c1", 1);
        message.event.whom = Some("{{ 7 * 7 }}\"},{\"x\":1".to_owned());
        Template::new(source.to_owned(), json)?.render(&message)
    }

    #[test]
    fn values_are_values_and_never_templates_or_json() {
        let body = rendered(r#"{"case": {{ case }}, "who": {{ concerns }}, "kinds": {{ typologies }}, "link": {{ link }}}"#, true)
            .expect("rendered");
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(json["who"], "{{ 7 * 7 }}\"},{\"x\":1");
        assert_eq!(json["kinds"][0], "bulk_extract");
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(4));
    }

    #[test]
    fn work_and_mistakes_are_bounded_and_told_by_their_line() {
        let endless = rendered(
            "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}",
            false,
        );
        assert!(endless.is_err_and(|error| error.contains("fuel")));
        assert_eq!(rendered("a\n{{ nobody }}", false).expect_err("unknown"), "the template is wrong in line 2: undefined value");
        assert_eq!(rendered("{% if %}", false).expect_err("no template"), "the template is wrong in line 1: syntax error");
    }
}
