//! The reader's own machine, as `spack arch` names it: `linux-debian12-zen3`.

use std::fmt;

use larder_shared::{api::SpecSummary, query::microarchitecture};

/// What Spack calls the kinds of systems it runs on.
const PLATFORMS: [&str; 5] = ["linux", "darwin", "windows", "freebsd", "cray"];

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Such as `linux`.
    pub platform: String,
    /// Such as `debian12`.
    pub os: String,
    /// Such as `zen3`.
    pub target: String,
}

/// How a spec suits a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It runs there.
    Runs,
    /// It was built on another system.
    OtherSystem,
    /// It was built for another processor.
    OtherTarget,
}

impl Machine {
    /// Reads what `spack arch` prints.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wanted = "Paste the one line that `spack arch` prints, such as `linux-debian12-zen3`.";
        let (platform, rest) = text.split_once('-').ok_or_else(|| wanted.to_owned())?;
        let (os, target) = rest.rsplit_once('-').ok_or_else(|| wanted.to_owned())?;
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if [platform, os, target].into_iter().all(is_word) {
            Ok(Self { platform: platform.to_owned(), os: os.to_owned(), target: target.to_owned() })
        } else {
            Err(wanted.to_owned())
        }
    }

    /// Reads what a link calls it: what `spack arch` prints, or that without `linux-`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn of_link(text: &str) -> Result<Self, String> {
        let is_whole = PLATFORMS.iter().any(|platform| text.trim().starts_with(&format!("{platform}-")));
        if is_whole { Self::parse(text) } else { Self::parse(&format!("linux-{}", text.trim())) }
    }

    /// Whether archspec knows its processor; of one it does not know, only the same name fits.
    pub fn is_known(&self) -> bool {
        microarchitecture::family(&self.target).is_some()
    }

    /// Whether what was built on `os` for `target` runs there.
    pub fn runs(&self, os: &str, target: &str) -> bool {
        self.os == os && microarchitecture::runs(&self.target, target)
    }

    /// How `spec` suits it.
    pub fn fit(&self, spec: &SpecSummary) -> Fit {
        if spec.os != self.os || spec.platform != self.platform {
            Fit::OtherSystem
        } else if microarchitecture::runs(&self.target, &spec.target) {
            Fit::Runs
        } else {
            Fit::OtherTarget
        }
    }

    /// How `spec` suits it, as a sentence.
    pub fn fit_sentence(&self, spec: &SpecSummary) -> String {
        match self.fit(spec) {
            Fit::Runs => format!("It runs on {}.", self.short()),
            Fit::OtherSystem => format!(
                "It does not fit {}: it was built on {}, and Spack takes only what was built on the same system.",
                self.short(),
                spec.os
            ),
            Fit::OtherTarget => format!(
                "It does not fit {}: it was built for {}, which {} does not run.",
                self.short(),
                spec.target,
                self.target
            ),
        }
    }

    /// `debian12 zen3`
    pub fn short(&self) -> String {
        format!("{} {}", self.os, self.target)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.platform, self.os, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::tests::spec;

    #[test]
    fn a_machine_reads_what_it_prints() {
        for text in ["linux-debian12-zen3", "darwin-sequoia-m2", "linux-opensuse-leap15-x86_64_v3"] {
            assert_eq!(Machine::parse(&format!(" {text}\n")).unwrap().to_string(), text);
        }
        assert_eq!(Machine::parse("linux-opensuse-leap15-zen2").unwrap().os, "opensuse-leap15");
        for text in ["", "zen3", "linux-zen3", "linux--zen3", "a b-c-d", "linux-debian12-zen3\nlinux-debian12-zen3"] {
            assert!(Machine::parse(text).unwrap_err().contains("spack arch"), "{text}");
        }
    }

    #[test]
    fn a_link_may_leave_out_linux() {
        for (text, machine) in [
            ("debian12-zen3", "linux-debian12-zen3"),
            ("linux-debian12-zen3", "linux-debian12-zen3"),
            ("opensuse-leap15-x86_64_v3", "linux-opensuse-leap15-x86_64_v3"),
            ("darwin-sequoia-m2", "darwin-sequoia-m2"),
        ] {
            assert_eq!(Machine::of_link(text).unwrap().to_string(), machine, "{text}");
        }
        for text in ["", "zen3", "linux-zen3", "<b>-zen3"] {
            assert!(Machine::of_link(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_was_built_for_an_older_processor_of_the_same_system_runs() {
        let machine = Machine::parse("linux-debian12-zen3").unwrap();
        for (os, target, fit) in [
            ("debian12", "x86_64_v3", Fit::Runs),
            ("debian12", "zen3", Fit::Runs),
            ("debian12", "x86_64_v4", Fit::OtherTarget),
            ("rhel9", "zen2", Fit::OtherSystem),
        ] {
            let spec = spec("1", os, target, "");
            assert_eq!(machine.fit(&spec), fit, "{os} {target}");
            assert_eq!(machine.runs(os, target), fit == Fit::Runs, "{os} {target}");
            assert_eq!(machine.fit_sentence(&spec).starts_with("It runs"), fit == Fit::Runs);
        }
        assert!(machine.is_known() && !Machine::parse("linux-a-hal9000").unwrap().is_known());
    }
}
