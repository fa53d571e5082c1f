//! A Larder as files, for a host that answers with files only: what `larder export` writes, and where the dashboard
//! then looks.
//!
//! The URLs are those of a Larder, below the folder the site lies in. Only the API's documents lie elsewhere, because a
//! file is found by no query, and a name is a file's or a folder's but not both:
//! ```text
//! /api/v1/mirrors                          api/v1/mirrors.json
//! /api/v1/mirrors/opt%2Fa/packages/zlib    api/v1/mirrors/opt/a/packages/zlib.json
//! …/packages?limit=500                     …/packages.json               the whole list, in one page
//! …/specs?limit=10                         …/specs/limit/10.json
//! …/specs?package=zlib&limit=500           …/specs/package/zlib.json
//! …/specs?q=%25zlib                        …/specs/q/zlib.json
//! …/builds?package=zlib&limit=20           …/builds/package/zlib.json
//! …/failures?limit=100                     …/failures.json
//! …/catalogue?part=edges                   …/catalogue/edges.bin        whole, whatever is asked since
//! …/specs/rjsbs2wcromw…                    …/specs/rjsbs2w.json          a spec a line: all whose hashes begin so
//! ```

use percent_encoding::percent_decode_str;

use super::API;
use crate::{index::catalogue::Part, name::MirrorName};

/// The name of the `<meta>` element by which a page knows that it is part of such a site. Its content is the path of
/// the site's folder without a slash at its end: empty at the root of a host.
pub const META: &str = "larder-site";

/// The attribute of that element which says where the mirror's tarballs are, when the site has none: the origin of a
/// Larder, such as `https://larder.example.org`.
pub const META_ORIGIN: &str = "data-origin";

/// How many specs the list of the newest holds.
pub const NEWEST: usize = 10;

/// How many items a page of a whole list is asked to hold: the most that the API gives.
pub const PAGE_ITEMS: usize = 500;

/// How many characters of a hash name a spec's file: as many as the shortest links have.
const HASH_CHARS: usize = 7;

/// The file, below the site's folder, that holds the answer to a `GET` of the API.
pub fn file(request: &str) -> String {
    let (path, query) = request.split_once('?').unwrap_or((request, ""));
    let mut file = decoded(path.trim_start_matches('/'));
    if let Some(hash) = spec_of(path) {
        file.truncate(file.len() - hash.len());
        file.push_str(hash.get(..HASH_CHARS).unwrap_or(hash));
    }
    // Of specs the newest are a list of their own; other lists are there once.
    let is_specs = path.ends_with("/specs");
    for (name, value) in query.split('&').filter_map(|parameter| parameter.split_once('=')) {
        if name != "limit" || (is_specs && value != PAGE_ITEMS.to_string()) {
            let value = decoded(value);
            file.push_str(&format!("/{name}/{}", value.trim_start_matches('%')));
        }
    }
    file + ".json"
}

/// The folder, below the site's, that holds the parts of a mirror's catalogue; ends with a slash.
pub fn catalogue_folder(mirror: &MirrorName) -> String {
    format!("{}/mirrors/{mirror}/catalogue/", API.trim_start_matches('/'))
}

/// The name of a part in that folder.
pub fn catalogue_file(part: Part) -> String {
    format!("{part}.bin")
}

/// The hash, or the beginning of one, that a request for a spec names.
pub fn spec_of(path: &str) -> Option<&str> {
    let (_, rest) = path.strip_prefix(API)?.strip_prefix("/mirrors/")?.split_once('/')?;
    rest.strip_prefix("specs/")
}

/// The specs of such a file whose hashes begin with `hash`, each as the API's document. A spec's document begins with
/// its hash, so a line is told from the others without reading it all.
pub fn specs_beginning<'a>(file: &'a str, hash: &str) -> Vec<&'a str> {
    let is_it = |line: &&str| line.strip_prefix("{\"hash\":\"").is_some_and(|line| line.starts_with(hash));
    file.lines().filter(is_it).collect()
}

/// Where a mirror's own files lie, below the site's folder.
pub fn mirror_folder(mirror: &MirrorName) -> String {
    format!("mirrors/{mirror}")
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_found_by_any_beginning_that_is_unique() {
        let file = "{\"hash\":\"rjsbs2waaa\",\"a\":1}\n{\"hash\":\"rjsbs2wbbb\"}\n";
        assert_eq!(specs_beginning(file, "rjsbs2wa"), ["{\"hash\":\"rjsbs2waaa\",\"a\":1}"]);
        assert_eq!(specs_beginning(file, "rjsbs2w").len(), 2);
        assert_eq!(specs_beginning(file, "rjsbs2wc").len(), 0);
    }

    #[test]
    fn every_request_of_the_dashboard_has_a_file_of_its_own() {
        let mirror = "/api/v1/mirrors/opt%2Fa";
        for (request, expected) in [
            ("/api/v1/mirrors".to_owned(), "api/v1/mirrors.json"),
            (mirror.to_owned(), "api/v1/mirrors/opt/a.json"),
            (format!("{mirror}/packages?limit=500"), "api/v1/mirrors/opt/a/packages.json"),
            (format!("{mirror}/packages/py-numpy"), "api/v1/mirrors/opt/a/packages/py-numpy.json"),
            (format!("{mirror}/specs?package=zlib&limit=500"), "api/v1/mirrors/opt/a/specs/package/zlib.json"),
            (format!("{mirror}/specs?q=%25zlib&limit=500"), "api/v1/mirrors/opt/a/specs/q/zlib.json"),
            (format!("{mirror}/specs?limit=10"), "api/v1/mirrors/opt/a/specs/limit/10.json"),
            (format!("{mirror}/specs?limit=500"), "api/v1/mirrors/opt/a/specs.json"),
            (format!("{mirror}/specs/rjsbs2wcromwrvwr"), "api/v1/mirrors/opt/a/specs/rjsbs2w.json"),
            (format!("{mirror}/builds?limit=100"), "api/v1/mirrors/opt/a/builds.json"),
            (format!("{mirror}/builds?limit=20&package=py-numpy"), "api/v1/mirrors/opt/a/builds/package/py-numpy.json"),
            (format!("{mirror}/builds/7"), "api/v1/mirrors/opt/a/builds/7.json"),
            (
                format!("{mirror}/failures?limit=1&state=fixed&sort=newest"),
                "api/v1/mirrors/opt/a/failures/state/fixed/sort/newest.json",
            ),
            (format!("{mirror}/keys"), "api/v1/mirrors/opt/a/keys.json"),
            ("/api/v1/mirrors/specs/packages?limit=500".to_owned(), "api/v1/mirrors/specs/packages.json"),
        ] {
            assert_eq!(file(&request), expected, "{request}");
        }
    }
}
