//! Where this project measured other people's programs, and how captions name such programs.

use super::{Origin, Published, Source};

/// A program of others, measured by us: one thread a party, pinned to a core, over loopback.
#[must_use]
pub const fn program(citation: &'static str) -> Source {
    Source {
        citation,
        hardware: "a two-core AMD EPYC (Zen 5, AVX-512 with VAES, about 4.2 GHz, 24 GB), one thread a party over loopback",
        machine: "Zen 5, a core a party",
        origin: Origin::Remeasured,
    }
}

/// A sentence a machine: whose figures, on what, from which sources. Sources are named once.
#[must_use]
pub fn sources<'a>(figures: impl IntoIterator<Item = &'a Published>) -> String {
    let mut sentences: Vec<(String, Vec<String>)> = Vec::new();
    for Published { place, source, .. } in figures {
        let machine = format!("{} ({})", source.hardware, source.origin.name());
        let name = format!("{} ({place})", source.citation);
        match sentences.iter_mut().find(|(other, _)| *other == machine) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => sentences.push((machine, vec![name])),
        }
    }
    let sentences: Vec<String> = sentences
        .into_iter()
        .map(|(machine, names)| format!("On {machine}: {}.", names.join("; ")))
        .collect();
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{mp2ml, relu};
    use super::*;

    #[test]
    fn machines_and_sources_are_named_once() {
        let figures = [
            mp2ml::RELU_BYTES,
            relu::CHEETAH_BYTES,
            relu::CRYPTFLOW2_BYTES,
            relu::CHEETAH_RATE,
        ];
        let text = sources(&figures);
        for (part, times) in [
            ("8180", 1),
            ("Zen 5", 1),
            ("Cheetah, USENIX", 1),
            ("CCS 2020", 1),
        ] {
            assert_eq!(text.matches(part).count(), times, "{part} in {text}");
        }
        assert!(text.contains("measured by us elsewhere"), "{text}");
    }
}
