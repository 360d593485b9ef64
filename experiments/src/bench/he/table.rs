//! The record of a run on ciphertexts alone as tables for people.

use std::fmt::Write;

use super::Record;
use crate::bench::table::{bytes, layer_table, phase_table, table};

/// All tables of a record.
pub(super) fn render(record: &Record) -> String {
    let mut text = String::new();
    if let Some(note) = &record.data_note {
        let _ = writeln!(text, "Note: {note}");
    }
    if record.deterministic {
        text.push_str(
            "Note: built for tests (feature test-seed): NOTHING IN THIS RUN WAS PRIVATE\n",
        );
    }
    if record.debug_assertions {
        text.push_str("Note: a build with debug assertions: not one to measure (use --release)\n");
    }
    let _ = writeln!(text, "{}", table(&[], figures(record), 2));
    let _ = writeln!(text, "{}", phase_table(&record.phases));
    let _ = writeln!(text, "{}", layer_table(&record.layers, record.images));
    text
}

fn figures(record: &Record) -> Vec<Vec<String>> {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let p = &record.parameters;
    let bits = |moduli: &[u64]| {
        let bits = moduli.iter().map(|q| (q.ilog2() + 1).to_string());
        bits.collect::<Vec<_>>().join(" + ")
    };
    let scales: Vec<String> = p.log2_scales.iter().map(|s| format!("2^{s:.1}")).collect();
    let slowest = record.seconds_batches.iter().fold(0.0f64, |m, s| m.max(*s));
    let machine = &record.machine;
    [
        (
            "images per second",
            format!("{:.1}", record.images_per_second),
        ),
        (
            "images",
            format!(
                "{} of {}, batches: {}, {:.3} s",
                record.images, record.data, record.batches, record.seconds_total
            ),
        ),
        ("latency of a batch", format!("{slowest:.3} s")),
        ("packing", format!("{:?}", record.packing).to_lowercase()),
        (
            "set-up, once",
            format!(
                "{:.3} s, {}",
                record.seconds_setup,
                bytes(record.bytes_setup.total())
            ),
        ),
        ("accuracy, private", percent(record.accuracy)),
        ("accuracy, float model", percent(record.plain_accuracy)),
        (
            "agreement with the integer twin",
            percent(record.twin_agreement),
        ),
        (
            "classes that the twin's bound calls certain",
            percent(record.certified),
        ),
        (
            "agreement with the float model",
            percent(record.float_agreement),
        ),
        (
            "client to server, an image",
            bytes(record.bytes_per_image.client_to_server),
        ),
        (
            "server to client, an image",
            bytes(record.bytes_per_image.server_to_client),
        ),
        (
            "peak memory, both parties",
            record
                .peak_rss_bytes
                .map_or_else(|| "unknown".into(), |count| bytes(count as f64)),
        ),
        (
            "parameters",
            format!(
                "N = {}, primes of {} bits, special {}",
                p.ring.degree,
                bits(&p.ring.data_moduli),
                bits(&p.ring.special_moduli)
            ),
        ),
        (
            "scales",
            format!(
                "pixels 2^{:.1}, after each linear layer {}",
                p.input_scale.log2(),
                scales.join(", ")
            ),
        ),
        (
            "noise",
            format!(
                "pixels {:.4}, scores {:.4} (flooding by 2^{})",
                p.input_noise, p.flood, p.flood_bits
            ),
        ),
        (
            "security",
            format!(
                "{} bits or more: log2 QP = {:.1}, {} allows {}",
                record.security_bits,
                p.log2_modulus,
                p.ring.table.name(),
                p.log2_modulus_allowed
            ),
        ),
        (
            "machine",
            format!(
                "{}, {} cores, {}, threads a party: {}",
                machine.cpu, machine.cores, machine.simd, record.threads
            ),
        ),
    ]
    .map(|(name, value)| vec![name.to_owned(), value])
    .to_vec()
}
