//! What the commands are and what they share; one file each.

mod check;
mod compared;
mod decode;
mod demo;
mod failure;
mod kept;
mod pass;
mod past;
mod power;
mod redrive;
mod replay;
mod run;
mod scored;
mod setup;
mod simulate;
mod summary;

use clap::{Parser, Subcommand};
pub use failure::Failure;

/// Notices, early and with evidence, when one of an organisation's own people reads customers' records as if to sell them.
#[derive(Parser)]
#[command(name = "leakwarden", version, max_term_width = 110)]
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
    }
}
