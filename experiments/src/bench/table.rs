//! The record of a run as tables for people.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets::UTF8_BORDERS_ONLY};

use super::record::{Beside, Layer, Phases, Record, Time};
use crate::net::Network;

/// All tables of a record.
#[must_use]
pub fn render(record: &Record) -> String {
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
    let tables = [
        figures(record),
        phase_table(&record.phases),
        layer_table(&record.layers, record.images),
    ];
    for table in tables {
        let _ = writeln!(text, "{table}");
    }
    if let Some(ours) = &record.beside {
        let _ = writeln!(text, "{}", beside(record, ours));
    }
    if !record.engine_reason.is_empty() {
        let _ = writeln!(text, "{}", record.engine_reason);
    }
    text
}

/// A table whose columns from `right` on are numbers.
#[must_use]
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, right: usize) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    if !header.is_empty() {
        table.set_header(header.to_vec());
    }
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(right) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn figures(record: &Record) -> Table {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    let Record {
        images, batches, ..
    } = record;
    row(
        "images per second",
        format!("{:.1}", record.images_per_second),
    );
    row(
        "images",
        format!(
            "{images} of {}, batches: {batches}, {:.3} s",
            record.data, record.seconds_total
        ),
    );
    row("network", network(record.network));
    if record.preprocess {
        row(
            "images per second, online",
            format!("{:.1}", record.images_per_second_online),
        );
        row(
            "offline, before the inputs",
            format!(
                "{:.3} s, {} an image",
                record.seconds_offline,
                bytes(record.bytes_offline_per_image.total())
            ),
        );
    }
    row(
        "set-up, once",
        format!(
            "{:.3} s, {}",
            record.seconds_setup,
            bytes(record.bytes_setup.total())
        ),
    );
    row("accuracy, private", percent(record.accuracy));
    row("accuracy, float model", percent(record.plain_accuracy));
    row(
        "agreement with the fixed-point twin",
        percent(record.twin_agreement),
    );
    row(
        "classes that the twin's bound proves",
        percent(record.certified),
    );
    row(
        "agreement with the float model",
        percent(record.float_agreement),
    );
    row(
        "client to server, an image",
        bytes(record.bytes_per_image.client_to_server),
    );
    row(
        "server to client, an image",
        bytes(record.bytes_per_image.server_to_client),
    );
    if let Some(engine) = record.engine {
        row(
            "ReLU by",
            format!("{engine}, garbling by {}", engine.scheme),
        );
    }
    let online = if record.preprocess {
        format!(", {:.1} of them online", record.bytes_per_relu_online)
    } else {
        String::new()
    };
    row(
        "bytes a ReLU",
        format!("{:.1}{online}", record.bytes_per_relu),
    );
    row("AND gates a ReLU", number(record.and_gates_per_relu));
    row("rounds a batch", record.rounds.to_string());
    row("peak memory, client", memory(record.peak_rss_bytes.client));
    row("peak memory, server", memory(record.peak_rss_bytes.server));
    let p = &record.parameters;
    let moduli: Vec<String> = p.ring.moduli.iter().map(ToString::to_string).collect();
    row(
        "parameters",
        format!("N = {}, q = {}", p.ring.degree, moduli.join(" x ")),
    );
    row(
        "security",
        format!(
            "{} bits or more: log2 q = {}, {} allows {}",
            record.security_bits,
            p.log2_modulus,
            p.ring.table.name(),
            p.log2_modulus_allowed
        ),
    );
    let machine = &record.machine;
    row(
        "machine",
        format!(
            "{}, {} cores, {}, threads a process: {}",
            machine.cpu, machine.cores, machine.simd, record.threads
        ),
    );
    table(&[], rows, 2)
}

/// Time by phase and party.
pub(crate) fn phase_table(p: &Phases) -> Table {
    let header = [
        "phase",
        "client computing",
        "waiting",
        "server computing",
        "waiting",
    ];
    let seconds = |time: Time| {
        [
            format!("{:.3} s", time.computing),
            format!("{:.3} s", time.waiting),
        ]
    };
    let rows = [
        ("set-up", p.setup),
        ("offline", p.offline),
        ("online", p.online),
    ]
    .into_iter()
    .map(|(name, phase)| {
        let [a, b] = seconds(phase.client);
        let [c, d] = seconds(phase.server);
        vec![name.to_owned(), a, b, c, d]
    })
    .collect();
    table(&header, rows, 1)
}

/// Both profiles, side by side.
fn beside(record: &Record, ours: &Beside) -> Table {
    let header = [
        "profile",
        "images/s",
        "AND a ReLU",
        "bytes a ReLU",
        "us a ReLU",
        "accuracy",
    ];
    let theirs = Beside::of(record);
    let row = |b: &Beside| {
        let engine = b.engine.map_or_else(String::new, |e| format!(" ({e})"));
        vec![
            format!("{}{engine}", b.profile),
            format!("{:.1}", b.images_per_second),
            number(b.and_gates_per_relu),
            format!("{:.1}", b.bytes_per_relu),
            format!("{:.3}", 1e6 * b.seconds_per_relu),
            percent(b.accuracy),
        ]
    };
    let times = |a: f64, b: f64| format!("{:.1} x", a / b.max(f64::MIN_POSITIVE));
    let ratio = vec![
        "ratio".to_owned(),
        times(ours.images_per_second, theirs.images_per_second),
        if ours.and_gates_per_relu > 0.0 {
            times(theirs.and_gates_per_relu, ours.and_gates_per_relu)
        } else {
            "none left".to_owned()
        },
        times(theirs.bytes_per_relu, ours.bytes_per_relu),
        times(theirs.seconds_per_relu, ours.seconds_per_relu),
        String::new(),
    ];
    table(&header, vec![row(ours), row(&theirs), ratio], 1)
}

/// Time and bytes by layer.
pub(crate) fn layer_table(layers: &[Layer], images: usize) -> Table {
    let header = [
        "layer",
        "kind",
        "client",
        "of it waiting",
        "server",
        "of it waiting",
        "bytes an image",
    ];
    let rows = layers
        .iter()
        .map(|layer| {
            let seconds = |s: f64| format!("{s:.3} s");
            vec![
                layer.name.clone(),
                layer.kind.clone(),
                seconds(layer.seconds_client),
                seconds(layer.seconds_client_waiting),
                seconds(layer.seconds_server),
                seconds(layer.seconds_server_waiting),
                bytes(layer.bytes as f64 / images.max(1) as f64),
            ]
        })
        .collect();
    table(&header, rows, 2)
}

/// A network with its figures.
fn network(network: Network) -> String {
    match network {
        Network::Loopback => "loopback".to_owned(),
        Network::Emulated(model) => format!(
            "emulated: {} Mbit/s each way, {} ms there and back",
            model.bits_per_second() / 1e6,
            model.round_trip().as_nanos() as f64 / 1e6
        ),
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Bytes with a decimal unit.
#[must_use]
pub(crate) fn bytes(count: f64) -> String {
    match count {
        c if c >= 1e9 => format!("{:.2} GB", c / 1e9),
        c if c >= 1e6 => format!("{:.2} MB", c / 1e6),
        c if c >= 1e3 => format!("{:.1} kB", c / 1e3),
        c => format!("{c:.0} B"),
    }
}

fn memory(peak: Option<u64>) -> String {
    peak.map_or_else(|| "unknown".to_owned(), |count| bytes(count as f64))
}
