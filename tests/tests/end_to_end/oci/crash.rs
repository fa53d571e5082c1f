//! The server killed while it is pushed to, and started again on what it stored.

use std::{
    collections::BTreeMap,
    env,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use larder_shared::oci::digest::ContentDigest;
use larder_tests::{
    difference::expect_same_bytes,
    http::Client,
    larder::Larder,
    oci::Repository,
    package::{MadeUp, noise},
    wait,
};

use super::{expect_whole, hash_of};

/// How often the server is killed, unless the environment variable `LARDER_CRASHES` says so.
const CRASHES: usize = 6;

/// How many push at once. The last of them pushes one package again and again, each time with
/// another tarball.
const WRITERS: usize = 4;

fn crashes() -> usize {
    env::var("LARDER_CRASHES").map_or(CRASHES, |text| text.parse().unwrap())
}

/// A number below `end`, another one each time.
fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

/// What the writers share.
struct Writers {
    /// Where the server is now.
    server: Mutex<Client>,
    /// How many pushes were accepted.
    count: AtomicUsize,
    /// The tarball of each package that was accepted, by its tag.
    accepted: Mutex<BTreeMap<String, MadeUp>>,
    is_over: AtomicBool,
}

impl Writers {
    /// Pushes until it is over, each package until it is accepted.
    fn write(&self, writer: usize) {
        let mut number = 0;
        while !self.is_over.load(SeqCst) {
            number += 1;
            let package = match writer + 1 {
                WRITERS => MadeUp::new("rebuilt", "1.0").with_tarball(noise(number, 3_000)),
                _ => MadeUp::new(&format!("from-{writer}"), &format!("1.{number}")),
            };
            wait::until("a package is accepted", || {
                let server = self.server.lock().unwrap().clone();
                Repository::new(&server, "m").push_as_spack(&package).ok()
            });
            self.count.fetch_add(1, SeqCst);
            self.accepted.lock().unwrap().insert(package.tag(), package);
        }
    }
}

/// Ends the writers, also when what kills the server fails.
struct End<'a>(&'a Writers);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, SeqCst);
    }
}

#[test]
fn no_crash_loses_a_package_or_leaves_half_of_one() {
    let mut larder = Larder::start();
    let writers = Writers {
        server: Mutex::new(Client::clone(&larder)),
        count: AtomicUsize::new(0),
        accepted: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let writers = &writers;
            scope.spawn(move || writers.write(writer));
        }
        let _end = End(&writers);
        for _ in 0..crashes() {
            let pushes = writers.count.load(SeqCst) + usize::try_from(random(8)).unwrap();
            wait::until("some more pushes are accepted", || (writers.count.load(SeqCst) >= pushes).then_some(()));
            // Anywhere in the pushes under way.
            thread::sleep(Duration::from_micros(random(40_000)));
            larder.kill_and_restart();
            *writers.server.lock().unwrap() = Client::clone(&larder);
        }
    });
    let accepted = writers.accepted.into_inner().unwrap();
    let held = expect_whole(&larder, "m");
    println!("{} crashes, {} pushes, {} packages", crashes(), writers.count.into_inner(), held.len());
    for (tag, package) in &accepted {
        let held = held.get(&hash_of(package)).unwrap_or_else(|| panic!("{tag} was accepted and is lost"));
        expect_same_bytes(tag, &held.tarball, &package.tarball);
    }
    // Each push was repeated until it was accepted, so that there is nothing else.
    assert_eq!(held.len(), accepted.len());
}

#[test]
fn an_upload_goes_on_after_a_crash() {
    let mut larder = Larder::start();
    let bytes = noise(1, 60_000);
    let digest = ContentDigest::of(&bytes);
    let location = larder.repository("m").begin();
    larder.repository("m").patch(&location, 0, &bytes[..20_000]).expect(202);
    larder.kill_and_restart();
    let repository = larder.repository("m");
    let status = repository.ask_at("GET", &location).send().expect(204);
    assert_eq!(status.expect_header("range"), "0-19999");
    repository.patch(&location, 20_000, &bytes[20_000..40_000]).expect(202);
    larder.kill_and_restart();
    let repository = larder.repository("m");
    // A client that saw no answer asks, or finds out this way.
    let refused = repository.patch(&location, 20_000, &bytes[20_000..40_000]).expect(416);
    assert_eq!(refused.expect_header("range"), "0-39999");
    repository.finish(&location, &digest, &bytes[40_000..]).expect(201);
    larder.kill_and_restart();
    let blob = larder.repository("m").get(&format!("blobs/{digest}")).send().expect(200);
    expect_same_bytes("the blob", &blob.body, &bytes);
}
