//! The command line: raw arguments, and how they are resolved into the options of each command.

mod bench;
mod common;
mod data;
mod eval;
mod experiment;
mod infer;
mod inspect;
mod link;
mod serve;
mod spn;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::exit::{Error, complain};

/// Private machine-learning inference: half homomorphic encryption, half garbled circuits, joined by masks.
///
/// A server holds a model, a client holds images or rows of evidence. The client learns the answers and nothing else about the
/// weights; the server learns nothing about inputs or answers. Both are trusted to follow the protocol; see SECURITY.md.
#[derive(Debug, Parser)]
#[command(name = "halfmask", version, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say more on standard error (-v, -vv, -vvv); RUST_LOG overrides it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  halfmask bench cryptonets                        the CryptoNets benchmark, two processes on this machine
  halfmask bench cryptonets --network wan          the same as over 100 Mbit/s and 40 ms
  halfmask serve cryptonets-relu --listen 0.0.0.0:7000
  halfmask infer --connect server:7000 --input t10k-images-idx3-ubyte.gz --output classes.txt
  halfmask serve model.spn.json --listen 0.0.0.0:7000
  halfmask infer --connect server:7000 --query likelihood --input rows.csv --output ll.txt

Exit codes: 0 done, 1 the run failed, 2 wrong usage or bad input.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Infer(infer::Arguments),
    Bench(bench::Arguments),
    Inspect(inspect::Arguments),
    Eval(eval::Arguments),
    Experiment(experiment::Arguments),
    Data(data::Arguments),
    CheckRecord(bench::CheckArguments),
    Link(link::Arguments),
    Spn(spn::Arguments),
}

/// The whole command: parses, runs, and reports an error as one line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    log(cli.verbose);
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Serve(arguments) => arguments.run(),
        Command::Infer(arguments) => arguments.run(),
        Command::Bench(arguments) => arguments.run(),
        Command::Inspect(arguments) => arguments.run(),
        Command::Eval(arguments) => arguments.run(),
        Command::Experiment(arguments) => arguments.run(),
        Command::Data(arguments) => arguments.run(),
        Command::CheckRecord(arguments) => arguments.run(),
        Command::Link(arguments) => arguments.run(),
        Command::Spn(arguments) => arguments.run(),
    }
}

/// Help and version as they are; anything else as one line.
fn refuse(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A reader that has gone is no error.
            let _ = error.print();
        }
        _ => complain(&brief(&error.to_string())),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The error and the tips of a message of clap's, without the usage.
fn brief(message: &str) -> String {
    let end = message
        .find("\nUsage:")
        .or_else(|| message.find("\nFor more"));
    let text = message
        .get(..end.unwrap_or(message.len()))
        .unwrap_or(message);
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    format!("{} (see --help)", paragraphs.join("; "))
}

fn log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn usage_errors_are_brief() {
        let brief_of = |line: &str| {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            brief(&error.to_string())
        };
        let text = brief_of("halfmask serve");
        assert!(text.contains("--listen") && !text.contains('\n'), "{text}");
        let text = brief_of("halfmask infer --imput x");
        assert!(
            text.contains("--imput") && text.contains("--input"),
            "{text}"
        );
        assert!(!text.contains("Usage"), "{text}");
        let text = brief_of("halfmask serve m --listen x:1 --simd sse");
        assert!(text.contains("sse") && text.contains("avx512"), "{text}");
    }
}
