//! A path as somebody writes it into one of Stackinator's files, and where that is.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Why a path is of no use in the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    /// Below `$HOME`, over which the build mounts an empty file system.
    Home,
    /// Below `/tmp`, where the build has a folder of its own.
    Tmp,
}

impl Hidden {
    /// Why nothing is found there, as the end of a sentence.
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::Home => "in your home directory, which is empty inside Stackinator's build",
            Self::Tmp => "in /tmp, of which Stackinator's build has one of its own",
        }
    }
}

/// Whether the build hides a path. Source: the sandbox in Stackinator's templates, `--tmpfs ~` and
/// `--bind <build>/tmp /tmp`.
pub(super) fn hidden(path: &Path) -> Option<Hidden> {
    let path = real(path);
    let home = env::var_os("HOME").map(|home| real(Path::new(&home)));
    // A home that is the root would hide everything: such users build nothing.
    if home.is_some_and(|home| home.parent().is_some() && path.starts_with(home)) {
        Some(Hidden::Home)
    } else if path.starts_with("/tmp") {
        Some(Hidden::Tmp)
    } else {
        None
    }
}

/// The path with the links in that part of it which exists followed.
fn real(path: &Path) -> PathBuf {
    let known = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
    match known {
        Some((ancestor, real)) => path.strip_prefix(ancestor).map_or_else(|_| path.to_owned(), |rest| real.join(rest)),
        None => path.to_owned(),
    }
}

/// Whether a text names a variable, as `$SCRATCH/cache` does.
pub(super) fn has_variable(text: &str) -> bool {
    next_variable(text).is_some()
}

/// The text with `$NAME` and `${NAME}` replaced.
///
/// # Errors
/// The name of a variable that is not set; Python's `os.path.expandvars` would leave it as it is.
pub(super) fn expand(text: &str) -> Result<String, String> {
    let (mut expanded, mut rest) = (String::new(), text);
    while let Some((before, name, after)) = next_variable(rest) {
        expanded += before;
        expanded += &env::var(name).map_err(|_| name.to_owned())?;
        rest = after;
    }
    Ok(expanded + rest)
}

/// What is before the first variable, its name, and what is after it.
fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('$').find_map(|(at, _)| {
        let after = &text[at + 1..];
        let (name, rest) = if let Some(braced) = after.strip_prefix('{') {
            braced.split_once('}')?
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            after.split_at(end)
        };
        (!name.is_empty()).then_some((&text[..at], name, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_python_does() {
        let home = env::var("PATH").unwrap();
        assert_eq!(expand("a/${PATH}/b$PATH-c").unwrap(), format!("a/{home}/b{home}-c"));
        for text in ["", "plain", "a$", "$/x", "${}"] {
            assert_eq!(expand(text).unwrap(), text);
            assert!(!has_variable(text), "{text}");
        }
        assert_eq!(expand("/a/$LARDER_NO_SUCH/b").unwrap_err(), "LARDER_NO_SUCH");
        assert!(has_variable("$SCRATCH/x") && has_variable("/a/${B}"));
    }

    #[test]
    fn what_lies_in_tmp_is_hidden_though_it_does_not_exist_yet() {
        assert_eq!(hidden(Path::new("/tmp/larder-no-such/x")), Some(Hidden::Tmp));
        assert_eq!(hidden(Path::new("/no-such-root/x")), None);
        assert_eq!(hidden(Path::new("/tmpx")), None);
    }
}
