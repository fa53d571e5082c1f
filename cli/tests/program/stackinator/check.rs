//! `larder stackinator check`: a message for each thing that can be wrong.

use std::fs;

use super::{Site, set_mode};
use crate::said::{assert_said, text};

/// A site with a good key, `$KEY`, and a cache that is there, `$ROOT`; both are replaced in `yaml`.
struct Checked {
    site: Site,
}

impl Checked {
    fn new() -> Self {
        let site = Site::new();
        fs::create_dir(site.scratch("cache")).unwrap();
        site.key("one-binary.key");
        Self { site }
    }

    /// Asserts that a file with this text is wrong, in these words.
    #[track_caller]
    fn refuses(&self, name: &str, yaml: &str, words: &[&str]) {
        self.says(1, name, yaml, words);
    }

    /// Asserts that nothing is wrong with it, and that these words are said.
    #[track_caller]
    fn takes(&self, name: &str, yaml: &str, words: &[&str]) {
        self.says(0, name, yaml, &[words, &["nothing is wrong"]].concat());
    }

    #[track_caller]
    fn says(&self, status: i32, name: &str, yaml: &str, words: &[&str]) {
        let path = |path: &str| self.site.scratch(path).display().to_string();
        let yaml = yaml.replace("$KEY", &path("one-binary.key")).replace("$ROOT", &path("cache"));
        let yaml = yaml.replace("$FOLDER", path("").trim_end_matches('/'));
        let yaml = yaml.replace("$HOME", self.site.home("").to_str().unwrap().trim_end_matches('/'));
        self.site.write(name, &yaml);
        assert_said(&self.site.run(&["check", name]), status, words, &[]);
    }
}

#[test]
fn what_is_right_is_said_to_be() {
    let checked = Checked::new();
    for yaml in ["root: $ROOT\nkey: $KEY\n", "root: $ROOT\nkey: null\n", "key: null\nroot: '$ROOT'\n"] {
        checked.takes("cache.yaml", yaml, &[]);
    }
    for yaml in [
        "buildcache:\n  url: file://$ROOT\n  mount_specific: true\n  private_key: $KEY\n",
        "buildcache: {url: $ROOT, mount_specific: yes, private_key: one-binary.key}\n",
        "buildcache:\n  fetch: https://larder.example.org/mirrors\n  push: {url: file://$ROOT}\n  mount_specific: true\n  private_key: null\n",
        "buildcache:\n  url: oci://larder.example.org\n  mount_specific: true\n  signed: false\n  private_key: $KEY\n  access_pair: {id: me, secret_variable: LARDER_TOKEN}\n",
        "bootstrap:\n  url: https://bootstrap.example.org\nsourcemirror:\n  one:\n    url: https://mirror.example.org\n  two:\n    url: file://$ROOT\nsourcecache:\n  path: $ROOT\nconcretizer:\n  path: $ROOT\n",
    ] {
        checked.takes("mirrors.yaml", yaml, &[]);
    }
}

#[test]
fn a_cache_yaml_is_checked() {
    let checked = Checked::new();
    for (yaml, words) in [
        ("key: $KEY\n", ["`root` is missing", "root: /scratch/<you>/uenv-cache"]),
        ("root: $ROOT\n", ["`key` is missing", "Write `key: null` for a cache that is only read"]),
        ("root: ~\nkey: null\n", [":1: wrong: `root` is nothing (null)", "Stackinator expands no `~`"]),
        ("root: ~/cache\nkey: null\n", ["`root` begins with `~`", "Write the path out"]),
        ("root: uenv/cache\nkey: null\n", ["`root` is a relative path: uenv/cache", "from `/` on"]),
        ("root: $ROOT/none\nkey: null\n", ["`root` is not a directory", "mkdir -p "]),
        ("root: $HOME\nkey: null\n", ["`root` is in your home directory", "Put it on scratch"]),
        ("root: /tmp\nkey: null\n", ["`root` is in /tmp", "Put it on scratch"]),
        ("root: https://h/m\nkey: null\n", ["`root` is a URL", "into a mirrors.yaml"]),
        ("root: 17\nkey: null\n", ["`root` is a number or a date, where text", "in quotes"]),
        ("root: [a]\nkey: null\n", ["`root` is a list, where text is expected", "Write it out"]),
        ("root: $ROOT\nkey: yes\n", [":2: wrong: `key` is true or false", "in quotes"]),
        ("root: $ROOT\nkey: null\nmirror: x\n", [":3: wrong: `mirror` is not a field of the file", "root, key"]),
        ("root: $ROOT\nroots: x\nkey: null\n", [":2: wrong: `roots` is not a field", "Did you mean `root`?"]),
        ("root: $ROOT\nkey: null\nkey: null\n", [":3: wrong: `key` stands in the file twice", "remove the other"]),
        ("root: ${LARDER_NO}/c\nkey: null\n", ["the variable LARDER_NO, which is not set", "write the path out"]),
        ("- root\n", ["the file is a list, where a mapping", "root, key"]),
        ("", ["the file is nothing (null)", "root, key"]),
        ("root: [\n", ["it is not YAML", "PyYAML"]),
    ] {
        checked.refuses("cache.yaml", yaml, &words);
    }
    checked.takes("cache.yaml", "root: $ROOT\nkey: ~\n", &[":2: note: `key` is nothing: the cache is only read"]);
    checked.site.write("cache/build_cache/x", "");
    checked.takes(
        "cache.yaml",
        "root: $ROOT\nkey: null\n",
        &["from before Stackinator 3", "larder stackinator migrate "],
    );
}

#[test]
fn a_key_is_checked() {
    let checked = Checked::new();
    for name in ["expired.key", "locked.key", "two.key"] {
        checked.site.key(name);
    }
    assert_said(&checked.site.run(&["init", "made", "--new-key", "new.key", "--out", "made"]), 0, &[], &[]);
    checked.site.write("words.key", "not a key\n");
    checked.site.write("empty.key", "");
    for name in ["words.key", "empty.key", "new.key.pub"] {
        set_mode(&checked.site.scratch(name), 0o600);
    }
    let in_home = checked.site.home("a.key");
    fs::copy(checked.site.scratch("new.key"), &in_home).unwrap();
    let world_readable = checked.site.key("one-binary.key").with_file_name("open.key");
    fs::copy(checked.site.scratch("new.key"), &world_readable).unwrap();
    set_mode(&world_readable, 0o644);
    for (key, words) in [
        ("$HOME/a.key", ["`key` is in your home directory", "Put it on scratch"]),
        ("$FOLDER/open.key", ["can be used by everyone on this machine (mode 644)", "chmod 600 "]),
        ("$FOLDER/expired.key", ["`key` expired on 2020-01-02", "gpg --quick-set-expire"]),
        ("$FOLDER/locked.key", ["`key` needs a passphrase", "gpg --edit-key"]),
        ("$FOLDER/two.key", ["`key` holds 2 private keys", "gpg --armor --export-secret-keys"]),
        ("$FOLDER/new.key.pub", ["`key` is a public key: it cannot sign", "spack gpg export --secret"]),
        ("$FOLDER/words.key", ["`key` is no OpenPGP key", "init ROOT --new-key FILE"]),
        ("$FOLDER/empty.key", ["`key` is no OpenPGP key", "init ROOT --new-key FILE"]),
        ("$FOLDER/none.key", ["names a file that does not exist", "init ROOT --new-key FILE"]),
        ("$FOLDER", ["which cannot be read", "has to be able to read it"]),
        ("keys/a.key", ["`key` is a relative path", "from `/` on"]),
        ("~/a.key", ["`key` begins with `~`", "Write the path out"]),
    ] {
        checked.refuses("cache.yaml", &format!("root: $ROOT\nkey: {key}\n"), &words);
        if !key.starts_with("keys/") {
            let words = words.map(|word| word.replace("`key`", "`private_key`"));
            let yaml = format!("buildcache:\n  url: $ROOT\n  private_key: {key}\n");
            checked.refuses("mirrors.yaml", &yaml, &[&words[0], &words[1]]);
        }
    }
    set_mode(&world_readable, 0o640);
    checked.takes("cache.yaml", "root: $ROOT\nkey: $FOLDER/open.key\n", &["note: `key` can be used by the group"]);
}

#[test]
fn a_key_may_stand_in_the_file_itself() {
    let checked = Checked::new();
    let inline = |name: &str| {
        let output = std::process::Command::new("base64").arg(checked.site.key(name)).output().unwrap();
        text(&output.stdout).replace('\n', "")
    };
    let yaml = |key: &str| format!("buildcache:\n  url: $ROOT\n  private_key: {key}\n");
    checked.takes("mirrors.yaml", &yaml(&inline("one-binary.key")), &["`private_key` holds the private key itself"]);
    checked.refuses("mirrors.yaml", &yaml(&inline("expired.key")), &["`private_key` expired on 2020-01-02"]);
    let public = "buildcache:\n  url: $ROOT\n  public_key: $KEY\n";
    checked.refuses("mirrors.yaml", public, &["`public_key` is a private key", "spack gpg export FILE"]);
}

#[test]
fn a_mirrors_yaml_is_checked() {
    let checked = Checked::new();
    let of = |fields: &str| format!("buildcache:\n  mount_specific: true\n{fields}");
    for (yaml, words) in [
        (of(""), ["it has no `url`", "`url: <URL>`"]),
        (of("  uri: $ROOT\n"), ["`uri` is not a field of `buildcache`", "Did you mean `url`?"]),
        (of("  url: ~\n"), ["`url` is nothing (null)", "Stackinator expands no `~`"]),
        (of("  url: ~/cache\n"), ["`url` begins with `~`", "Write the path out"]),
        (of("  url: cache\n"), ["`url` is a relative path", "from `/` on"]),
        (of("  url: $SCRATCH/cache\n"), ["`url` names a variable", "empty environment"]),
        (of("  url: file://$SCRATCH/cache\n"), ["`url` names a variable", "empty environment"]),
        (of("  url: file://scratch/cache\n"), ["names a machine, not a directory", "file:///scratch/cache"]),
        (of("  url: file://$HOME/cache\n"), ["`url` is in your home directory", "scratch"]),
        (of("  url: hdfs://host/x\n"), ["a scheme that Spack does not know: hdfs", "file, https"]),
        (of("  url: https:///x\n"), ["names no host", "<scheme>://<host>/<path>"]),
        (of("  url: https://h/mirrors/m/~t\n"), ["after the secret in the URL", "oci:// with `access_pair`"]),
        (
            of("  url: https://h/mirrors\n  private_key: $KEY\n"),
            ["Spack cannot push over https", "larder push --watch"],
        ),
        (
            of("  fetch: https://h/mirrors\n"),
            ["`fetch` but no `push`: Stackinator writes `push: null`", "one `url` for both"],
        ),
        (of("  push: {url: $ROOT}\n"), ["`push` but no `fetch`", "Give `fetch` too"]),
        (of("  fetch: [$ROOT]\n  push: $ROOT\n"), ["`fetch` is a list, where a URL", "`fetch: <URL>`"]),
        (of("  fetch: {}\n  push: $ROOT\n"), ["`fetch` has no `url`", "`url: <URL>`"]),
        (
            of("  fetch: {url: $ROOT, token: x}\n  push: $ROOT\n"),
            ["`token` is not a field of `fetch`", "access_token_variable"],
        ),
        (of("  fetch: $ROOT\n  push: {url: cache}\n"), ["`push` is a relative path", "from `/` on"]),
        (of("  url: $ROOT\n  access_pair: [a, b]\n"), ["`access_pair` is a list", "`secret_variable`"]),
        (of("  url: $ROOT\n  access_pair: {id: a}\n"), ["has no `secret_variable`", "LARDER_TOKEN"]),
        (of("  url: $ROOT\n  access_pair: {secret_variable: A}\n"), ["neither `id` nor `id_variable`", "`id: larder`"]),
        (
            of("  url: $ROOT\n  access_pair: {id: a, id_variable: B, secret_variable: A}\n"),
            ["both `id` and", "one of them"],
        ),
        (
            of("  url: $ROOT\n  access_pair: {id: a, secret_variable: $A}\n"),
            ["not the name of an environment", "without `$`"],
        ),
        (of("  url: $ROOT\n  access_token_variable: a-b\n"), ["not the name of an environment", "LARDER_TOKEN"]),
        (of("  url: $ROOT\n  signed: 'no'\n"), ["`signed` is text, where true or false", "without quotes"]),
        ("buildcache: $ROOT\n".into(), ["`buildcache` is text, where a mapping", "url"]),
        (
            "buildcaches:\n  url: $ROOT\nbuildcache: {url: $ROOT}\n".into(),
            ["`buildcaches` is not a field", "sourcemirror"],
        ),
        ("mirrors:\n  a: {url: $ROOT}\n".into(), ["`mirrors` is not a field", "Spack's own form"]),
        (
            of("  url: $ROOT\nbuildcache: {url: $ROOT}\n"),
            [":4: wrong: `buildcache` stands in the file twice", "remove"],
        ),
        ("bootstrap: {}\n".into(), ["`bootstrap` has no `url`", "Say where"]),
        ("bootstrap: {url: $ROOT}\n".into(), ["`url` is no mirror to bootstrap from", "spack bootstrap mirror"]),
        ("bootstrap: {url: $ROOT, key: x}\n".into(), ["`key` is not a field of `bootstrap`", "url, description"]),
        ("sourcecache:\n  path: sources\n".into(), ["`path` is a relative path", "from `/` on"]),
        ("concretizer:\n  url: $ROOT\n".into(), ["`concretizer` has no `path`", "Say where"]),
        ("sourcemirror:\n  url: https://h/m\n".into(), ["`sourcemirror.url` is text, where a mapping", "url"]),
        (
            "sourcemirror:\n  a: {private_key: x, url: $ROOT}\n".into(),
            ["`private_key` is not a field of `sourcemirror.a`", "It may have"],
        ),
        ("buildcache:\n  url: $ROOT\n   name: x\n".into(), ["it is not YAML", "PyYAML"]),
    ] {
        checked.refuses("mirrors.yaml", &yaml, &words);
    }
    for (yaml, word) in [
        ("buildcache:\n  url: $ROOT\n".to_owned(), "packages of all mount points share this cache"),
        (of("  url: $ROOT\n  private_key: ~\n"), "`private_key` is nothing: the cache is only read"),
        (of("  url: oci://h.org\n  private_key: $KEY\n"), "write `signed: false`"),
    ] {
        checked.takes("mirrors.yaml", &yaml, &["note: ", word]);
    }
    checked.site.write("cache/build_cache/x", "");
    checked.takes("mirrors.yaml", &of("  url: $ROOT\n"), &["at the root of the cache", "larder stackinator migrate "]);
}

#[test]
fn every_fault_is_said_with_its_line() {
    let checked = Checked::new();
    let yaml = "buildcache:\n  url: cache\n  name: 5\n  signed: maybe\n";
    let words = ["mirrors.yaml:2: wrong:", "mirrors.yaml:3: wrong:", "mirrors.yaml:4: wrong:", "3 things are wrong"];
    checked.refuses("mirrors.yaml", yaml, &words);
}

#[test]
fn a_file_that_cannot_be_read_is_no_verdict() {
    let site = Site::new();
    assert_said(&site.run(&["check", "none.yaml"]), 2, &[], &["none.yaml cannot be read"]);
    fs::write(site.scratch("cache.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    assert_said(&site.run(&["check", "cache.yaml"]), 1, &["it is not UTF-8"], &[]);
    fs::write(site.scratch("big.yaml"), vec![b'#'; 1 << 20]).unwrap();
    assert_said(&site.run(&["check", "big.yaml"]), 2, &[], &["larger than any"]);
}
