//! Images and labels: reading them, finding them, fetching them.
//!
//! The command classifies the MNIST test set. [`mnist_test`] finds it in a folder the user names, in the
//! usual places, or on a public mirror; where it cannot be had, a small set of other real handwritten
//! digits that ships with the program stands in, and a note says so.

mod digits;
mod error;
pub mod fetch;
pub mod idx;
mod lookup;

pub use error::DataError;
pub use idx::{Images, Labels};
pub use lookup::{Dataset, Lookup, mnist_test};
