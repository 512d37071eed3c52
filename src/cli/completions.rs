//! `completions`: what a shell needs to complete commands and options.

use crate::cli::{Arguments, Failure};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;

/// Write a shell's completion script to standard output.
#[derive(clap::Args)]
pub struct Options {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    // A reader that has seen enough (`| head`) is no failure.
    let _ = std::io::stdout().lock().write_all(&script(options.shell));
    Ok(())
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "leakwarden", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).expect("text");
            for command in Arguments::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
