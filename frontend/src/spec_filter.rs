//! The filter of a package's specs, written as Spack writes it: `@1.14.5 os=debian12 target=zen2`.

use std::fmt;

use larder_shared::api::SpecSummary;

/// Which specs of a package to show. An empty filter shows all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpecFilter {
    /// `@1.14.5`
    pub version: Option<String>,
    /// `os=debian12`
    pub os: Option<String>,
    /// `target=zen2`
    pub target: Option<String>,
}

impl SpecFilter {
    /// Reads a filter; words it does not know are left out, and so is what it prints again.
    pub fn parse(text: &str) -> Self {
        let mut filter = Self::default();
        for word in text.split_whitespace() {
            let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            if let Some(version) = word.strip_prefix('@') {
                filter.version = value(version);
            } else if let Some(os) = word.strip_prefix("os=") {
                filter.os = value(os);
            } else if let Some(target) = word.strip_prefix("target=") {
                filter.target = value(target);
            }
        }
        filter
    }

    /// Whether it shows all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it shows `spec`.
    pub fn shows(&self, spec: &SpecSummary) -> bool {
        let fits = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        fits(&self.version, &spec.version) && fits(&self.os, &spec.os) && fits(&self.target, &spec.target)
    }
}

impl fmt::Display for SpecFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("@", &self.version), ("os=", &self.os), ("target=", &self.target)];
        let mut space = "";
        for (sigil, value) in parts {
            if let Some(value) = value {
                write!(f, "{space}{sigil}{value}")?;
                space = " ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::tests::spec;

    #[test]
    fn a_filter_reads_what_it_prints() {
        for text in ["", "@1.14.5", "os=debian12 target=zen2", "@1 os=a target=b"] {
            assert_eq!(SpecFilter::parse(text).to_string(), text);
        }
        assert_eq!(SpecFilter::parse(" target=zen2   +mpi os= @").to_string(), "target=zen2");
    }

    #[test]
    fn a_filter_shows_what_fits_all_its_parts() {
        let spec = spec("1.14.5", "debian12", "zen2", "");
        for (text, shown) in
            [("", true), ("@1.14.5", true), ("@1.14", false), ("os=debian12 target=zen2", true), ("target=zen3", false)]
        {
            assert_eq!(SpecFilter::parse(text).shows(&spec), shown, "{text}");
        }
    }
}
