//! Waiting for a moment more exactly than a plain sleep does, and without burning a processor.
//!
//! Linux may wake a sleeper by its *timer slack* too late, 50 microseconds unless a thread asks for less: half the one-way delay of a local
//! network. The thread asks, which costs nothing, and then sleeps all the way. Where it cannot ask, waits are that much longer.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Asks for exact timers in the calling thread.
pub(super) fn sharpen() {
    if let Err(error) = ask() {
        tracing::debug!(%error, "no exact timers: delays may be 50 microseconds longer");
    }
}

fn ask() -> std::io::Result<()> {
    // "<process>/task/<thread>"; the slack is only found under a process of the thread's number.
    let own = fs::read_link("/proc/thread-self")?;
    let number = own.file_name().unwrap_or_default();
    fs::write(
        std::path::Path::new("/proc")
            .join(number)
            .join("timerslack_ns"),
        "1",
    )
}

/// Sleeps until `moment`.
pub(super) fn until(moment: Instant) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return;
        }
        thread::sleep(left);
    }
}
