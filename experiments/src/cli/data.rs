//! `halfmask data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::data::DataError;
use crate::data::fetch::{Fetch, Outcome};
use crate::exit::Error;
use crate::output::print;

/// Data sets
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Fetch(FetchArguments),
}

/// Download a data set from a public mirror and check it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask data fetch mnist
  halfmask data fetch mnist --to /data/mnist --mirror http://mirror.example/mnist/

Every file is checked against a pinned SHA-256; a file that is there and right is kept.")]
struct FetchArguments {
    /// Which
    set: Set,
    /// The folder for its files
    #[arg(long, value_name = "DIR", default_value = "data/mnist")]
    to: PathBuf,
    /// A mirror instead of the usual ones (http://)
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

/// A data set.
#[derive(Copy, Clone, Debug, ValueEnum)]
enum Set {
    /// MNIST: handwritten digits, 60,000 for training and 10,000 for tests
    Mnist,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        let Command::Fetch(arguments) = self.command;
        let Set::Mnist = arguments.set;
        let mut fetch = Fetch::mnist();
        if let Some(url) = &arguments.mirror {
            fetch = fetch.with_mirror(url).map_err(DataError::from)?;
        }
        let outcomes = fetch.to_folder(&arguments.to).map_err(DataError::from)?;
        for (file, outcome) in fetch.files.iter().zip(outcomes) {
            let what = match outcome {
                Outcome::Kept => "kept",
                Outcome::Fetched => "fetched",
            };
            print(&format!(
                "{what} {}\n",
                arguments.to.join(&file.name).display()
            ))?;
        }
        Ok(())
    }
}
