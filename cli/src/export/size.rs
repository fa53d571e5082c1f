//! How large a site may be, and what makes it smaller.

use std::fmt;

use indicatif::DecimalBytes;

/// Largest file that git on GitHub takes, in bytes (GitHub's documentation, "About large files on GitHub").
pub(super) const GIT_FILE_BYTES: u64 = 100_000_000;

/// Tarballs that do not fit into a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// Bytes of the tarballs, each once.
    tarballs: u64,
    /// How often each is written: once a layout.
    times: u64,
    most: u64,
}

/// Whether tarballs of so many bytes, each written so many `times`, leave the site within `most` bytes. GitHub Pages
/// takes 1 GB (GitHub's documentation, "GitHub Pages limits").
pub(super) fn check(tarballs: u64, times: u64, most: u64) -> Result<(), TooLarge> {
    if tarballs.saturating_mul(times) > most { Err(TooLarge { tarballs, times, most }) } else { Ok(()) }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tarballs, times, most } = *self;
        let all = DecimalBytes(tarballs.saturating_mul(times));
        writeln!(
            f,
            "the site would hold {all} of tarballs, and may hold {}. Nothing was written.",
            DecimalBytes(most)
        )?;
        if times > 1 {
            let one = DecimalBytes(tarballs);
            writeln!(
                f,
                "Each tarball lies there once for Spack up to 0.23 and once for Spack 1.x: --layout v2 or --layout v3 writes {one}."
            )?;
        }
        writeln!(
            f,
            "--without-tarballs writes none: people then browse the site, and Spack installs from the Larder."
        )?;
        write!(f, "Where the host takes more than the 1 GB of GitHub Pages, say how much with --max-size.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        assert_eq!(check(500, 2, 1_000), Ok(()));
        let text = check(600_000_000, 2, 1_000_000_000).unwrap_err().to_string();
        for part in ["1.20 GB", "1.00 GB", "600.00 MB", "--layout v3", "--without-tarballs", "--max-size"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!check(2_000, 1, 1_000).unwrap_err().to_string().contains("--layout"), "one layout is all there is");
    }
}
