//! Which processors run what was built for which: archspec's graph of microarchitectures.
//!
//! ```text
//! x86_64 < x86_64_v2 < x86_64_v3 < zen < zen2 < zen3
//!                   x86_64_v3 < haswell < broadwell < skylake < ...
//! ```
//! A processor runs what was built for one of its ancestors. Source: names and parents in
//! `microarchitectures.json` of archspec 0.2.7, the order Spack compares targets by.

/// Each microarchitecture with its parents, parents first.
const GRAPH: [(&str, &[&str]); 80] = [
    ("x86", &[]),
    ("i686", &["x86"]),
    ("pentium2", &["i686"]),
    ("pentium3", &["pentium2"]),
    ("pentium4", &["pentium3"]),
    ("prescott", &["pentium4"]),
    ("x86_64", &[]),
    ("x86_64_v2", &["x86_64"]),
    ("x86_64_v3", &["x86_64_v2"]),
    ("x86_64_v4", &["x86_64_v3"]),
    ("nocona", &["x86_64"]),
    ("core2", &["nocona"]),
    ("nehalem", &["core2", "x86_64_v2"]),
    ("westmere", &["nehalem"]),
    ("sandybridge", &["westmere"]),
    ("ivybridge", &["sandybridge"]),
    ("haswell", &["ivybridge", "x86_64_v3"]),
    ("broadwell", &["haswell"]),
    ("skylake", &["broadwell"]),
    ("mic_knl", &["broadwell"]),
    ("skylake_avx512", &["skylake", "x86_64_v4"]),
    ("cannonlake", &["skylake", "x86_64_v4"]),
    ("cascadelake", &["skylake_avx512"]),
    ("icelake", &["cascadelake", "cannonlake"]),
    ("sapphirerapids", &["icelake"]),
    ("alderlake", &["skylake"]),
    ("arrowlake", &["alderlake"]),
    ("arrowlake_s", &["arrowlake"]),
    ("k10", &["x86_64"]),
    ("bulldozer", &["x86_64_v2"]),
    ("piledriver", &["bulldozer"]),
    ("steamroller", &["piledriver"]),
    ("excavator", &["steamroller", "x86_64_v3"]),
    ("zen", &["x86_64_v3"]),
    ("zen2", &["zen"]),
    ("zen3", &["zen2"]),
    ("zen4", &["zen3", "x86_64_v4"]),
    ("zen5", &["zen4"]),
    ("zen6", &["zen5"]),
    ("ppc64", &[]),
    ("power7", &["ppc64"]),
    ("power8", &["power7"]),
    ("power9", &["power8"]),
    ("power10", &["power9"]),
    ("ppc64le", &[]),
    ("power8le", &["ppc64le"]),
    ("power9le", &["power8le"]),
    ("power10le", &["power9le"]),
    ("aarch64", &[]),
    ("armv8.1a", &["aarch64"]),
    ("armv8.2a", &["armv8.1a"]),
    ("armv8.3a", &["armv8.2a"]),
    ("armv8.4a", &["armv8.3a"]),
    ("armv8.5a", &["armv8.4a"]),
    ("armv8.6a", &["armv8.5a"]),
    ("armv9.0a", &["armv8.5a"]),
    ("armv9.2a", &["armv9.0a", "armv8.6a"]),
    ("thunderx2", &["armv8.1a"]),
    ("a64fx", &["armv8.2a"]),
    ("cortex_a72", &["aarch64"]),
    ("neoverse_n1", &["cortex_a72", "armv8.2a"]),
    ("neoverse_v1", &["neoverse_n1", "armv8.4a"]),
    ("neoverse_v2", &["neoverse_n1", "armv9.0a"]),
    ("neoverse_n2", &["neoverse_n1", "armv9.0a"]),
    ("ampere1", &["neoverse_n1", "armv8.6a"]),
    ("ampere1a", &["ampere1"]),
    ("neoverse_v3ae", &["neoverse_v2", "armv9.2a"]),
    ("olympus", &["armv9.2a"]),
    ("m1", &["armv8.4a"]),
    ("m2", &["m1", "armv8.5a"]),
    ("m3", &["m2", "armv8.6a"]),
    ("m4", &["m3", "armv8.6a"]),
    ("arm", &[]),
    ("ppc", &[]),
    ("ppcle", &[]),
    ("sparc", &[]),
    ("sparc64", &[]),
    ("riscv64", &[]),
    ("u74mc", &["riscv64"]),
    ("x60", &["riscv64"]),
];

fn find(name: &str) -> Option<usize> {
    GRAPH.iter().position(|(known, _)| *known == name)
}

/// All names, from the oldest of a family to the newest.
pub fn names() -> impl Iterator<Item = &'static str> {
    GRAPH.iter().map(|(name, _)| *name)
}

/// Whether a machine that is a `newer` runs what was built for `older`: they are the same, or
/// `older` is an ancestor. A name that archspec does not know is its own only relative.
pub fn runs(newer: &str, older: &str) -> bool {
    if newer == older {
        return true;
    }
    let (Some(newer), Some(older)) = (find(newer), find(older)) else { return false };
    // Parents stand before their children, so one walk down from the newer one meets all ancestors.
    let mut is_ancestor = [false; GRAPH.len()];
    is_ancestor[newer] = true;
    for index in (older + 1..=newer).rev().filter(|_| newer > older) {
        if is_ancestor[index] {
            for parent in GRAPH[index].1.iter().filter_map(|parent| find(parent)) {
                is_ancestor[parent] = true;
            }
        }
    }
    is_ancestor[older]
}

/// The generic microarchitecture at the root of a name's family, such as `x86_64` of `zen2`.
pub fn family(name: &str) -> Option<&'static str> {
    let mut index = find(name)?;
    while let Some(parent) = GRAPH[index].1.first().and_then(|parent| find(parent)) {
        index = parent;
    }
    Some(GRAPH[index].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_stand_before_their_children_and_share_a_family() {
        for (index, (name, parents)) in GRAPH.iter().enumerate() {
            assert_eq!(find(name), Some(index), "{name} stands twice");
            for parent in *parents {
                assert!(find(parent).is_some_and(|parent| parent < index), "{parent} of {name}");
                assert_eq!(family(parent), family(name), "{parent} of {name}");
            }
        }
    }

    #[test]
    fn a_processor_runs_what_was_built_for_its_ancestors() {
        for (newer, older, expected) in [
            ("zen2", "x86_64", true),
            ("zen2", "x86_64_v3", true),
            ("zen2", "x86_64_v4", false),
            ("zen4", "x86_64_v4", true),
            ("zen2", "haswell", false),
            ("haswell", "zen2", false),
            ("x86_64", "zen2", false),
            ("icelake", "cannonlake", true),
            ("icelake", "skylake_avx512", true),
            ("icelake", "x86_64_v4", true),
            ("neoverse_v2", "armv8.2a", true),
            ("neoverse_v2", "a64fx", false),
            ("m1", "x86_64", false),
            ("zen", "zen", true),
            ("hal9000", "hal9000", true),
            ("hal9000", "x86_64", false),
            ("zen", "hal9000", false),
        ] {
            assert_eq!(runs(newer, older), expected, "{newer} {older}");
        }
        assert_eq!(family("zen2"), Some("x86_64"));
        assert_eq!(family("m2"), Some("aarch64"));
        assert_eq!(family("hal9000"), None);
    }
}
