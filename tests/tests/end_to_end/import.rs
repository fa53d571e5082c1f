//! `larder import`, and what Larder answers to the clients of `spack-package-action`.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
};

use larder_shared::{
    action_cache::{Dates, Manifest},
    digest::Digest,
    oci::manifest::IMAGE,
};
use larder_tests::{
    fixtures::{fixture, hello, write},
    http::Client,
    larder::Larder,
    nginx::Site,
    oci::descriptor,
    package::{MadeUp, noise},
    program,
    spack::{Folder, read_v2, read_v3},
    wait,
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn import(larder: &Larder, from: &str, mirror: &str, options: &[&str]) -> Output {
    let url = format!("http://{}/mirrors/{mirror}", larder.address());
    program::run(program::command().args(["import", from, &url, "--first-pause-ms", "10"]).args(options))
}

/// Imports what must be imported; what was said.
fn expect_import(larder: &Larder, from: &str, mirror: &str, options: &[&str]) -> String {
    let output = import(larder, from, mirror, options);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{}: {said}", output.status);
    said
}

#[test]
fn a_static_mirror_of_either_layout_is_imported_once() {
    let larder = Larder::start();
    let (v2, v3) = (Site::of(&fixture("mirror-v2-unsigned")), Site::of(&fixture("mirror-v2")));
    expect_import(&larder, &v2.url(), "v2", &[]);
    let of_folder = read_v2(&Folder(fixture("mirror-v2-unsigned")));
    assert_eq!(read_v2(&larder.mirror("v2")), of_folder);
    let again = expect_import(&larder, &v2.url(), "v2", &[]);
    assert!(again.contains("0 fetched, 18 there already, 0 failed"), "{again}");
    let tarballs = v2.requests().into_iter().filter(|request| request.path.ends_with(".spack")).count();
    assert_eq!(tarballs, 18, "a tarball that is there is not fetched again");

    expect_import(&larder, &v3.url(), "signed", &[]);
    assert_eq!(read_v2(&larder.mirror("signed")), read_v2(&Folder(fixture("mirror-v2"))));
    // A Larder is a static mirror too, in both layouts.
    let from = format!("http://{}/mirrors/v2", larder.address());
    expect_import(&larder, &from, "copy", &[]);
    assert_eq!(read_v3(&larder.mirror("copy")).len(), 18);
}

#[test]
fn a_package_in_both_layouts_is_imported_once() {
    let larder = Larder::start();
    for (mirror, is_signed) in [("mirror-v2", true), ("mirror-v2-unsigned", false)] {
        larder.push(&fixture(mirror), mirror);
        let site = TempDir::new().unwrap();
        let from = format!("http://{}/mirrors/{mirror}", larder.address());
        let export = ["export", &from, &site.path().display().to_string(), "--without-dashboard"];
        let exported = program::run(program::command().args(export));
        assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        let site = Site::of(&site.path().join("mirrors").join(mirror));
        let (copy, number) = (format!("copy-of-{mirror}"), read_v2(&larder.mirror(mirror)).len());
        let said = expect_import(&larder, &site.url(), &copy, &[]);
        assert!(said.contains(&format!("{number} fetched, 0 there already, 0 failed")), "{said}");
        assert_eq!(read_v2(&larder.mirror(&copy)), read_v2(&larder.mirror(mirror)));
        assert_eq!(read_v3(&larder.mirror(&copy)), read_v3(&larder.mirror(mirror)));
        assert!(read_v2(&larder.mirror(&copy)).values().all(|package| package.signed == is_signed));
        let asked: Vec<_> = site.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(asked.iter().filter(|path| path.ends_with(".spack")).count(), 0, "{asked:?}");
        let blobs: Vec<_> = asked.iter().filter(|path| path.contains("/blobs/")).collect();
        let distinct: std::collections::BTreeSet<_> = blobs.iter().collect();
        assert_eq!(blobs.len(), distinct.len(), "each blob is fetched once");
        let again = expect_import(&larder, &site.url(), &copy, &[]);
        assert!(again.contains(&format!("0 fetched, {number} there already, 0 failed")), "{again}");
    }
}

#[test]
fn what_cannot_be_imported_is_said() {
    let larder = Larder::start();
    let site = Site::empty();
    for (from, status, said) in [
        ("ftp://example.org", 2, "neither https://"),
        (&site.url(), 2, "is no site to import"),
        ("http://127.0.0.1:1/cache", 2, "cannot be listed"),
    ] {
        let output = import(&larder, from, "m", &[]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{from}: {text}");
        assert!(text.contains(said), "{from}: {text}");
    }
    // A tarball that was changed is not taken, the others are.
    let site = Site::of(&fixture("mirror-v2-unsigned"));
    let held = read_v2(&Folder(site.root()));
    let changed = held.values().next().unwrap();
    write(&site.root().join(&changed.tarball_path), b"other bytes");
    let output = import(&larder, &site.url(), "m", &[]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not the one that its spec file names"), "{text}");
    assert_eq!(read_v2(&larder.mirror("m")).len(), 17);
}

/// A registry of the CNCF's distribution, as everybody may pull from.
struct Registry {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Registry {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: '{}' }} }}\n\
             http: {{ addr: '127.0.0.1:{port}', relativeurls: true, secret: none }}\n",
            folder.path().display()
        );
        let file = folder.path().join("config.yml");
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(file).env("OTEL_TRACES_EXPORTER", "none");
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait::until("docker-registry listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { process, port, _folder: folder }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Pushes an archive as ORAS did: as the only layer, with an empty configuration.
    fn push_archive(&self, repository: &str, archive: &[u8]) {
        let client = Client::new(&self.url());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": descriptor("application/vnd.spack.package", b""),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", archive)],
        });
        for blob in [b"", archive] {
            let begun = client.post(&format!("/v2/{repository}/blobs/uploads/"), "").send().expect(202);
            let digest = format!("sha256%3A{}", Digest::of(blob));
            let place = format!("{}&digest={digest}", begun.expect_header("location"));
            client.put(&place, blob).header("Content-Type", "application/octet-stream").send().expect(201);
        }
        let put = client.put(&format!("/v2/{repository}/manifests/latest"), manifest.to_string().as_bytes());
        put.header("Content-Type", IMAGE).send().expect(201);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A package as Spack 0.17 made it: an archive around the tarball, and a spec whose edges name full hashes.
struct Old {
    package: MadeUp,
    needs: Vec<&'static str>,
}

impl Old {
    fn stem(&self) -> String {
        let path = self.package.spec_path();
        path.strip_prefix("build_cache/").and_then(|path| path.strip_suffix(".spec.json")).unwrap().to_owned()
    }

    fn node(package: &MadeUp, needs: &[&str]) -> Value {
        let mut node = package.node();
        node["full_hash"] = larder_tests::package::hash_of(&format!("full {}", package.name)).into();
        node["dependencies"] = needs
            .iter()
            .map(|name| json!({ "name": name, "full_hash": larder_tests::package::hash_of(&format!("full {name}")), "type": ["build", "link"] }))
            .collect();
        node
    }

    fn spec_file(&self) -> Vec<u8> {
        let mut nodes = vec![Self::node(&self.package, &self.needs)];
        nodes.extend(self.needs.iter().map(|name| Self::node(&MadeUp::new(name, "1.0"), &[])));
        let checksum = Digest::of(&self.package.tarball).to_string();
        let document = json!({
            "spec": { "_meta": { "version": 2 }, "nodes": nodes },
            "binary_cache_checksum": { "hash_algorithm": "sha256", "hash": checksum },
            "buildinfo": { "relative_prefix": "linux/x", "relative_rpaths": true },
        });
        serde_json::to_vec(&document).unwrap()
    }

    /// The archive: not compressed, its files in any order.
    fn archive(&self) -> Vec<u8> {
        let stem = self.stem();
        let files = [
            (format!("{stem}.spec.json"), self.spec_file()),
            (format!("{stem}.tar.gz"), self.package.tarball.clone()),
            (format!("{stem}.spec.json.asc"), b"a signature".to_vec()),
        ];
        let mut archive = Vec::new();
        for (name, bytes) in files {
            let mut header = [0; 512];
            header[..name.len().min(100)].copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
            header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
            header[156] = b'0';
            header[257..263].copy_from_slice(b"ustar\0");
            archive.extend_from_slice(&header);
            archive.extend_from_slice(&bytes);
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
        archive.resize(archive.len() + 1024, 0);
        archive
    }
}

/// The months of the packages of [`old_site`].
const MONTHS: [&str; 3] = ["21.11", "21.11", "21.12"];

/// Three packages of two months. Each entry of the list names the spec file of the next package, as such sites do.
fn old_site(site: &Site, registry: &Registry) -> Vec<Old> {
    let made = |name: &str, seed| MadeUp::new(name, "1.0").with_tarball(noise(seed, 30_000));
    let packages = vec![
        Old { package: made("zlib", 1), needs: vec![] },
        Old { package: made("libpng", 2), needs: vec!["zlib"] },
        Old { package: made("hdf5", 3), needs: vec!["zlib"] },
    ];
    let mut entries = Vec::new();
    for (index, (old, month)) in packages.iter().zip(MONTHS).enumerate() {
        let stem = old.stem();
        write(&site.root().join(format!("_cache/{month}/build_cache/{stem}.spec.json")), &old.spec_file());
        let repository = format!("org/repo/{month}/build_cache/{stem}.spack");
        registry.push_archive(&repository, &old.archive());
        let next = packages[(index + 1) % packages.len()].stem();
        entries.push(json!({
            "name": format!("{stem}.spack:latest"),
            "spec": format!("{}/_cache/{month}/build_cache/{next}.spec.json", site.url()),
            "url": format!("ghcr.io/{repository}:latest"),
            "html_url": "",
        }));
    }
    let keys = json!([format!("{}/cache/{}.pub", site.url(), hello::SIGNER)]);
    let dates = json!({ "keys": keys, "branch": "main", "subfolder": "docs", "url_prefix": format!("{}/_cache/", site.url()),
        "dates": ["21.11/build_cache", "21.12/build_cache"] });
    write(
        &site.root().join("manifest/index.html"),
        format!("\n\n{}", json!({ "keys": keys, "packages": entries })).as_bytes(),
    );
    write(&site.root().join("manifest/dates/index.html"), format!("\n\n{dates}").as_bytes());
    packages
}

#[test]
fn a_site_of_the_action_is_imported_and_served_back_with_the_right_specs() {
    let (larder, registry) = (Larder::start(), Registry::start());
    // nginx would answer a folder's page with a redirect that names its own port; a slash is asked for, as clients do.
    let site = Site::empty();
    write(&site.root().join("placeholder"), b"");
    let packages = old_site(&site, &registry);
    let said = expect_import(&larder, &site.url(), "autamus", &["--registry", &registry.url()]);
    assert!(said.contains("3 fetched, 0 there already, 0 failed"), "{said}");

    let held = read_v2(&larder.mirror("autamus"));
    assert_eq!(read_v3(&larder.mirror("autamus")).len(), 3);
    for old in &packages {
        let hash = old.package.hash.parse().unwrap();
        let held = &held[&hash];
        assert_eq!(held.name, format!("{}-1.0", old.package.name));
        let document: Value = serde_json::from_slice(&held.document).unwrap();
        assert_eq!(document["buildcache_layout_version"], 1, "the tarball lies in no archive any more");
        let tarball = larder.get(&format!("/mirrors/autamus/{}", held.tarball_path)).send().expect(200).body;
        assert_eq!(tarball, old.package.tarball);
    }
    expect_old_client(&larder, "autamus", &packages.iter().map(Old::stem).collect::<Vec<_>>());
    let again = expect_import(&larder, &site.url(), "autamus", &["--registry", &registry.url()]);
    assert!(again.contains("0 fetched, 3 there already"), "{again}");

    // The tarballs may lie in a folder, too.
    let folder = TempDir::new().unwrap();
    for old in &packages {
        write(&folder.path().join(format!("{}.spack", old.stem())), &old.archive());
    }
    let path = folder.path().to_str().unwrap();
    expect_import(&larder, &site.url(), "other", &["--tarballs", path]);
    assert_eq!(read_v2(&larder.mirror("other")).len(), 3);
    // Or on a site, in the folders of their months.
    for (old, month) in packages.iter().zip(MONTHS) {
        let place = site.root().join(format!("tarballs/{month}/build_cache/{}.spack", old.stem()));
        write(&place, &old.archive());
    }
    expect_import(&larder, &site.url(), "third", &["--tarballs", &format!("{}/tarballs/", site.url())]);
    assert_eq!(read_v2(&larder.mirror("third")).len(), 3);
}

/// Finds packages as the action's clients did: keys and months from the lists, a spec in the first month that has it,
/// the tarball beside it.
fn expect_old_client(larder: &Larder, mirror: &str, stems: &[String]) {
    let root = format!("http://{}", larder.address());
    let fetch = |url: &str| larder.get(url.strip_prefix(&root).unwrap_or_else(|| panic!("{url} is elsewhere"))).send();
    let manifest: Manifest = fetch(&format!("{root}/mirrors/{mirror}/manifest/")).expect(200).json();
    let dates: Dates = fetch(&format!("{root}/mirrors/{mirror}/manifest/dates/")).expect(200).json();
    assert_eq!(dates.keys, manifest.keys);
    for key in &manifest.keys {
        assert!(fetch(key).expect(200).text().starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    }
    assert_eq!(manifest.packages.len(), stems.len());
    for stem in stems {
        let urls = dates.dates.iter().map(|date| format!("{}{date}/{stem}.spec.json", dates.url_prefix));
        let found = urls.map(|url| (fetch(&url), url)).find(|(answer, _)| answer.status == 200);
        let (answer, url) = found.unwrap_or_else(|| panic!("no month has {stem}"));
        let spec: Value = answer.json();
        let root_node = &spec["spec"]["nodes"][0];
        assert!(stem.ends_with(root_node["hash"].as_str().unwrap()), "{url} is the spec of another package");
        let entry = manifest.packages.iter().find(|entry| entry.name == format!("{stem}.spack:latest")).unwrap();
        assert_eq!(entry.spec, url, "the list pairs {stem} with its own spec");
        let checksum = spec["binary_cache_checksum"]["hash"].as_str().unwrap();
        let tarball = fetch(&url.replace("spec.json", "spack")).expect(200).body;
        assert_eq!(Digest::of(&tarball).to_string(), checksum);
        // The registry has it under the name that the list gives.
        let (name, tag) = entry.url.split_once('/').unwrap().1.rsplit_once(':').unwrap();
        let image = larder.repository(name).pull(tag);
        assert_eq!(image.layers.last(), Some(&tarball));
    }
}

#[test]
fn signed_packages_are_found_by_the_actions_clients_as_plain_json() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "opt/sample");
    let folder = Folder(fixture("mirror-v2"));
    let stem = |path: &str| path.rsplit('/').next().unwrap().strip_suffix(".spec.json.sig").unwrap().to_owned();
    let stems: Vec<_> = read_v2(&folder).values().map(|held| stem(&held.path)).collect();
    assert_eq!(stems.len(), 53);
    expect_old_client(&larder, "opt/sample", &stems);
    let dates: Dates = larder.get("/mirrors/opt/sample/manifest/dates/").send().expect(200).json();
    assert_eq!(dates.dates.len(), 1, "all of it was pushed in one month, unless it ended meanwhile");
    let wrong_month = format!("/mirrors/opt/sample/_cache/21.11/build_cache/{}.spec.json", stems[0]);
    larder.get(&wrong_month).send().expect_error(404);
}
