//! The commands. Exit status: 0 done, 1 failed at run time, 2 unusable arguments or configuration.

#[expect(clippy::disallowed_methods, reason = "commands say how long they took")]
mod cli;

use clap::Parser;
use std::process::ExitCode;

/// One thread allocates records and another frees them: with the system's allocator that takes a third of the time and fragments memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}
