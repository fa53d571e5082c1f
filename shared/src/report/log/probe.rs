//! Whether an error is one a build system provoked to learn something.

use super::{line::said, rule::Event, rule::Weight};
use crate::report::{Kind, Tool};

/// Whether the lines before `event` are those of a probe: part of a config.log, or of what CMake
/// or Meson kept of a program they tried to compile.
pub(super) fn is_one(event: &Event, before: &[String]) -> bool {
    let can_be = matches!(event.kind, Kind::Compile | Kind::MissingHeader | Kind::UndefinedReference | Kind::Link)
        || event.weight <= Weight::Consequence && matches!(event.tool, Tool::Make | Tool::Ninja);
    let is_named_so = event.file.as_deref().is_some_and(is_file_of_probe);
    can_be && (is_named_so || before.iter().any(|line| is_of_probe(said(line))))
}

/// Files that build systems write to try a compiler: Perl's, CMake's, distutils', Qt's, waf's, SCons', FFmpeg's.
fn is_file_of_probe(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "try.c" | "testCCompiler.c" | "testCXXCompiler.cxx" | "_configtest.c" | "testfile.c")
        || ["config.tests/", "/.conf_check", ".sconf_temp/", "/ffconf."].iter().any(|folder| file.contains(folder))
}

fn is_of_probe(line: &str) -> bool {
    // configure:5511: gcc -c -g -O2  conftest.c >&5
    let number = line.strip_prefix("configure:").and_then(|rest| rest.split(':').next());
    number.is_some_and(|number| number.parse::<u32>().is_ok())
        || ["conftest.", "CMakeFiles/CMakeTmp", "CMakeFiles/CMakeScratch", "cmTC_", "meson-private/"]
            .iter()
            .any(|word| line.contains(word))
}
