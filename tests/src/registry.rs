//! A registry: Debian's `docker-registry`, which is the CNCF's distribution.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use larder_shared::{
    layout::v2::Stem,
    oci::{
        digest::ContentDigest,
        image::{self, Provenance},
        manifest::IMAGE,
        tag::Tag,
    },
    package::Package,
};
use tempfile::TempDir;

use crate::{
    fixtures,
    http::Client,
    oci::Image,
    origin::{Asked, Reply},
    package::MadeUp,
    spack::{Folder, Held, packages_of, read, read_v2_package},
    wait,
};

/// How often another port is tried when somebody else took the free one first.
const TRIES: usize = 5;

/// The repository of all tests.
pub const NAME: &str = "octo-org/cache";

/// A Larder's setting for tests that are not about time: a busy machine is no reason to give a registry up.
pub const PATIENT: [(&str, &str); 1] = [("LARDER_ORIGIN_TIMEOUT_SECONDS", "50")];

/// A registry with a folder of its own, and one repository to work with.
pub struct Registry {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Registry {
    /// Starts an empty one.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("larder-registry-").tempdir().unwrap();
        let mut registry = Self { folder, port: 0, process: None };
        for _ in 0..TRIES {
            registry.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if registry.try_start() {
                return registry;
            }
        }
        panic!("docker-registry does not start: {}", registry.log());
    }

    /// Starts one with the packages of a v2 mirror folder, pushed as Spack pushes them: an image each.
    /// Gives the packages too.
    pub fn of(mirror: &Path) -> (Self, Vec<Held>) {
        let (registry, folder) = (Self::start(), Folder(mirror.to_owned()));
        let nodes = packages_of(&read(&folder, "build_cache/index.json"));
        let packages: Vec<_> = nodes.iter().map(|node| read_v2_package(&folder, node)).collect();
        for (node, held) in nodes.iter().zip(&packages) {
            let package = Package::from_spec_file(&Stem::of(node), held.signed, &held.document).unwrap();
            let made =
                image::of_package(&package.spec, package.tarball, held.tarball.len() as u64, Provenance::default());
            let image = Image { config: made.config, layers: vec![held.tarball.clone()], manifest: made.manifest };
            registry.push_image(Tag::of(node).as_str(), &image);
        }
        (registry, packages)
    }

    /// The URL under which Spack and Larder know the repository.
    pub fn url(&self) -> String {
        format!("oci+http://127.0.0.1:{}/{NAME}", self.port)
    }

    fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Stops answering. What it has stays.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Answers again, on the same port.
    pub fn restart(&mut self) {
        assert!(self.try_start(), "docker-registry does not start: {}", self.log());
    }

    fn try_start(&mut self) -> bool {
        let folder = self.folder.path();
        let configuration = format!(
            "version: 0.1
log: {{ level: error, accesslog: {{ disabled: true }} }}
storage: {{ filesystem: {{ rootdirectory: '{}/data' }}, delete: {{ enabled: true }} }}
http: {{ addr: '127.0.0.1:{}', relativeurls: true, secret: none }}
",
            folder.display(),
            self.port
        );
        fixtures::write(&folder.join("config.yml"), configuration.as_bytes());
        let log = fs::File::create(folder.join("log")).unwrap();
        // Debian keeps servers outside the PATH of ordinary users on some machines.
        let path = format!("{}:/usr/sbin:/usr/local/bin", env::var("PATH").unwrap_or_default());
        let mut command = Command::new("docker-registry");
        command.env("PATH", path).arg("serve").arg(folder.join("config.yml"));
        command.env("OTEL_TRACES_EXPORTER", "none").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("docker-registry cannot be started: {error}"));
        let is_up = wait::until("docker-registry listens", || {
            if process.try_wait().unwrap().is_some() {
                return Some(false);
            }
            TcpStream::connect(("127.0.0.1", self.port)).is_ok().then_some(true)
        });
        self.process = is_up.then_some(process);
        is_up
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Pushes a package.
    pub fn push(&self, package: &MadeUp) {
        self.push_image(&package.tag(), &package.image());
    }

    /// Pushes an image, request by request as Spack does.
    pub fn push_image(&self, tag: &str, image: &Image) {
        for blob in image.layers.iter().chain([&image.config]) {
            self.push_blob(blob);
        }
        self.put_manifest(tag, IMAGE, &image.manifest);
    }

    /// Pushes a blob, unless it is there.
    pub fn push_blob(&self, bytes: &[u8]) {
        let (client, digest) = (self.client(), ContentDigest::of(bytes));
        if client.head(&format!("/v2/{NAME}/blobs/{digest}")).send().status == 200 {
            return;
        }
        let begun = client.ask("POST", &format!("/v2/{NAME}/blobs/uploads/")).body(b"").send().expect(202);
        let place = format!("{}&digest={}", begun.expect_header("location"), digest.to_string().replace(':', "%3A"));
        client.put(&place, bytes).header("Content-Type", "application/octet-stream").send().expect(201);
    }

    /// Puts a manifest under a tag.
    pub fn put_manifest(&self, tag: &str, media_type: &str, manifest: &[u8]) {
        let client = self.client();
        let put = client.put(&format!("/v2/{NAME}/manifests/{tag}"), manifest);
        put.header("Content-Type", media_type).send().expect(201);
    }

    /// Takes a tag away, with its manifest.
    pub fn delete(&self, tag: &str) {
        let client = self.client();
        let found = client.get(&format!("/v2/{NAME}/manifests/{tag}")).header("Accept", IMAGE).send().expect(200);
        let digest = found.expect_header("docker-content-digest");
        client.ask("DELETE", &format!("/v2/{NAME}/manifests/{digest}")).send().expect(202);
    }

    /// Takes a blob away.
    pub fn delete_blob(&self, bytes: &[u8]) {
        let digest = ContentDigest::of(bytes);
        self.client().ask("DELETE", &format!("/v2/{NAME}/blobs/{digest}")).send().expect(202);
    }

    /// What it answers to a request that came to somebody else.
    pub fn forward(&self) -> impl Fn(&Asked) -> Reply + Send + Sync + use<> {
        let client = self.client();
        move |asked| {
            let mut ask = client.ask(&asked.method, &asked.path);
            for (name, value) in &asked.headers {
                if ["accept", "if-none-match", "range"].contains(&name.as_str()) {
                    ask = ask.header(name, value);
                }
            }
            let Ok(answer) = ask.try_send() else { return Reply::status(502) };
            let told = ["content-type", "docker-content-digest", "etag", "link", "location", "www-authenticate"];
            let headers = answer.headers.iter().filter(|(name, _)| told.contains(&name.as_str()));
            let headers = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            Reply::Answer { status: answer.status, headers, body: answer.body }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- docker-registry's log ---\n{}---", self.log());
        }
        self.stop();
    }
}
