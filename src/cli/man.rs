//! `man`: the manual pages of the program and of each command.

use crate::cli::{Arguments, Failure};
use anyhow::Context;
use clap::CommandFactory;
use std::path::{Path, PathBuf};

/// Write the manual pages: leakwarden.1, and leakwarden-COMMAND.1 of each command and of those below it.
#[derive(clap::Args)]
pub struct Options {
    /// Directory to write to; made if it is not there
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    write(&options.out).with_context(|| format!("cannot write to {}", options.out.display()))?;
    Ok(())
}

fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    // The command `help` is clap's own and needs no page.
    clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The page of a command, and those of the commands below it.
    fn pages(name: &str, command: &clap::Command) -> Vec<String> {
        let below = command.get_subcommands().flat_map(|command| pages(&format!("{name}-{}", command.get_name()), command));
        below.chain([format!("{name}.1")]).collect()
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().expect("a folder");
        write(&folder.path().join("man1")).expect("written");
        let written: BTreeSet<String> = std::fs::read_dir(folder.path().join("man1"))
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(written, pages("leakwarden", &Arguments::command()).into_iter().collect());
        let page = std::fs::read_to_string(folder.path().join("man1/leakwarden-replay.1")).expect("read");
        assert!(page.contains("\\-\\-config"), "{page}");
    }
}
