//! A cable with a delay: carries packets between two TUN devices that are this process's standard input and output.
//!
//! `network/cable.py` opens the devices, gives them to this program and is replaced by it, so that no system call here needs `unsafe`.
//! The only argument is the delay of each direction in seconds. Packets keep their order; every packet is handed on this long after it
//! was taken up. It runs until the devices are gone.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The largest packet with its offload header.
const LARGEST: usize = (64 << 10) + 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds: f64 = env::args()
        .nth(1)
        .ok_or("usage: relay SECONDS < TUN > TUN")?
        .parse()?;
    let delay = Duration::try_from_secs_f64(seconds)?;
    let a = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let b = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let there = direction(a.try_clone()?, b.try_clone()?, delay);
    let back = direction(b, a, delay);
    for thread in there.into_iter().chain(back) {
        // Both end with the devices.
        drop(thread.join());
    }
    Ok(())
}

/// A thread that takes packets up, and one that hands them on when their time has come.
fn direction(mut source: File, mut target: File, delay: Duration) -> [JoinHandle<()>; 2] {
    let (cable, packets) = channel::<(Instant, usize, Vec<u8>)>();
    let (used, spare) = channel::<Vec<u8>>();
    let take_up = move || {
        loop {
            let mut packet = spare.try_recv().unwrap_or_else(|_| vec![0; LARGEST]);
            let Ok(length @ 1..) = source.read(&mut packet) else {
                return;
            };
            let due = Instant::now() + delay;
            if cable.send((due, length, packet)).is_err() {
                return;
            }
        }
    };
    let hand_on = move || {
        for (due, length, packet) in packets {
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                if left.is_zero() {
                    break;
                }
                thread::sleep(left);
            }
            // A device that is down refuses packets: they are lost, as on a cable.
            drop(target.write(packet.get(..length).unwrap_or_default()));
            drop(used.send(packet));
        }
    };
    [thread::spawn(take_up), thread::spawn(hand_on)]
}
