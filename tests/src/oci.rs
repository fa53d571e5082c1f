//! An OCI client that does one request at a time, so that a test can do each its own way, and
//! packages as the images that Spack makes of them.

use larder_shared::oci::{
    digest::ContentDigest,
    manifest::{CONFIG, IMAGE, LAYER},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{Answer, Ask, Client},
    larder::{ADMIN, Larder},
    package::MadeUp,
};

/// What Spack accepts as the `Content-Type` of a manifest, to the letter.
pub const SPACK_ACCEPTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A mirror as an OCI repository, as the holder of a token sees it.
#[derive(Debug, Clone)]
pub struct Repository<'a> {
    client: &'a Client,
    name: String,
    token: String,
}

impl Larder {
    /// A mirror as an OCI repository, as the admin sees it.
    pub fn repository(&self, name: &str) -> Repository<'_> {
        Repository::new(self, name)
    }
}

/// An error in the shape of the OCI API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OciError {
    /// The code of the specification.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub detail: Option<String>,
}

impl Answer {
    /// The one error of the body, if it has the shape of the OCI API.
    pub fn oci_error(&self) -> Option<OciError> {
        #[derive(Deserialize)]
        struct Body {
            errors: [OciError; 1],
        }
        let Body { errors: [error] } = serde_json::from_slice(&self.body).ok()?;
        Some(error)
    }

    /// Expects a refusal in the shape of the OCI API; gives it.
    ///
    /// # Panics
    /// With the answer, when it is something else.
    #[track_caller]
    pub fn expect_refusal(self, status: u16, code: &str) -> OciError {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
        let error = answer.oci_error().unwrap_or_else(|| panic!("an OCI error was expected, but {answer:?}"));
        assert_eq!(error.code, code, "{answer:?}");
        assert!(!error.message.is_empty(), "{answer:?}");
        error
    }

    /// Expects the headers that every answer about some content has.
    #[track_caller]
    pub fn expect_digest(self, digest: &ContentDigest) -> Self {
        assert_eq!(self.expect_header("docker-content-digest"), digest.to_string(), "{self:?}");
        self
    }

    /// Expects `Docker-Content-Digest` and the body to agree.
    #[track_caller]
    fn expect_digest_of_body(self) -> Self {
        let digest: ContentDigest = self.expect_header("docker-content-digest").parse().unwrap();
        assert!(digest.fits(&self.body), "the body has another digest: {self:?}");
        self
    }
}

impl<'a> Repository<'a> {
    /// A repository of a server, as the admin sees it.
    pub fn new(client: &'a Client, name: &str) -> Self {
        Self { client, name: name.to_owned(), token: ADMIN.to_owned() }
    }

    /// The same for the holder of another token.
    pub fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    /// Begins a request below the repository.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'a> {
        self.ask_at(method, &format!("/v2/{}/{path}", self.name))
    }

    /// Begins a request to a `Location`, which is an absolute path.
    pub fn ask_at(&self, method: &str, location: &str) -> Ask<'a> {
        assert!(location.starts_with(&format!("/v2/{}/", self.name)), "`{location}` lies elsewhere");
        self.client.ask(method, location).token(&self.token)
    }

    /// Begins a GET.
    pub fn get(&self, path: &str) -> Ask<'a> {
        self.ask("GET", path)
    }

    /// Begins a HEAD.
    pub fn head(&self, path: &str) -> Ask<'a> {
        self.ask("HEAD", path)
    }

    /// Begins a DELETE.
    pub fn delete(&self, path: &str) -> Ask<'a> {
        self.ask("DELETE", path)
    }

    /// Begins an upload; gives where it goes on.
    #[track_caller]
    pub fn begin(&self) -> String {
        let answer = self.ask("POST", "blobs/uploads/").body(b"").send().expect(202);
        answer.expect_header("location").to_owned()
    }

    /// Ends an upload with its last bytes, if any are left.
    pub fn finish(&self, location: &str, digest: &ContentDigest, rest: &[u8]) -> Answer {
        let ask = self.ask_at("PUT", &format!("{location}?digest={digest}"));
        ask.header("Content-Type", "application/octet-stream").body(rest).send()
    }

    /// Sends a chunk that begins at `first`.
    pub fn patch(&self, location: &str, first: usize, chunk: &[u8]) -> Answer {
        let ask = self.ask_at("PATCH", location).header("Content-Type", "application/octet-stream");
        ask.header("Content-Range", &format!("{first}-{}", first + chunk.len() - 1)).body(chunk).send()
    }

    /// Sends bytes without announcing how many, as `docker push` does.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn stream(&self, method: &str, location: &str, bytes: &[u8]) -> Answer {
        let Self { client, token, .. } = self;
        let head =
            format!("{method} {location} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked");
        let mut body = Vec::new();
        for chunk in bytes.chunks(100_000) {
            body.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            body.extend(chunk);
            body.extend(b"\r\n");
        }
        body.extend(b"0\r\n\r\n");
        client.raw(&head, &body).unwrap_or_else(|| panic!("{method} {location} got no answer"))
    }

    /// Pushes a blob in one request.
    #[track_caller]
    pub fn push_blob(&self, bytes: &[u8]) -> ContentDigest {
        let digest = ContentDigest::of(bytes);
        let ask = self.ask("POST", &format!("blobs/uploads/?digest={digest}"));
        ask.header("Content-Type", "application/octet-stream").body(bytes).send().expect(201);
        digest
    }

    /// Puts a manifest under a tag or a digest.
    pub fn put_manifest(&self, reference: &str, media_type: &str, manifest: &[u8]) -> Answer {
        let ask = self.ask("PUT", &format!("manifests/{reference}"));
        ask.header("Content-Type", media_type).body(manifest).send()
    }

    /// Pushes an image: its blobs, then its manifest.
    #[track_caller]
    pub fn push_image(&self, reference: &str, image: &Image) -> Answer {
        for blob in image.layers.iter().chain([&image.config]) {
            self.push_blob(blob);
        }
        self.put_manifest(reference, IMAGE, &image.manifest)
    }

    /// Pushes a package.
    #[track_caller]
    pub fn push_package(&self, package: &MadeUp) {
        self.push_image(&package.tag(), &package.image()).expect(201);
    }

    /// Pushes a package request by request as Spack does; asking again is harmless.
    ///
    /// # Errors
    /// What came in between, when there was no whole answer.
    ///
    /// # Panics
    /// With an answer that Spack would give up at.
    pub fn push_as_spack(&self, package: &MadeUp) -> Result<(), String> {
        let image = package.image();
        for blob in [&image.layers[0], &image.config] {
            let digest = ContentDigest::of(blob);
            let found = self.head(&format!("blobs/{digest}")).try_send()?;
            if found.status == 404 {
                let begun = self.ask("POST", "blobs/uploads/").body(b"").try_send()?.expect(202);
                let place =
                    format!("{}?digest={}", begun.expect_header("location"), digest.to_string().replace(':', "%3A"));
                let put = self.ask_at("PUT", &place).header("Content-Type", "application/octet-stream");
                put.body(blob).try_send()?.expect(201);
            } else {
                found.expect(200);
            }
        }
        let put = self.ask("PUT", &format!("manifests/{}", package.tag())).header("Content-Type", IMAGE);
        put.body(&image.manifest).try_send()?.expect(201);
        Ok(())
    }

    /// Reads an image as Spack does: the manifest by its tag, then its blobs, each with its digest
    /// checked.
    ///
    /// # Panics
    /// With what is not as it should be.
    #[track_caller]
    pub fn pull(&self, tag: &str) -> Image {
        let answer = self.get(&format!("manifests/{tag}")).header("Accept", &SPACK_ACCEPTS[..2].join(", "));
        let answer = answer.send().expect(200).expect_digest_of_body();
        assert_eq!(answer.expect_header("content-type"), IMAGE, "{answer:?}");
        let document: Value = answer.json();
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap();
            let answer = self.get(&format!("blobs/{digest}")).send().expect(200).expect_digest_of_body();
            assert_eq!(Some(answer.body.len() as u64), descriptor["size"].as_u64(), "{answer:?}");
            assert_eq!(answer.expect_header("docker-content-digest"), digest, "{answer:?}");
            answer.body
        };
        let layers = document["layers"].as_array().unwrap().iter().map(blob).collect();
        Image { config: blob(&document["config"]), layers, manifest: answer.body }
    }

    /// All tags, page after page.
    pub fn tags(&self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Page {
            name: String,
            tags: Vec<String>,
        }
        let mut all = Vec::new();
        let mut place = format!("/v2/{}/tags/list", self.name);
        loop {
            let answer = self.ask_at("GET", &place).send().expect(200);
            let page: Page = answer.json();
            assert_eq!(page.name, self.name, "{answer:?}");
            all.extend(page.tags);
            match next_page(&answer) {
                Some(next) => place = next,
                None => return all,
            }
        }
    }
}

/// Where the `Link` header says that the next page lies.
pub fn next_page(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    Some(next.unwrap_or_else(|| panic!("`{link}` is no link to a next page")).to_owned())
}

/// An image with its blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The configuration.
    pub config: Vec<u8>,
    /// The layers, the lowest first.
    pub layers: Vec<Vec<u8>>,
    /// The manifest.
    pub manifest: Vec<u8>,
}

impl Image {
    /// An image with a manifest as Spack writes it.
    pub fn new(config: &[u8], layers: &[&[u8]]) -> Self {
        let manifest = json!({
            "mediaType": IMAGE,
            "schemaVersion": 2,
            "config": descriptor(CONFIG, config),
            "layers": layers.iter().map(|layer| descriptor(LAYER, layer)).collect::<Vec<_>>(),
        });
        Self::of(&manifest, config, layers)
    }

    /// An image with another manifest.
    pub fn of(manifest: &Value, config: &[u8], layers: &[&[u8]]) -> Self {
        Self {
            config: config.to_vec(),
            layers: layers.iter().map(|layer| layer.to_vec()).collect(),
            manifest: manifest.to_string().into_bytes(),
        }
    }

    /// The manifest's digest.
    pub fn digest(&self) -> ContentDigest {
        ContentDigest::of(&self.manifest)
    }
}

/// A descriptor of some bytes.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": ContentDigest::of(bytes), "size": bytes.len() })
}

impl MadeUp {
    /// The tag that Spack gives it.
    pub fn tag(&self) -> String {
        format!("{}-{}-{}.spack", self.name, self.version, self.hash)
    }

    /// The configuration of its image, which is its spec file too.
    pub fn config(&self) -> Vec<u8> {
        self.config_with(&self.spec_file())
    }

    /// The configuration of an image made of another spec file.
    pub fn config_with(&self, spec_file: &[u8]) -> Vec<u8> {
        let mut config: Value = serde_json::from_slice(spec_file).unwrap();
        config["architecture"] = json!("amd64");
        config["os"] = json!("linux");
        config["rootfs"] = json!({ "type": "layers", "diff_ids": [ContentDigest::of(b"unzipped")] });
        config["config"] = json!({ "Env": ["PATH=/bin:/usr/bin"] });
        config.to_string().into_bytes()
    }

    /// Its image, with the tarball as the only layer.
    pub fn image(&self) -> Image {
        Image::new(&self.config(), &[&self.tarball])
    }
}
