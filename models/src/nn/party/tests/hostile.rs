//! Strangers, plans and batches that must be refused.

use super::*;
use crate::Error;
use crate::hello::PublicPlan;
use crate::nn::plan::{Activation, PROTOCOL_VERSION, Plan};
use std::time::Duration;

/// Connects a real client or server to a peer that does as `peer` says; returns the error.
fn against_client(peer: impl FnOnce(&mut Channel) + Send) -> Error {
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        s.spawn(move || peer(&mut a));
        let random = Randomness::from_seed([1; 32]);
        Client::connect(&mut b, None, random, Kernels::detect())
            .err()
            .expect("must be refused")
    })
}

fn against_server(peer: impl FnOnce(&mut Channel) + Send) -> Error {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        s.spawn(move || peer(&mut a));
        server
            .accept(&mut b, Randomness::from_seed([1; 32]))
            .err()
            .expect("must be refused")
    })
}

/// A hello with the given version, role byte and plan length.
fn hello(version: u32, role: u8, plan_bytes: u32) -> Vec<u8> {
    let mut bytes = b"HALFMASK".to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&[role, 0, 0, 0]);
    bytes.resize(80, 7);
    bytes.extend_from_slice(&plan_bytes.to_le_bytes());
    bytes.resize(HELLO_BYTES, 0);
    bytes
}

#[test]
fn strangers_are_refused() {
    let cases: [(&[u8], &str); 6] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HT"),
        (&hello(PROTOCOL_VERSION + 1, 1, 10), "version 3"),
        (&hello(1, 1, 10), "version 1"),
        (&hello(PROTOCOL_VERSION, 2, 10), "not a server"),
        (&hello(PROTOCOL_VERSION, 1, u32::MAX), "4294967295 bytes"),
        (b"HALFMA", "closed"),
    ];
    for (bytes, want) in cases {
        let err = against_client(|ch| {
            // A server answers: it reads first.
            ch.recv(&mut [0; HELLO_BYTES]).unwrap();
            ch.send(bytes).unwrap();
            ch.flush().unwrap();
        });
        assert!(err.to_string().contains(want), "{err}");
    }
    let err = against_server(|ch| {
        ch.send(&hello(PROTOCOL_VERSION, 2, 0)).unwrap();
        // The server still says who it is, so that this side can tell what does not match.
        ch.recv(&mut [0; HELLO_BYTES]).unwrap();
    });
    assert!(
        err.to_string()
            .contains("the client expects parameters 0707"),
        "{err}"
    );
    let err = against_server(|ch| {
        ch.send(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        ch.flush().unwrap();
    });
    assert!(err.to_string().contains("GET / HT"), "{err}");
    let err = against_server(|ch| {
        ch.send(&hello(PROTOCOL_VERSION + 1, 2, 0)).unwrap();
        ch.recv(&mut [0; HELLO_BYTES]).unwrap();
    });
    assert!(err.to_string().contains("version 3"), "{err}");
}

#[test]
fn a_pinned_plan_must_match() {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        let server = s.spawn(|| {
            server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .err()
                .unwrap()
        });
        let random = Randomness::from_seed([1; 32]);
        let err = Client::connect(&mut b, Some([5; 32]), random, Kernels::detect())
            .err()
            .unwrap();
        assert!(err.to_string().contains("expects plan 0505"), "{err}");
        assert!(
            server
                .join()
                .unwrap()
                .to_string()
                .contains("expects plan 0505")
        );
    });
}

#[test]
fn bad_plans_are_refused() {
    let good = plan(&network(), &PlanOptions::default()).unwrap().plan;
    assert_eq!(Plan::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
    let refuse = |edit: &dyn Fn(&mut Plan), want: &str| {
        let mut bad = good.clone();
        edit(&mut bad);
        let err = Plan::from_bytes(&bad.to_bytes().unwrap())
            .unwrap_err()
            .to_string();
        assert!(err.contains(want), "{err}");
    };
    refuse(&|p| p.version = 9, "version 9");
    refuse(&|p| p.stages.clear(), "no layers");
    refuse(&|p| p.stages[1].inputs = 3, "fc1: 3 inputs of 18");
    refuse(&|p| p.stages[1].outputs = u32::MAX, "values a batch");
    refuse(&|p| p.input.levels = 0, "levels");
    refuse(&|p| p.input.max = -1.0, "levels");
    refuse(&|p| p.input.shape = [u32::MAX, 2, 2], "input shape");
    refuse(&|p| p.stages[0].share_bits = 40, "share bits");
    refuse(&|p| p.stages[2].share_bits = 40, "argmax");
    refuse(&|p| p.stages.truncate(2), "must end in a class");
    refuse(&|p| p.ring.degree = 1024, "1024");
    // A server cannot talk a client into a ring without security.
    refuse(&|p| p.ring.degree = 32, "32");
    refuse(&|p| p.ring.modulus = 998_244_352, "998244352");
    refuse(&|p| p.model = "a\nb".into(), "unprintable");
    refuse(&|p| p.stages[0].name = "\u{1b}[31m".into(), "unprintable");
    refuse(&|p| p.stages[0].outputs = 1 << 19, "values a batch");
    let relu = |p: &mut Plan, f: &dyn Fn(&mut u32, &mut u32)| match &mut p.stages[0].then {
        Activation::Relu {
            multiplier,
            segment,
            ..
        } => f(multiplier, segment),
        _ => panic!("the first stage is a ReLU"),
    };
    refuse(&|p| relu(p, &|m, _| *m = 3), "power of two");
    refuse(&|p| relu(p, &|_, s| *s = 1 << 21), "segment");
    let json = String::from_utf8(good.to_bytes().unwrap()).unwrap();
    let smuggled = json.replace("\"degree\"", "\"allow_insecure\":true,\"degree\"");
    assert!(
        Plan::from_bytes(smuggled.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("allow_insecure")
    );
    // Floats survive the wire.
    let mut odd = good.clone();
    odd.input.max = 9.731_894_477_089_647;
    assert_eq!(
        Plan::from_bytes(&odd.to_bytes().unwrap())
            .unwrap()
            .to_bytes()
            .unwrap(),
        odd.to_bytes().unwrap()
    );
    assert!(Plan::from_bytes(b"{}").is_err() && Plan::from_bytes(b"\xff").is_err());
}

#[test]
fn impossible_batches_are_refused() {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let (mut a, mut b) = Channel::pair_with(1 << 24, Duration::from_secs(5));
    std::thread::scope(|s| {
        let handle = s.spawn(|| {
            let mut connection = server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .unwrap();
            connection.serve_batch(&mut a).unwrap_err()
        });
        let random = Randomness::from_seed([2; 32]);
        let mut client = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
        assert!(client.classify(&mut b, &[]).is_err());
        assert!(
            client
                .classify(&mut b, &[&[1, 2, 3]])
                .unwrap_err()
                .to_string()
                .contains("3 values")
        );
        b.send_u32(2).unwrap();
        b.send_u32(5000).unwrap();
        b.flush().unwrap();
        assert!(handle.join().unwrap().to_string().contains("5000 images"));
    });
}

#[test]
fn networks_of_another_shape_are_refused() {
    let refuse = |edit: &dyn Fn(&mut Network), want: &str| {
        let mut bad = network();
        edit(&mut bad);
        let err = plan(&bad, &PlanOptions::default()).unwrap_err().to_string();
        assert!(err.contains(want), "{err}");
    };
    refuse(&|n| drop(n.layers.pop()), "must end in a linear layer");
    refuse(&|n| drop(n.layers.remove(1)), "without an activation");
    refuse(
        &|n| {
            n.layers.insert(
                0,
                Layer::Relu {
                    name: "first".into(),
                },
            )
        },
        "does not follow a linear layer",
    );
}
