//! Hostile bytes, wrong sizes, shapes out of range.

use super::*;

#[test]
fn hostile_bytes_and_wrong_sizes_are_refused() {
    let spec = spec(30, 48, 400, PackingChoice::Auto);
    let matrix = matrix(&spec);
    // Residues of all ones, in both packings; the client refuses what cannot be sent.
    run(
        &spec,
        |server, ch| {
            for rows in [1, 4096] {
                let error = server
                    .apply(ch, "x", &matrix, rows)
                    .unwrap_err()
                    .to_string();
                assert!(error.contains("1073692673"), "{error}");
            }
            for rows in [0, MAX_ROWS + 1] {
                assert!(matches!(
                    server.apply(ch, "x", &matrix, rows),
                    Err(Error::Range { what: "rows", .. })
                ));
            }
            let mut other = spec;
            other.coefficient_bits = 30;
            let other = super::matrix(&other);
            assert!(matches!(
                server.apply(ch, "x", &other, 1),
                Err(Error::Disagree {
                    what: "coefficient bits",
                    here: 31,
                    there: 30
                })
            ));
            // A ciphertext that ends early: the client's end closes.
            assert!(matches!(
                server.apply(ch, "x", &matrix, 1),
                Err(Error::Mpc(_))
            ));
        },
        |client, ch| {
            assert!(client.send(ch, "x", &[1; 47], 1).is_err());
            assert!(client.send(ch, "x", &[], 0).is_err());
            let mut x = vec![255; 96];
            x[50] = 256;
            assert!(matches!(
                client.send(ch, "x", &x, 2),
                Err(Error::Input {
                    row: 1,
                    input: 2,
                    value: 256,
                    bound: 255
                })
            ));
            assert!(matches!(
                client.receive(ch, "x", 4097),
                Err(Error::Range { value: 4097, .. })
            ));
            for bytes in [3 * 15_360, 3 * 15_360, 100] {
                ch.send(&vec![0xff; bytes]).unwrap();
            }
            ch.flush().unwrap();
            *ch = Channel::pair().0;
        },
    );
    // An answer whose padding is not zero: 85 values of 31 bits.
    let odd = super::spec(29, 48, 400, PackingChoice::Auto);
    run(
        &odd,
        |_, ch| {
            ch.recv_vec(46_080, 1 << 20).unwrap();
            ch.send(&vec![0xff; 1 << 17]).unwrap();
            ch.flush().unwrap();
        },
        |client, ch| {
            client.send(ch, "x", &[0; 48], 1).unwrap();
            let error = client.receive(ch, "x", 1).unwrap_err().to_string();
            assert!(error.contains("padding"), "{error}");
        },
    );
    // Another shape at the other party, and a key whose residues are too large.
    let (mut a, mut b) = Channel::pair();
    let mut other = spec;
    other.share_bits = 31;
    client(&mut b, &other);
    assert!(matches!(
        server(&mut a, &spec),
        Err(Error::Disagree {
            what: "share bits",
            here: 30,
            there: 31
        })
    ));
    let (mut a, mut b) = Channel::pair();
    b.send(&spec_bytes(&spec)).unwrap();
    b.send(&vec![0xff; 32 + 46_080]).unwrap();
    b.flush().unwrap();
    assert!(
        server(&mut a, &spec)
            .unwrap_err()
            .to_string()
            .contains("1073692673")
    );
}

#[test]
fn shapes_out_of_range_are_refused_with_their_numbers() {
    let good = spec(42, 4096, 1 << 20, PackingChoice::Auto);
    good.check().unwrap();
    let context = good.context().unwrap();
    assert!(good.noise(&context).unwrap() < 1.0);
    let change = |f: fn(&mut ExactSpec)| {
        let mut spec = good;
        f(&mut spec);
        spec.check().unwrap_err().to_string()
    };
    assert!(change(|s| s.share_bits = 45).contains("share bits: 45"));
    assert!(change(|s| s.inputs = 0).contains("inputs: 0"));
    assert!(change(|s| s.outputs = 0).contains("outputs: 0"));
    assert!(change(|s| s.coefficient_bits = 32).contains("coefficient bits: 32"));
    assert!(change(|s| s.input_bound = 0).contains("input bound: 0"));
    assert!(change(|s| s.input_bound = u32::MAX).contains("input bound: 4294967295"));
    assert!(change(|s| s.inputs = 65_536).contains("quarters"));
    let small = spec(30, 2, 2, PackingChoice::Auto);
    assert!(ExactMatrix::new(&small, &[1, 2, 3], &[0, 0]).is_err());
    assert!(ExactMatrix::new(&small, &[1, 2, 3, 4], &[0]).is_err());
    assert!(matches!(
        ExactMatrix::new(&small, &[1, 2, 3, 1 << 31], &[0, 0]),
        Err(Error::Coefficient {
            output: 1,
            input: 1,
            bits: 31
        })
    ));
    let matrix = ExactMatrix::new(&small, &[1, -2, 3, 4], &[5, -6]).unwrap();
    assert_eq!(matrix.plain(&[10, 100]).unwrap(), [-185, 424]);
    assert!(matrix.plain(&[1]).is_err());
}
