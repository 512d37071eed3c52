//! The table of commands. Each is one file, or a folder, beside what several share: `edge`, `failure`, `setup`, `state`,
//! `stop_signals`.

mod acting;
mod case;
mod check;
mod completions;
mod console;
mod decode;
mod demo;
mod edge;
mod evaluate;
mod failure;
mod man;
mod notify;
mod redrive;
mod replay;
mod run;
mod setup;
mod silence;
mod simulate;
mod state;
mod stop_signals;
mod version;
mod weekly;

use clap::{Parser, Subcommand};
pub use failure::Failure;

/// Notices, early and with evidence, when one of an organisation's own people looks up customers beyond what their work explains.
#[derive(Parser)]
#[command(name = "leakwarden", version, long_version = version::LONG.as_str(), max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The table of commands: makes the subcommands and runs them.
macro_rules! commands {
    ($($name:ident => $module:ident),+ $(,)?) => {
        #[derive(Subcommand)]
        enum Command {
            $($name(Box<$module::Options>)),+
        }

        /// Runs a command.
        pub fn run(arguments: Arguments) -> Result<(), Failure> {
            match arguments.command {
                $(Command::$name(options) => $module::run(&options)),+
            }
        }
    };
}

// In the order of `--help`. A command is a file with `Options`, whose doc comment is its help, and `run`; and a row here.
commands! {
    Demo => demo,
    Run => run,
    Console => console,
    Case => case,
    Silence => silence,
    Replay => replay,
    Decode => decode,
    Redrive => redrive,
    Evaluate => evaluate,
    Simulate => simulate,
    Check => check,
    Notify => notify,
    Completions => completions,
    Man => man,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn commands_and_options_fit_together_and_each_says_what_it_does() {
        Arguments::command().debug_assert();
        for command in Arguments::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} says nothing of itself", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} says nothing of itself", command.get_name(), argument.get_id());
            }
        }
    }

    /// Files and folders of this folder that have `Options`.
    fn declared() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
        let paths = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be listed").path());
        let declares = |path: &Path| {
            let text = std::fs::read_to_string(path).or_else(|_| std::fs::read_to_string(path.join("mod.rs")));
            text.is_ok_and(|text| text.contains("pub struct Options"))
        };
        paths
            .filter(|path| !path.ends_with("mod.rs") && declares(path))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect()
    }

    #[test]
    fn every_file_that_declares_a_command_is_in_the_table() {
        let listed: BTreeSet<String> = Arguments::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let forgotten: Vec<String> = declared().difference(&listed).cloned().collect();
        assert!(forgotten.is_empty(), "not in the table of commands in src/cli/mod.rs: {forgotten:?}");
        assert_eq!(declared(), listed, "each command has a file of its name");
    }
}
