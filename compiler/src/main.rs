//! The program `leasehold`: arguments, files and the terminal around the compiler's library.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the shell: the one place that reads files, the clock and the environment"
)]

mod shell;

fn main() -> std::process::ExitCode {
    shell::run()
}
