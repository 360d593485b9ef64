//! Experiments: every number that the project states comes from a record that one of these commands wrote.
//!
//! ```text
//! definition   what an experiment is: jobs, and what it reports
//! catalogue    the experiments, one a file: what each runs, and the tables and plots made of it
//! run          runs the jobs as processes of this program, and appends a record a point
//! record       one line of results/raw/ID.jsonl: where, when, what, how often, and the figures
//! selection    the records of one run, narrowed down by parameters
//! report       CSV, plots and LaTeX of the newest runs
//! claims       what the project claims, beside what others published; check compares it with the newest runs
//! doctor       what this machine can run
//! ```
//!
//! A job is a command line that a person could type. What it measures is a benchmark's record; the experiment only says which command
//! lines belong together, and what to take from their records.

pub mod catalogue;
pub mod check;
pub mod claims;
pub mod definition;
pub mod doctor;
pub mod list;
pub mod provenance;
pub mod published;
pub mod quantity;
pub mod record;
pub mod report;
pub mod run;
pub mod selection;
pub mod store;
