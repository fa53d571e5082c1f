//! The commands that make stock Spack use a mirror, and what must be said with them.
//!
//! ```text
//! spack mirror add user-environment https://larder.example.org/mirrors/user-environment
//! spack buildcache keys --install --trust
//! spack install hdf5
//! ```
//! A signature covers the bytes of one layout. What Larder derives for the other carries none, so the
//! same mirror can need `--unsigned` with one version of Spack and not with another.

use larder_shared::{
    api::{Layout, Mirror, Signing, SpecSummary},
    name::MirrorName,
};

use crate::{
    format::{sentence, short_hash},
    trust::{Trust, signed_sentence},
};

/// The versions of Spack that read one layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Client {
    /// Spack 0.22 and 0.23, which read the v2 layout.
    #[default]
    Before1,
    /// Spack 1.x, which reads the v3 layout.
    Since1,
}

impl Client {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 2] = [Self::Before1, Self::Since1];

    /// What its tab says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Before1 => "Spack 0.22, 0.23",
            Self::Since1 => "Spack 1.x",
        }
    }

    /// What the URL and the browser's memory call it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Before1 => "spack-0.23",
            Self::Since1 => "spack-1",
        }
    }

    /// The client of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.key() == key)
    }

    const fn layout(self) -> Layout {
        match self {
            Self::Before1 => Layout::V2,
            Self::Since1 => Layout::V3,
        }
    }
}

/// A command as its arguments, each written as a shell wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(pub Vec<String>);

impl Command {
    /// A command of these words.
    pub fn of(words: &[&str]) -> Self {
        Self(words.iter().copied().map(str::to_owned).collect())
    }

    /// The line to paste into a shell.
    pub fn line(&self) -> String {
        self.0.join(" ")
    }
}

/// Commands in order, and sentences that belong to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// To be run one after the other.
    pub commands: Vec<Command>,
    /// What to know about them.
    pub notes: Vec<String>,
}

/// Where Spack finds a mirror: `<origin>/mirrors/<name>`.
pub fn mirror_url(origin: &str, mirror: &MirrorName) -> String {
    format!("{origin}/mirrors/{mirror}")
}

/// Where a file of a mirror is; what would end the path in a URL is encoded.
pub fn file_url(origin: &str, mirror: &MirrorName, path: &str) -> String {
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("{}/{path}", mirror_url(origin, mirror))
}

/// What Spack is told to call a mirror: the last segment of its name.
pub fn spack_name(mirror: &MirrorName) -> &str {
    mirror.as_str().rsplit('/').next().unwrap_or(mirror.as_str())
}

/// How to use `mirror`; `example` is a package to install from it.
pub fn recipe_for_mirror(origin: &str, mirror: &Mirror, example: Option<&str>, client: Client) -> Recipe {
    // Until something was read, Spack's own default is the safe advice: it refuses what is unsigned.
    let is_signed_for_client = mirror.signing == Signing::Managed || mirror.layouts == [client.layout()];
    let checked = matches!(Trust::of(mirror), Trust::Signed | Trust::Unknown) && is_signed_for_client;
    let mut recipe = add_mirror(origin, &mirror.name, checked);
    if let Some(example) = example {
        recipe.commands.push(Command::of(&["spack", "install", example]));
    }
    recipe.notes.push(match Trust::of(mirror) {
        Trust::Signed if checked => format!("{} Step 2 makes Spack trust the keys.", signed_sentence(mirror)),
        Trust::Unknown if checked => {
            format!("{} If Spack finds a package unsigned, add `--unsigned` in step 1.", signed_sentence(mirror))
        }
        Trust::Signed | Trust::Unknown => format!(
            "{} But {} `--unsigned` in step 1 lets Spack take specs without one; it still checks every digest.",
            signed_sentence(mirror),
            derived_sentence(client)
        ),
        Trust::PartlySigned => format!(
            "{} `--unsigned` in step 1 lets Spack take the others too; it then checks digests, not signatures.",
            signed_sentence(mirror)
        ),
        Trust::Unsigned => format!(
            "{} `--unsigned` in step 1 lets Spack take it; it checks digests, not signatures.",
            signed_sentence(mirror)
        ),
        Trust::Empty => return recipe,
    });
    recipe
}

/// How to install one spec of a mirror.
pub fn recipe_for_spec(origin: &str, mirror: &MirrorName, spec: &SpecSummary, prefix: &str, client: Client) -> Recipe {
    let checked = spec.signed != Some(false) && (spec.managed || spec.layout == client.layout());
    let mut recipe = add_mirror(origin, mirror, checked);
    recipe.commands.push(Command(vec![
        "spack".to_owned(),
        "install".to_owned(),
        "--cache-only".to_owned(),
        format!("/{prefix}"),
    ]));
    recipe.notes.push(if checked && spec.signed.is_none() {
        "Larder learns whether the spec is signed when it is first read. If Spack finds it unsigned, add `--unsigned` in step 1."
            .to_owned()
    } else if checked {
        "The spec is signed; step 2 makes Spack trust the mirror's keys.".to_owned()
    } else if spec.signed.is_none() {
        format!("{} `--unsigned` in step 1 lets Spack take it; it still checks every digest.", sentence(derived_sentence(client)))
    } else if spec.signed == Some(true) {
        format!(
            "The spec is signed, but {} `--unsigned` in step 1 lets Spack take it; it still checks every digest.",
            derived_sentence(client)
        )
    } else {
        "The spec is not signed. `--unsigned` in step 1 lets Spack take it; it checks digests, not signatures."
            .to_owned()
    });
    recipe
        .notes
        .push("Binaries are adapted to where they are installed; that needs `patchelf` on the PATH.".to_owned());
    recipe
}

/// Why a signature does not reach `client`, as the end of a sentence.
fn derived_sentence(client: Client) -> &'static str {
    match client {
        Client::Before1 => {
            "Spack 0.22 and 0.23 read the v2 layout, which Larder derives here, and what is derived carries no signature."
        }
        Client::Since1 => {
            "Spack 1.x reads the v3 layout, which Larder derives here, and what is derived carries no signature."
        }
    }
}

fn add_mirror(origin: &str, mirror: &MirrorName, checked: bool) -> Recipe {
    let url = mirror_url(origin, mirror);
    let name = spack_name(mirror);
    let commands = if checked {
        vec![Command::of(&["spack", "mirror", "add", name, &url]), trust_keys()]
    } else {
        vec![Command::of(&["spack", "mirror", "add", "--unsigned", name, &url])]
    };
    Recipe { commands, notes: Vec::new() }
}

/// Takes the keys of all mirrors Spack knows, and trusts them.
pub fn trust_keys() -> Command {
    Command::of(&["spack", "buildcache", "keys", "--install", "--trust"])
}

/// The shortest command that installs a spec once its mirror is known to Spack.
pub fn install_by_hash(spec: &SpecSummary) -> Command {
    Command(vec!["spack".to_owned(), "install".to_owned(), format!("/{}", spec.hash)])
}

/// The command that puts the packages of a folder into a mirror.
pub fn push(origin: &str, mirror: &str) -> Command {
    Command::of(&[
        "larder",
        "push",
        "path/to/mirror",
        &format!("{origin}/mirrors/{mirror}"),
        "--token",
        "$LARDER_TOKEN",
    ])
}

/// How stock Spack pushes to a mirror: over OCI, which it speaks over https only.
pub fn push_with_spack(origin: &str, mirror: &MirrorName) -> Option<[Command; 2]> {
    let host = origin.strip_prefix("https://")?;
    let name = spack_name(mirror);
    let add = ["spack", "mirror", "add", "--unsigned", "--oci-username", "me", "--oci-password", "$LARDER_TOKEN", name];
    let mut add = Command::of(&add);
    add.0.push(format!("oci://{host}/{mirror}"));
    Some([add, Command::of(&["spack", "buildcache", "push", name, "<package>"])])
}

/// How Spack itself reports what it builds to a mirror.
pub fn report_with_spack(origin: &str, mirror: &MirrorName) -> [Command; 2] {
    let url = format!("\"{origin}/cdash/{mirror}/submit.php?project={mirror}\"");
    [
        Command::of(&["export", "SPACK_CDASH_AUTH_TOKEN=\"$LARDER_TOKEN\""]),
        Command::of(&["spack", "install", "--cdash-upload-url", &url, "<package>"]),
    ]
}

/// What a spec is called in a sentence: `hdf5 /slmgyj5`.
pub fn spec_words(spec: &SpecSummary) -> String {
    format!("{} /{}", spec.name, short_hash(spec.hash.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{trust::tests::mirror, variants::tests::spec};

    const ORIGIN: &str = "https://larder.example.org";

    fn lines(recipe: &Recipe) -> Vec<String> {
        recipe.commands.iter().map(Command::line).collect()
    }

    #[test]
    fn spack_reports_to_the_mirror() {
        let [_, install] = report_with_spack(ORIGIN, &"team/scratch".parse().unwrap());
        assert_eq!(
            install.line(),
            "spack install --cdash-upload-url \"https://larder.example.org/cdash/team/scratch/submit.php?project=team/scratch\" <package>"
        );
    }

    #[test]
    fn a_signed_mirror_is_used_with_its_keys() {
        let recipe = recipe_for_mirror(ORIGIN, &mirror(53, 53, &[Layout::V2]), Some("hdf5"), Client::Before1);
        assert_eq!(
            lines(&recipe),
            [
                "spack mirror add user-environment https://larder.example.org/mirrors/user-environment",
                "spack buildcache keys --install --trust",
                "spack install hdf5",
            ]
        );
        assert_eq!(recipe.notes, ["All 53 specs are signed. Step 2 makes Spack trust the keys."]);
    }

    #[test]
    fn a_mirror_that_signs_is_checked_in_every_layout() {
        let mirror = Mirror { signing: Signing::Managed, ..mirror(53, 53, &[Layout::Oci]) };
        for client in Client::ALL {
            let recipe = recipe_for_mirror(ORIGIN, &mirror, None, client);
            assert!(!lines(&recipe)[0].contains("--unsigned"), "{recipe:?}");
        }
        let spec = SpecSummary { managed: true, layout: Layout::Oci, ..spec("1", "o", "t", "") };
        let recipe = recipe_for_spec(ORIGIN, &mirror.name, &spec, "abcdefg", Client::Since1);
        assert!(!lines(&recipe)[0].contains("--unsigned"), "{recipe:?}");
    }

    #[test]
    fn where_signatures_do_not_reach_the_commands_say_unsigned() {
        for (signed, layouts, client, unsigned) in [
            (53, &[Layout::V2][..], Client::Before1, false),
            (53, &[Layout::V2], Client::Since1, true),
            (53, &[Layout::V3], Client::Before1, true),
            (53, &[Layout::V3], Client::Since1, false),
            (53, &[Layout::V2, Layout::V3], Client::Before1, true),
            (12, &[Layout::V2], Client::Before1, true),
            (0, &[Layout::V3], Client::Since1, true),
        ] {
            let recipe = recipe_for_mirror(ORIGIN, &mirror(53, signed, layouts), None, client);
            let lines = lines(&recipe);
            assert_eq!(lines[0].contains("--unsigned"), unsigned, "{lines:?}");
            assert_eq!(lines.len(), if unsigned { 1 } else { 2 }, "{lines:?}");
            assert_eq!(recipe.notes[0].contains("--unsigned"), unsigned, "{:?}", recipe.notes);
        }
    }

    #[test]
    fn spack_pushes_over_https_only() {
        let mirror = "opt/scratch".parse().unwrap();
        let lines = push_with_spack("https://larder.example.org", &mirror).unwrap().map(|command| command.line());
        let add = "spack mirror add --unsigned --oci-username me --oci-password $LARDER_TOKEN scratch \
                   oci://larder.example.org/opt/scratch";
        assert_eq!(lines, [add, "spack buildcache push scratch <package>"]);
        assert_eq!(push_with_spack("http://127.0.0.1:8787", &mirror), None);
    }

    #[test]
    fn a_spec_is_installed_by_hash() {
        let spec = spec("1.14.5", "debian12", "zen2", "");
        let recipe = |client| recipe_for_spec(ORIGIN, &"opt/a".parse().unwrap(), &spec, "slmgyj5", client);
        assert_eq!(
            lines(&recipe(Client::Before1)),
            [
                "spack mirror add a https://larder.example.org/mirrors/opt/a",
                "spack buildcache keys --install --trust",
                "spack install --cache-only /slmgyj5",
            ]
        );
        assert_eq!(
            lines(&recipe(Client::Since1))[0],
            "spack mirror add --unsigned a https://larder.example.org/mirrors/opt/a"
        );
        assert_eq!(install_by_hash(&spec).line(), "spack install /slmgyj5v4fo4y6wdzwfhnokekfbduvnn");
        assert_eq!(spec_words(&spec), "hdf5 /slmgyj5");
    }

    #[test]
    fn clients_have_keys() {
        for client in Client::ALL {
            assert_eq!(Client::from_key(client.key()), Some(client));
        }
        assert_eq!(Client::from_key("oci"), None);
    }
}
