//! Several writers at once: nobody loses what another pushed, and of one tag one push wins whole.

use std::{env, sync::Barrier, thread};

use larder_shared::api::Mirror;
use larder_tests::{
    larder::Larder,
    package::{MadeUp, noise},
};

use super::{expect_indexes_agree, expect_whole, hash_of};

#[test]
fn what_eight_writers_push_at_once_is_all_there() {
    const WRITERS: usize = 8;
    // How many each of them pushes, unless the environment variable `LARDER_PUSHES` says so.
    let packages = env::var("LARDER_PUSHES").map_or(20, |text| text.parse().unwrap());
    let larder = Larder::start();
    let package = |writer: usize, number: usize| MadeUp::new(&format!("from-{writer}"), &format!("1.{number}"));
    let barrier = Barrier::new(WRITERS);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (larder, barrier) = (&larder, &barrier);
            scope.spawn(move || {
                for number in 0..packages {
                    // All begin each of their packages together.
                    barrier.wait();
                    larder.repository("m").push_package(&package(writer, number));
                }
            });
        }
    });
    let pushed: Vec<_> =
        (0..WRITERS).flat_map(|writer| (0..packages).map(move |number| package(writer, number))).collect();
    let named = expect_indexes_agree(&larder, "m");
    let tags = larder.repository("m").tags();
    let lost: Vec<_> = pushed.iter().filter(|package| !named.contains(&hash_of(package))).collect();
    assert!(lost.is_empty(), "{} of {} are in no index: {lost:?}", lost.len(), pushed.len());
    assert_eq!((named.len(), tags.len()), (pushed.len(), pushed.len()));
    assert!(pushed.iter().all(|package| tags.contains(&package.tag())));
    let mirror: Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.packages), (pushed.len() as u64, WRITERS as u64));
    assert_eq!(mirror.bytes, pushed.iter().map(|package| package.tarball.len() as u64).sum::<u64>());
    for package in pushed.iter().step_by(packages - 1) {
        assert_eq!(larder.repository("m").pull(&package.tag()), package.image());
    }
}

#[test]
fn of_four_pushes_of_one_tag_at_once_one_wins_whole() {
    const WRITERS: usize = 4;
    const ROUNDS: usize = 8;
    let larder = Larder::start();
    let built = |round: usize, writer: usize| {
        let tarball = noise((round * WRITERS + writer) as u64 * 2 + 1, 1_000 + writer);
        MadeUp::new("zlib", &format!("1.{round}")).with_tarball(tarball)
    };
    for round in 0..ROUNDS {
        let barrier = Barrier::new(WRITERS);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (larder, barrier) = (&larder, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    larder.repository("m").push_package(&built(round, writer));
                });
            }
        });
    }
    let held = expect_whole(&larder, "m");
    assert_eq!(held.len(), ROUNDS);
    let mut bytes = 0;
    for round in 0..ROUNDS {
        let package = built(round, 0);
        let tarball = &held[&hash_of(&package)].tarball;
        let winner = (0..WRITERS).map(|writer| built(round, writer)).find(|built| built.tarball == *tarball);
        let winner = winner.unwrap_or_else(|| panic!("nobody pushed this tarball of {}", package.tag()));
        assert_eq!(larder.repository("m").pull(&package.tag()), winner.image(), "{}", package.tag());
        bytes += tarball.len() as u64;
    }
    let mirror: Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.bytes), (ROUNDS as u64, bytes));
}
