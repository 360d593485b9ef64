//! Waiting for a moment more exactly than a plain sleep does, and without burning a processor.
//!
//! Linux may wake a sleeper by its *timer slack* too late, 50 microseconds unless a thread asks for less: half the one-way delay of a local
//! network. The thread asks, which costs nothing; where it cannot ask, waits are that much longer. What remains is the timer itself, 10 to
//! 20 microseconds in a virtual machine. Who needs those too spins for the last of them.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// What a timer may be late by.
const SPIN: Duration = Duration::from_micros(25);

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
    while let Some(left) = left(moment) {
        thread::sleep(left);
    }
}

/// Sleeps until shortly before `moment`, and spins for the rest.
pub(super) fn until_exactly(moment: Instant) {
    if let Some(early) = moment.checked_sub(SPIN) {
        until(early);
    }
    while left(moment).is_some() {
        std::hint::spin_loop();
    }
}

fn left(moment: Instant) -> Option<Duration> {
    let left = moment.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}
