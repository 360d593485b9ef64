//! The parts of the `halfmask` command, as a library so that they can be tested.
//!
//! * [`cli`]: raw arguments, resolved into the options of the parts below; [`exit`]: errors and exit codes;
//! * [`serve`], [`infer`]: the two parties, each a process that talks TCP ([`net`]) and can [`report`] on itself;
//! * [`bench`](mod@bench): both as processes on loopback, and the record and table of a run;
//! * [`experiment`]: benchmarks put together, their records kept, reported and checked; [`plot`]: charts, which know nothing of either;
//! * [`link`]: what connects two processes, measured;
//! * [`inspect`]: a model's plan explained, with its predicted [`cost`];
//! * [`spn`]: sum-product networks;
//! * [`model`], [`data`]: what is evaluated, and on what; [`engine`]: how its non-linear layers are.

pub mod bench;
pub mod cli;
pub mod cost;
pub mod data;
pub mod engine;
pub mod exit;
pub mod experiment;
pub mod infer;
pub mod inspect;
pub mod link;
pub mod machine;
pub mod model;
pub mod net;
pub mod output;
pub mod plot;
pub mod random;
pub mod report;
pub mod serve;
pub mod spn;
