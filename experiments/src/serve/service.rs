//! What kinds of models have in common when they are served.

use halfmask_models::bridge::mpc::channel::Channel;
use halfmask_models::bridge::session::Randomness;
use halfmask_models::{Error, nn, spn};

/// A model ready for clients.
pub(crate) trait Service {
    /// A client's connection.
    type Connection<'a>
    where
        Self: 'a;

    /// Opens a connection.
    fn open(&self, ch: &mut Channel, random: Randomness) -> Result<Self::Connection<'_>, Error>;

    /// Serves the next request; the number of its images or rows, `None` once the client has said goodbye.
    fn serve(
        connection: &mut Self::Connection<'_>,
        ch: &mut Channel,
    ) -> Result<Option<usize>, Error>;
}

impl Service for nn::party::Server {
    type Connection<'a> = nn::party::ServerConnection<'a>;

    fn open(&self, ch: &mut Channel, random: Randomness) -> Result<Self::Connection<'_>, Error> {
        self.accept(ch, random)
    }

    fn serve(
        connection: &mut Self::Connection<'_>,
        ch: &mut Channel,
    ) -> Result<Option<usize>, Error> {
        connection.serve_batch(ch)
    }
}

impl Service for spn::party::Server {
    type Connection<'a> = spn::party::ServerConnection<'a>;

    fn open(&self, ch: &mut Channel, random: Randomness) -> Result<Self::Connection<'_>, Error> {
        self.accept(ch, random)
    }

    fn serve(
        connection: &mut Self::Connection<'_>,
        ch: &mut Channel,
    ) -> Result<Option<usize>, Error> {
        connection.serve(ch)
    }
}

impl Service for spn::garbled::Server {
    type Connection<'a> = spn::garbled::ServerConnection<'a>;

    fn open(&self, ch: &mut Channel, random: Randomness) -> Result<Self::Connection<'_>, Error> {
        self.accept(ch, random)
    }

    fn serve(
        connection: &mut Self::Connection<'_>,
        ch: &mut Channel,
    ) -> Result<Option<usize>, Error> {
        connection.serve(ch)
    }
}
