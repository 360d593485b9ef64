//! `halfmask link`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::common::{Link, addresses, seconds};
use crate::exit::Error;
use crate::link::{self, Measure, Options};
use crate::output::check_target;

/// Measure what connects two processes: one listens, the other connects
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct Arguments {
    /// Wait here for the measuring end
    #[arg(long, value_name = "ADDR", required_unless_present = "connect", conflicts_with_all = ["connect", "json", "bytes"])]
    listen: Option<String>,
    /// Measure the connection to this listener
    #[arg(long, value_name = "ADDR")]
    connect: Option<String>,
    /// Bytes of a long transfer
    #[arg(long, value_name = "N", default_value_t = 16_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1000..=1 << 30))]
    bytes: u64,
    /// Write what was measured to this file (JSON)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The longest silence of the other end, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    #[command(flatten)]
    link: Link,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        let options = |option, name: String| -> Result<Options, Error> {
            Ok(Options {
                addresses: addresses(option, &name)?,
                name,
                timeout: self.timeout,
                network: self.link.network,
            })
        };
        match (self.listen, self.connect) {
            (None, Some(name)) => {
                if let Some(json) = &self.json {
                    check_target("--json", json)?;
                }
                let what = Measure {
                    bytes: self.bytes,
                    json: self.json,
                };
                link::measure(&options("--connect", name)?, &what)
            }
            (listen, _) => link::listen(&options("--listen", listen.unwrap_or_default())?),
        }
    }
}
