//! The ways to install from a mirror, and what each has to be told: by Spack of two generations, in an environment, over
//! OCI, with Stackinator, in GitHub Actions.

use larder_shared::{
    api::{Layout, Mirror, Signing, SpecSummary},
    name::MirrorName,
    oci::tag::Tag,
};

use crate::{
    commands::{Client, Command, Recipe, mirror_url, recipe_for_mirror, recipe_for_spec, spack_name, trust_keys},
    trust::Trust,
};

/// A way to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With Spack's own layouts.
    Spack(Client),
    /// In an environment of Spack's, of whichever generation.
    Environment,
    /// As images of an OCI registry.
    Oci,
    /// Into an image that Stackinator builds.
    Stackinator,
    /// In a job of GitHub Actions.
    Actions,
}

impl Way {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 6] = [
        Self::Spack(Client::Before1),
        Self::Spack(Client::Since1),
        Self::Environment,
        Self::Oci,
        Self::Stackinator,
        Self::Actions,
    ];

    /// What its tab says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Spack(client) => client.label(),
            Self::Environment => "Environment",
            Self::Oci => "OCI",
            Self::Stackinator => "Stackinator",
            Self::Actions => "GitHub Actions",
        }
    }

    /// What the URL and the browser's memory call it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Spack(client) => client.key(),
            Self::Environment => "environment",
            Self::Oci => "oci",
            Self::Stackinator => "stackinator",
            Self::Actions => "github-actions",
        }
    }

    /// The way of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.key() == key)
    }
}

/// What is to be installed.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A package by name, if one is known.
    Package(Option<&'a str>),
    /// A spec.
    Spec {
        /// What lists say of it.
        spec: &'a SpecSummary,
        /// The beginning of its hash that is unique in the mirror.
        prefix: &'a str,
    },
}

/// A file that somebody writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: &'static str,
    /// What goes into it.
    pub text: String,
}

/// What to do, in the order: write the files, run the commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// Files to write.
    pub files: Vec<Document>,
    /// Commands, and sentences that belong to them.
    pub recipe: Recipe,
    /// Where the spec is as an image.
    pub image: Option<Document>,
}

impl Guide {
    fn of(files: Vec<Document>, recipe: Recipe) -> Self {
        Self { files, recipe, image: None }
    }
}

/// How to install `what` from `mirror`, which the Larder at `origin` keeps.
pub fn guide(origin: &str, mirror: &Mirror, what: What<'_>, way: Way) -> Guide {
    match way {
        Way::Spack(client) => Guide::of(Vec::new(), with_spack(origin, mirror, what, client)),
        Way::Environment => in_environment(origin, mirror, what),
        Way::Oci => over_oci(origin, mirror, what),
        Way::Stackinator => with_stackinator(origin, mirror),
        Way::Actions => in_actions(origin, mirror, what),
    }
}

fn with_spack(origin: &str, mirror: &Mirror, what: What<'_>, client: Client) -> Recipe {
    match what {
        What::Package(example) => recipe_for_mirror(origin, mirror, example, client),
        What::Spec { spec, prefix } => recipe_for_spec(origin, &mirror.name, spec, prefix, client),
    }
}

/// An environment that installs exactly a spec: Spack 0.23 takes `zlib/<hash>` among the specs of a `spack.yaml`, and finds
/// it in the mirror. A hash without a name it cannot always read (spack/spack#38580).
fn in_environment(origin: &str, mirror: &Mirror, what: What<'_>) -> Guide {
    let spec = match what {
        What::Package(None) => " []".to_owned(),
        What::Package(Some(name)) => format!("\n  - {name}"),
        What::Spec { spec, .. } => format!("\n  - {}/{}", spec.name, spec.hash),
    };
    let is_signed = match what {
        What::Spec { spec, .. } => spec.managed,
        What::Package(_) => mirror.signing == Signing::Managed,
    };
    let signed = if is_signed { "" } else { "\n      signed: false" };
    let (name, url) = (yaml_name(&mirror.name), mirror_url(origin, &mirror.name));
    let text = format!("spack:\n  specs:{spec}\n  mirrors:\n    {name}:\n      url: {url}{signed}\n");
    let mut commands = if is_signed { vec![trust_keys()] } else { Vec::new() };
    let mut notes = Vec::new();
    match what {
        What::Package(None) => notes.push("Write what you want among the `specs`.".to_owned()),
        What::Package(Some(_)) => {
            notes.push("Spack takes from the mirror what fits, and builds the rest.".to_owned());
        }
        What::Spec { spec, .. } => notes.push(format!(
            "It installs this {} and no other one; `--cache-only` builds nothing. `spack.lock` is written beside the file.",
            spec.name
        )),
    }
    if !is_signed {
        notes.push("Not every Spack finds a signature here, so the file says `signed: false`; Spack checks every digest. The tab of your Spack says whether yours needs it.".to_owned());
    }
    let mut install = Command::of(&["spack", "-e", ".", "install"]);
    if matches!(what, What::Spec { .. }) {
        install.0.push("--cache-only".to_owned());
    }
    commands.push(install);
    Guide::of(vec![Document { name: "spack.yaml", text }], Recipe { commands, notes })
}

fn over_oci(origin: &str, mirror: &Mirror, what: What<'_>) -> Guide {
    let Some(host) = origin.strip_prefix("https://") else {
        let why = "Spack speaks OCI over https, and this Larder is at http. The first two tabs say what works here.";
        return Guide::of(Vec::new(), Recipe { commands: Vec::new(), notes: vec![why.to_owned()] });
    };
    let mut add = Command::of(&["spack", "mirror", "add", "--unsigned"]);
    if mirror.private {
        add.0.extend(["--oci-username", "me", "--oci-password", "$LARDER_TOKEN"].map(str::to_owned));
    }
    add.0.extend([spack_name(&mirror.name).to_owned(), format!("oci://{host}/{}", mirror.name)]);
    let mut commands = vec![add];
    commands.extend(install(what));
    let mut notes = vec![
        "OCI carries no signatures, so step 1 says `--unsigned`; Spack checks every digest. Spack reads OCI from 0.21 on.".to_owned(),
    ];
    if mirror.private {
        notes.push("The mirror is private: `$LARDER_TOKEN` is a token that may pull.".to_owned());
    }
    let image = match what {
        What::Package(_) => None,
        What::Spec { spec, .. } => {
            notes.push(image_sentence(spec));
            let tag = Tag::of_package(&spec.name, &spec.version, &spec.hash);
            Some(Document { name: "Image", text: format!("{host}/{}:{tag}", mirror.name) })
        }
    };
    Guide { image, ..Guide::of(Vec::new(), Recipe { commands, notes }) }
}

/// What can be done with the image of a spec.
fn image_sentence(spec: &SpecSummary) -> String {
    match spec.layout {
        // Spack puts the layers of a base image below its own, where `buildcache push --base-image` names one.
        Layout::Oci => "The image below is as Spack pushed it. With `--base-image` it holds a system, too, and `docker run -it` takes it; without, it holds files only: nothing in it could start them.".to_owned(),
        // Larder's own images name no `diff_ids`, without which Docker unpacks nothing.
        Layout::V2 | Layout::V3 => "The image below is made by Larder of what was pushed: the package's tarball alone, without a system. Docker cannot run or pull it; `skopeo copy` and `oras copy` take it to another registry, where Spack reads it.".to_owned(),
    }
}

/// The last command: what is installed.
fn install(what: What<'_>) -> Option<Command> {
    match what {
        What::Package(example) => example.map(|name| Command::of(&["spack", "install", name])),
        What::Spec { prefix, .. } => Some(Command::of(&["spack", "install", "--cache-only", &format!("/{prefix}")])),
    }
}

/// Whether Spack since 1.0 finds a signature on everything here.
fn is_signed(mirror: &Mirror) -> bool {
    mirror.signing == Signing::Managed
        || (Trust::of(mirror) == Trust::Signed && mirror.layouts == [larder_shared::api::Layout::V3])
}

fn with_stackinator(origin: &str, mirror: &Mirror) -> Guide {
    let mut text =
        format!("buildcache:\n  name: {}\n  url: {}\n", yaml_name(&mirror.name), mirror_url(origin, &mirror.name));
    let mut notes = Vec::new();
    if is_signed(mirror) {
        notes.push("Everything is signed; Stackinator takes the mirror's keys by itself.".to_owned());
    } else {
        text.push_str("  signed: false\n");
        notes.push("Not everything carries a signature that Spack 1.x reads, so the file says `signed: false`; Spack checks every digest.".to_owned());
    }
    notes.push("Without `private_key` the cache is only read. This is Stackinator 7, whose recipes are of version 3; older ones know only a cache in a folder.".to_owned());
    let command =
        ["stack-config", "--build", "$BUILD", "--recipe", "$RECIPE", "--system", "$SYSTEM", "--mirror", "mirrors.yaml"];
    let recipe = Recipe { commands: vec![Command::of(&command)], notes };
    Guide::of(vec![Document { name: "mirrors.yaml", text }], recipe)
}

fn in_actions(origin: &str, mirror: &Mirror, what: What<'_>) -> Guide {
    let name = spack_name(&mirror.name);
    let url = mirror_url(origin, &mirror.name);
    let add = if is_signed(mirror) {
        format!("spack mirror add {name} {url}\n      spack buildcache keys --install --trust --yes-to-all")
    } else {
        format!("spack mirror add --unsigned {name} {url}")
    };
    let install = install(what).map(|command| format!("\n      {}", command.line())).unwrap_or_default();
    let text = format!(
        "steps:\n  - uses: spack/setup-spack@v3\n  - name: Install from {name}\n    run: |\n      {add}{install}\n"
    );
    let mut notes = vec!["`setup-spack` brings Spack 1.x, which reads the v3 layout.".to_owned()];
    notes.push(if is_signed(mirror) {
        "Everything is signed; the job trusts the mirror's keys.".to_owned()
    } else {
        "Not everything carries a signature that Spack 1.x reads, so the step says `--unsigned`; Spack checks every digest.".to_owned()
    });
    if let What::Spec { spec, .. } = what {
        notes.push(format!("The job's machine has to be {} with a processor that runs {}.", spec.os, spec.target));
    }
    let recipe = Recipe { commands: Vec::new(), notes };
    Guide::of(vec![Document { name: ".github/workflows/build.yml", text }], recipe)
}

/// A mirror's name where YAML wants one word.
fn yaml_name(mirror: &MirrorName) -> String {
    let name = spack_name(mirror);
    // A name such as `1.0` or `on` would be read as something else.
    if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        || ["on", "off", "yes", "no", "null", "true", "false"].contains(&name)
    {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{trust::tests::mirror, variants::tests::spec};

    const ORIGIN: &str = "https://larder.example.org";

    fn lines(guide: &Guide) -> Vec<String> {
        guide.recipe.commands.iter().map(Command::line).collect()
    }

    #[test]
    fn ways_have_keys() {
        for way in Way::ALL {
            assert_eq!(Way::from_key(way.key()), Some(way));
        }
        assert_eq!(Way::from_key("npm"), None);
    }

    #[test]
    fn spack_is_told_as_on_the_mirrors_page() {
        let mirror = mirror(53, 53, &[Layout::V2]);
        for client in Client::ALL {
            let told = guide(ORIGIN, &mirror, What::Package(Some("hdf5")), Way::Spack(client));
            assert_eq!(told.recipe, recipe_for_mirror(ORIGIN, &mirror, Some("hdf5"), client));
        }
    }

    #[test]
    fn oci_is_unsigned_and_wants_https() {
        let mut mirror = mirror(53, 53, &[Layout::V2]);
        let spec = spec("1.14.5", "debian12", "zen2", "");
        let what = What::Spec { spec: &spec, prefix: "slmgyj5" };
        assert_eq!(
            lines(&guide(ORIGIN, &mirror, what, Way::Oci)),
            [
                "spack mirror add --unsigned user-environment oci://larder.example.org/user-environment",
                "spack install --cache-only /slmgyj5",
            ]
        );
        let plain = guide("http://127.0.0.1:8787", &mirror, what, Way::Oci);
        assert!(plain.recipe.commands.is_empty() && plain.recipe.notes[0].contains("https"));
        mirror.private = true;
        assert!(lines(&guide(ORIGIN, &mirror, what, Way::Oci))[0].contains("--oci-password $LARDER_TOKEN"));
    }

    #[test]
    fn an_image_is_named_and_said_to_run_where_it_may() {
        let mirror = mirror(53, 53, &[Layout::V2]);
        let pushed = spec("1.14.5", "debian12", "zen2", "");
        for (layout, runs) in [(Layout::V2, false), (Layout::V3, false), (Layout::Oci, true)] {
            let spec = SpecSummary { layout, ..pushed.clone() };
            let told = guide(ORIGIN, &mirror, What::Spec { spec: &spec, prefix: "slmgyj5" }, Way::Oci);
            let image = told.image.unwrap().text;
            assert_eq!(image, "larder.example.org/user-environment:hdf5-1.14.5-slmgyj5v4fo4y6wdzwfhnokekfbduvnn.spack");
            assert_eq!(told.recipe.notes.iter().any(|note| note.contains("`docker run -it`")), runs, "{layout:?}");
        }
        assert_eq!(guide(ORIGIN, &mirror, What::Package(Some("hdf5")), Way::Oci).image, None);
    }

    #[test]
    fn an_environment_installs_exactly_a_spec() {
        let mirror = mirror(53, 0, &[Layout::V2]);
        let one = spec("1.14.5", "debian12", "zen2", "");
        let told = guide(ORIGIN, &mirror, What::Spec { spec: &one, prefix: "slmgyj5" }, Way::Environment);
        assert_eq!(
            told.files[0].text,
            "spack:\n  specs:\n  - hdf5/slmgyj5v4fo4y6wdzwfhnokekfbduvnn\n  mirrors:\n    user-environment:\n      \
             url: https://larder.example.org/mirrors/user-environment\n      signed: false\n"
        );
        assert_eq!(lines(&told), ["spack -e . install --cache-only"]);
        let managed = Mirror { signing: Signing::Managed, ..mirror };
        let told = guide(ORIGIN, &managed, What::Package(Some("hdf5")), Way::Environment);
        assert!(told.files[0].text.contains("  - hdf5\n") && !told.files[0].text.contains("signed"));
        assert_eq!(lines(&told), ["spack buildcache keys --install --trust", "spack -e . install"]);
        let told = guide(ORIGIN, &managed, What::Package(None), Way::Environment);
        assert!(told.files[0].text.starts_with("spack:\n  specs: []\n"));
    }

    #[test]
    fn stackinator_reads_a_file() {
        let signed = Mirror { signing: Signing::Managed, ..mirror(53, 53, &[Layout::V2]) };
        let told = guide(ORIGIN, &signed, What::Package(None), Way::Stackinator);
        assert_eq!(
            told.files[0].text,
            "buildcache:\n  name: user-environment\n  url: https://larder.example.org/mirrors/user-environment\n"
        );
        assert!(lines(&told)[0].ends_with("--mirror mirrors.yaml"));
        for (number, layout) in [(53, Layout::V2), (0, Layout::V3), (12, Layout::V3)] {
            let told = guide(ORIGIN, &mirror(53, number, &[layout]), What::Package(None), Way::Stackinator);
            assert!(told.files[0].text.ends_with("  signed: false\n"), "{number} {layout:?}");
        }
        for (name, written) in [("1.0", "\"1.0\""), ("opt/on", "\"on\""), ("opt/a", "a")] {
            assert_eq!(yaml_name(&name.parse().unwrap()), written);
        }
    }

    #[test]
    fn a_job_of_github_actions_is_one_step() {
        let told = guide(ORIGIN, &mirror(53, 53, &[Layout::V3]), What::Package(Some("hdf5")), Way::Actions);
        assert_eq!(
            told.files[0].text,
            "steps:\n  - uses: spack/setup-spack@v3\n  - name: Install from user-environment\n    run: |\n      \
             spack mirror add user-environment https://larder.example.org/mirrors/user-environment\n      \
             spack buildcache keys --install --trust --yes-to-all\n      spack install hdf5\n"
        );
        let unsigned = guide(ORIGIN, &mirror(53, 0, &[Layout::V3]), What::Package(None), Way::Actions);
        assert!(unsigned.files[0].text.contains("mirror add --unsigned") && !unsigned.files[0].text.contains("keys"));
    }
}
