//! What the text in the search box asks for.
//!
//! ```text
//! open lib                              packages with these words
//! /slmgyj5                              the spec whose hash begins so
//! slmgyj5v4fo4y6wdzwfhnokekfbduvnn      the same; a whole hash needs no slash
//! …-hdf5-1.14.5-slmgyj5….spec           the same, from a file's name
//! ```

use larder_shared::name::is_dag_hash_prefix;

/// What a text asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// Nothing: every package.
    Everything,
    /// The spec whose hash begins like this.
    Hash(String),
    /// Packages by words.
    Words(String),
}

/// Endings of the files whose names end in a hash.
const FILE_ENDINGS: [&str; 4] = [".spack", ".spec.json.sig", ".spec.json", ".spec.manifest.json"];

impl Sought {
    /// Reads the text in the box.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Everything;
        }
        if let Some(prefix) = text.strip_prefix('/')
            && is_dag_hash_prefix(prefix)
        {
            return Self::Hash(prefix.to_owned());
        }
        match whole_hash(text) {
            Some(hash) => Self::Hash(hash.to_owned()),
            None => Self::Words(text.to_owned()),
        }
    }

    /// Whether it can mean only one thing, so that it may be opened without waiting for Enter.
    pub fn is_whole_hash(&self) -> bool {
        matches!(self, Self::Hash(hash) if hash.len() == 32)
    }
}

/// A hash of all 32 characters: the text itself, or the end of a file's name.
fn whole_hash(text: &str) -> Option<&str> {
    let stem = FILE_ENDINGS.iter().find_map(|ending| text.strip_suffix(ending));
    let hash = match stem {
        Some(stem) => stem.rsplit_once('-')?.1,
        None => text,
    };
    // A name of 32 letters without a digit is rather a package than a hash.
    let looks_random = stem.is_some() || hash.bytes().any(|byte| byte.is_ascii_digit());
    (hash.len() == 32 && is_dag_hash_prefix(hash) && looks_random).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_what_they_ask_for() {
        const HASH: &str = "slmgyj5v4fo4y6wdzwfhnokekfbduvnn";
        let hash = |text: &str| Sought::Hash(text.to_owned());
        let words = |text: &str| Sought::Words(text.to_owned());
        for (text, sought) in [
            ("", Sought::Everything),
            ("  ", Sought::Everything),
            (" hdf5 ", words("hdf5")),
            ("/slmgyj5", hash("slmgyj5")),
            ("/slm 5", words("/slm 5")),
            ("/SLM", words("/SLM")),
            ("/", words("/")),
            ("slmgyj5", words("slmgyj5")),
            (HASH, hash(HASH)),
            ("linux-debian12-x86_64_v3-gcc-12.2.0-hdf5-1.14.5-slmgyj5v4fo4y6wdzwfhnokekfbduvnn.spack", hash(HASH)),
            ("hdf5-1.14.5-slmgyj5v4fo4y6wdzwfhnokekfbduvnn.spec.manifest.json", hash(HASH)),
            ("abcdefghijklmnopqrstuvwxyzabcdef", words("abcdefghijklmnopqrstuvwxyzabcdef")),
        ] {
            assert_eq!(Sought::parse(text), sought, "{text}");
        }
        assert!(Sought::parse(HASH).is_whole_hash());
        assert!(!Sought::parse("/slmgyj5").is_whole_hash());
    }
}
