//! What an emulated network does to the bytes of each direction.
//!
//! A link of rate `R` and round trip `T`: a segment of `b` payload bytes occupies its direction for `8 (b + H) / R` seconds, where
//! `H` is what Ethernet, IP and TCP add, after those before it; its last byte arrives `T / 2` later. The directions are independent
//! (full duplex), nothing is lost, and queues are as long as they need to be. Not modelled: the TCP handshake, slow start and
//! window limits (the connection is taken as warm), acknowledgements in the other direction (at most 3 % of it when this one is full),
//! and jitter.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// Payload of a full TCP segment: an Ethernet MTU of 1500 less 20 bytes of IPv4 and 32 of TCP with time stamps.
pub const SEGMENT_BYTES: u64 = 1448;

/// What a segment occupies beyond its payload: preamble 8, Ethernet 14, IPv4 20, TCP with time stamps 32, checksum 4, gap 12.
/// So a link carries at most 1448/1538 = 94.1 % of its rate as payload: 941 Mbit/s on Gigabit Ethernet.
pub const OVERHEAD_BYTES: u64 = 90;

/// Rates that a model may have, in bits a second.
const RATES: std::ops::RangeInclusive<f64> = 1e3..=1e12;

/// The longest round trip that a model may have.
const LONGEST: Duration = Duration::from_secs(10);

/// A network between two parties.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Figures", into = "Figures")]
pub struct NetworkModel {
    /// The rate of each direction, Ethernet framing included.
    bits_per_second: f64,
    /// From a first bit's departure to the arrival of an immediate answer's.
    round_trip: Duration,
}

/// The serialised form.
#[derive(Serialize, Deserialize)]
struct Figures {
    bits_per_second: f64,
    round_trip_seconds: f64,
}

impl NetworkModel {
    /// A local network: 1 Gbit/s, 0.2 ms.
    pub const LAN: Self = Self::of(1e9, 200);
    /// A fast local network: 10 Gbit/s, 0.165 ms.
    pub const LAN10: Self = Self::of(1e10, 165);
    /// Between places: 100 Mbit/s, 40 ms.
    pub const WAN: Self = Self::of(1e8, 40_000);

    /// The presets and their names.
    pub const PRESETS: [(&'static str, Self); 3] = [
        ("lan", Self::LAN),
        ("lan10", Self::LAN10),
        ("wan", Self::WAN),
    ];

    const fn of(bits_per_second: f64, microseconds: u64) -> Self {
        Self {
            bits_per_second,
            round_trip: Duration::from_micros(microseconds),
        }
    }

    /// A model with these figures.
    ///
    /// # Errors
    /// [`BadNetwork`] outside 1 kbit/s to 1 Tbit/s or above 10 s.
    pub fn new(bits_per_second: f64, round_trip: Duration) -> Result<Self, BadNetwork> {
        if !RATES.contains(&bits_per_second) {
            return Err(BadNetwork::Rate { bits_per_second });
        }
        if round_trip > LONGEST {
            return Err(BadNetwork::RoundTrip {
                seconds: round_trip.as_secs_f64(),
            });
        }
        Ok(Self {
            bits_per_second,
            round_trip,
        })
    }

    /// Bits a second of each direction.
    #[must_use]
    pub const fn bits_per_second(&self) -> f64 {
        self.bits_per_second
    }

    /// The round-trip delay.
    #[must_use]
    pub const fn round_trip(&self) -> Duration {
        self.round_trip
    }

    /// The delay of one direction.
    #[must_use]
    pub fn one_way(&self) -> Duration {
        self.round_trip / 2
    }

    /// How long a message of `payload` bytes occupies its direction, headers included.
    #[must_use]
    pub fn occupies(&self, payload: u64) -> Duration {
        let wire = payload + OVERHEAD_BYTES * payload.div_ceil(SEGMENT_BYTES);
        Duration::from_secs_f64(8.0 * wire as f64 / self.bits_per_second)
    }

    /// The most payload bytes a second of each direction.
    #[must_use]
    pub fn payload_bytes_per_second(&self) -> f64 {
        let share = SEGMENT_BYTES as f64 / (SEGMENT_BYTES + OVERHEAD_BYTES) as f64;
        self.bits_per_second / 8.0 * share
    }
}

/// A description that is no network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadNetwork {
    /// Neither a preset nor of the form.
    #[error("network {text:?}: expected lan, lan10, wan, or RATE,DELAY such as 100mbit,40ms")]
    Form {
        /// What was given.
        text: String,
    },
    /// One of the two figures cannot be read.
    #[error("{what} {text:?}: expected a number with one of the units {units}")]
    Figure {
        /// Rate or delay.
        what: &'static str,
        /// What was given.
        text: String,
        /// The units that are known.
        units: &'static str,
    },
    /// A rate that cannot be emulated.
    #[error("{bits_per_second} bit/s: expected 1 kbit/s to 1 Tbit/s")]
    Rate {
        /// What was given.
        bits_per_second: f64,
    },
    /// A delay that cannot be emulated.
    #[error("a round trip of {seconds} s: expected 0 to 10 s")]
    RoundTrip {
        /// What was given.
        seconds: f64,
    },
}

/// A unit's name and its value.
type Unit = (&'static str, f64);

const RATE_UNITS: [Unit; 3] = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)];
// "s" is a suffix of the others: last.
const DELAY_UNITS: [Unit; 3] = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];

fn figure(text: &str, units: &[Unit]) -> Option<f64> {
    let (number, factor) = units
        .iter()
        .find_map(|&(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    // Digits alone: no signs, exponents, infinities.
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value = number.parse::<f64>().ok().filter(|_| plain)?;
    Some(value * factor)
}

impl FromStr for NetworkModel {
    type Err = BadNetwork;

    /// A preset's name, or `RATE,DELAY`: the rate of each direction in kbit, mbit or gbit (a second), the round trip in us, ms or s.
    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        if let Some((_, model)) = Self::PRESETS.iter().find(|(name, _)| *name == text) {
            return Ok(*model);
        }
        let Some((rate, delay)) = text.split_once(',') else {
            return Err(BadNetwork::Form { text: text.into() });
        };
        let bad = |what, text: &str, units| BadNetwork::Figure {
            what,
            text: text.into(),
            units,
        };
        let bits =
            figure(rate, &RATE_UNITS).ok_or_else(|| bad("rate", rate, "kbit, mbit, gbit"))?;
        let seconds =
            figure(delay, &DELAY_UNITS).ok_or_else(|| bad("delay", delay, "us, ms, s"))?;
        Figures {
            bits_per_second: bits,
            round_trip_seconds: seconds,
        }
        .try_into()
    }
}

impl TryFrom<Figures> for NetworkModel {
    type Error = BadNetwork;

    fn try_from(figures: Figures) -> Result<Self, BadNetwork> {
        let seconds = figures.round_trip_seconds;
        // Rounded to whole nanoseconds, so that text, JSON and constants agree.
        let round_trip = Duration::try_from_secs_f64((seconds * 1e9).round() / 1e9)
            .map_err(|_| BadNetwork::RoundTrip { seconds })?;
        Self::new(figures.bits_per_second, round_trip)
    }
}

impl From<NetworkModel> for Figures {
    fn from(model: NetworkModel) -> Self {
        Self {
            bits_per_second: model.bits_per_second,
            round_trip_seconds: model.round_trip.as_secs_f64(),
        }
    }
}

impl fmt::Display for NetworkModel {
    /// The preset's name, or the free form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = Self::PRESETS.iter().find(|(_, model)| model == self) {
            return f.write_str(name);
        }
        let rate = match self.bits_per_second {
            bits if bits >= 1e9 => format!("{}gbit", bits / 1e9),
            bits if bits >= 1e6 => format!("{}mbit", bits / 1e6),
            bits => format!("{}kbit", bits / 1e3),
        };
        write!(f, "{rate},{}ms", self.round_trip.as_nanos() as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NetworkModel, BadNetwork> {
        text.parse()
    }

    #[test]
    fn presets_and_free_forms_are_read() {
        assert_eq!(parse("lan"), Ok(NetworkModel::LAN));
        assert_eq!(parse("1gbit,0.2ms"), Ok(NetworkModel::LAN));
        assert_eq!(parse("10gbit,165us"), Ok(NetworkModel::LAN10));
        assert_eq!(parse("100mbit,0.04s"), Ok(NetworkModel::WAN));
        let slow = parse("56kbit,1.5s").unwrap();
        assert_eq!(
            (slow.bits_per_second(), slow.round_trip()),
            (56e3, Duration::from_millis(1500))
        );
        assert_eq!(parse("2.5gbit,0ms").unwrap().round_trip(), Duration::ZERO);
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for (text, words) in [
            ("", "lan10"),
            ("dsl", "dsl"),
            ("LAN", "lan"),
            ("100mbit", "RATE,DELAY"),
            ("100,40ms", "kbit"),
            ("100mbit,40", "us, ms, s"),
            ("-1mbit,40ms", "rate"),
            ("1e3mbit,40ms", "rate"),
            ("mbit,40ms", "rate"),
            ("infmbit,40ms", "rate"),
            ("nanmbit,40ms", "rate"),
            ("0mbit,40ms", "1 kbit/s"),
            ("9999999gbit,40ms", "1 Tbit/s"),
            ("1mbit,11s", "10 s"),
            ("1mbit,99999999999999999999999s", "10 s"),
            ("1mbit, 4ms", "delay"),
            ("1mbit,4ms,1", "delay"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn text_round_trips() {
        for text in [
            "lan",
            "lan10",
            "wan",
            "50mbit,80ms",
            "1.5gbit,0.01ms",
            "9.6kbit,300ms",
        ] {
            let model = parse(text).unwrap();
            assert_eq!(model.to_string(), text);
            assert_eq!(parse(&model.to_string()), Ok(model));
        }
    }

    #[test]
    fn headers_are_counted_once_a_segment() {
        let model = parse("8mbit,0ms").unwrap();
        for (payload, wire) in [(0, 0), (1, 91), (1448, 1538), (1449, 1629), (14480, 15380)] {
            assert_eq!(
                model.occupies(payload),
                Duration::from_micros(wire),
                "{payload}"
            );
        }
        assert!((NetworkModel::LAN.payload_bytes_per_second() / 117.685e6 - 1.0).abs() < 1e-4);
    }
}
