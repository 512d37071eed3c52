//! What the commands are and what they share; one file each.

mod check;
mod completions;
mod decode;
mod demo;
mod failure;
mod man;
mod redrive;
mod replay;
mod run;
mod setup;
mod simulate;
mod state;
mod version;

use clap::{Parser, Subcommand};
pub use failure::Failure;

/// Notices, early and with evidence, when one of an organisation's own people reads customers' records as if to sell them.
#[derive(Parser)]
#[command(name = "leakwarden", version, long_version = version::LONG.as_str(), max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Options),
    Run(run::Options),
    Replay(Box<replay::Options>),
    Decode(decode::Options),
    Redrive(redrive::Options),
    Simulate(simulate::Options),
    Check(check::Options),
    Completions(completions::Options),
    Man(man::Options),
}

/// Runs a command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Demo(options) => demo::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Decode(options) => decode::run(&options),
        Command::Redrive(options) => redrive::run(&options),
        Command::Simulate(options) => simulate::run(options),
        Command::Check(options) => check::run(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

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
}
