//! The halfmask command.

fn main() -> std::process::ExitCode {
    halfmask::cli::main()
}
