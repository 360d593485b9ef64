//! What shares look like, and what a seed makes of a whole call.

use super::*;

/// Chi square of the top six bits: 63 degrees of freedom.
fn chi_square(values: &[u64], bits: u32) -> f64 {
    let mut cells = [0f64; 64];
    for value in values {
        cells[(value >> (bits - 6)) as usize] += 1.0;
    }
    let expected = values.len() as f64 / 64.0;
    cells
        .iter()
        .map(|c| (c - expected).powi(2) / expected)
        .sum()
}

#[test]
fn shares_are_uniform_and_fresh() {
    for packing in [PackingChoice::Coefficient, PackingChoice::Batch] {
        let spec = spec(30, 4, 60, packing);
        let (rows, zeros) = (40, vec![0; 40 * 4]);
        let matrix = ExactMatrix::new(&spec, &[0; 240], &[0; 60]).unwrap();
        let twice = run(
            &spec,
            |server, ch| [(), ()].map(|()| server.apply(ch, "x", &matrix, rows).unwrap()),
            |client, ch| {
                [(), ()].map(|()| {
                    client.send(ch, "x", &zeros, rows).unwrap();
                    client.receive(ch, "x", rows).unwrap()
                })
            },
        );
        for [first, second] in [&twice.0, &twice.1] {
            for share in [first, second] {
                let (top, low) = (
                    chi_square(share, 32),
                    share.iter().map(|s| s & 63).collect::<Vec<_>>(),
                );
                assert!(
                    top < 120.0 && chi_square(&low, 6) < 120.0,
                    "{packing:?}: {top}"
                );
            }
            assert!(first.iter().zip(second).all(|(a, b)| a != b));
        }
    }
}

/// FNV-1a over 64 bits.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn a_seeded_transcript_is_known_and_does_not_depend_on_threads() {
    for (packing, rows, want) in [
        (
            PackingChoice::Coefficient,
            2,
            [
                0x5b9f_fd42_16c5_5715,
                0xf5b1_7144_50f3_9381,
                0x802a_52a9_b4cd_0625,
            ],
        ),
        (
            PackingChoice::Batch,
            9,
            [
                0x2265_bded_65e1_63a2,
                0x63eb_15d2_7f4e_7a98,
                0x9f96_03ac_7d21_b875,
            ],
        ),
    ] {
        let spec = spec(30, 12, 1000, packing);
        let (matrix, x) = (matrix(&spec), inputs(&spec, rows));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let digests = pool.install(|| {
                // Everything in one thread, relayed from channel to channel.
                let (mut a, mut to_server) =
                    Channel::pair_with(1 << 26, std::time::Duration::from_secs(60));
                let (mut b, mut to_client) =
                    Channel::pair_with(1 << 26, std::time::Duration::from_secs(60));
                let relay = |from: &mut Channel, to: &mut Channel, length: u64| {
                    let bytes = from.recv_vec(length, 1 << 26).unwrap();
                    to.send(&bytes).unwrap();
                    to.flush().unwrap();
                    digest(&bytes)
                };
                let sent = |ch: &mut Channel| ch.take_meter().total().bytes_sent;
                let mut client = client(&mut b, &spec);
                let key = relay(&mut to_client, &mut to_server, sent(&mut b));
                let mut server = server(&mut a, &spec).unwrap();
                client.send(&mut b, "x", &x, rows).unwrap();
                let up = relay(&mut to_client, &mut to_server, sent(&mut b));
                server.apply(&mut a, "x", &matrix, rows).unwrap();
                let down = relay(&mut to_server, &mut to_client, sent(&mut a));
                client.receive(&mut b, "x", rows).unwrap();
                [key, up, down]
            });
            assert_eq!(
                digests, want,
                "{packing:?}, {threads} threads: {digests:#x?}"
            );
        }
    }
}
