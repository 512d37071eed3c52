//! The commands. Exit status: 0 done, 1 failed at run time, 2 unusable arguments or configuration.

#[expect(clippy::disallowed_methods, reason = "commands say how long they took")]
mod cli;

use clap::Parser;
use std::process::ExitCode;

/// One thread allocates records and another frees them: with the system's allocator that takes a third of the time and fragments memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says may quote a record; where it happened does not.
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("what it says may quote a record and is not shown");
        eprintln!("a bug: panicked{place}: {what}");
    }));
    let arguments = cli::Arguments::parse();
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}
