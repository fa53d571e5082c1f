//! Where in a source an error is: `solver.c:4:3: `, `solver.f90(12): `, `"a.cpp", line 12: `.

/// A place at the beginning of a line, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: Option<u64>,
    pub(super) text: &'a str,
}

/// Longest file name looked for.
const MAX_FILE_BYTES: usize = 300;

/// Colons at which a file's name may end, those in names and in linkers' `a.o:a.c:` included.
const MAX_COLONS: usize = 8;

/// `file:line: text`, `file:line:column: text` or `file:line.column-column: text`; `text` may be empty.
pub(super) fn colon(line: &str) -> Option<Place<'_>> {
    for (at, _) in line.match_indices(':').take(MAX_COLONS).take_while(|&(at, _)| at <= MAX_FILE_BYTES) {
        let after = &line[at + 1..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let file = file_in(&line[..at]);
        if digits == 0 || digits > 9 || !is_file(file) {
            continue;
        }
        let number = after[..digits].parse().ok();
        let after_column =
            after[digits..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | '-'));
        return after[digits..].starts_with([':', '.']).then(|| Place {
            file,
            line: number,
            text: after_column.trim(),
        });
    }
    None
}

/// `file(line): text` or `file(line,column): text`, of Intel's, NVIDIA's and Microsoft's compilers.
pub(super) fn parenthesis(line: &str) -> Option<Place<'_>> {
    let (head, text) = line.split_once("):")?;
    let (file, number) = head.rsplit_once('(')?;
    let number = number.split(',').next()?.parse().ok()?;
    let file = file_in(file);
    is_file(file).then(|| Place { file, line: Some(number), text: text.trim() })
}

/// `"file", line 12: text`, of compilers after EDG and PGI.
pub(super) fn quoted(line: &str) -> Option<Place<'_>> {
    let (file, rest) = line.trim_start().strip_prefix('"')?.split_once("\", line ")?;
    let (number, text) = rest.split_once(':')?;
    Some(Place { file, line: Some(number.parse().ok()?), text: text.trim() })
}

/// Any of them.
pub(super) fn any(line: &str) -> Option<Place<'_>> {
    colon(line).or_else(|| parenthesis(line)).or_else(|| quoted(line)).or_else(|| bracket(line))
}

/// The place in one of Maven's lines: `[ERROR] /src/A.java:[12,33] text`.
pub(super) fn bracket(line: &str) -> Option<Place<'_>> {
    let (file, rest) = line.split_once(":[")?;
    let (number, text) = rest.split_once(']')?;
    let number = number.split(',').next()?.parse().ok()?;
    let file = file_in(file);
    is_file(file).then(|| Place { file, line: Some(number), text: text.trim() })
}

/// `head` without the name that Ant and Maven put before a line: `    [javac] A.java`.
fn file_in(head: &str) -> &str {
    let head = head.trim_start();
    head.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(head, |(_, file)| file)
}

/// Whether a file lies where nothing tells about the package: the compiler's temporary files.
pub(super) fn is_temporary(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let random = name.split('.').next().and_then(|stem| stem.strip_prefix("cc"));
    file.contains("/tmp/") && random.is_some_and(|random| random.len() == 6)
}

/// Whether `text` can be a file's name in front of a line number.
pub(super) fn is_file(text: &str) -> bool {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    !name.is_empty()
        && text.len() <= MAX_FILE_BYTES
        && !text.contains(['\'', '"', '=', '('])
        && !text.contains(": ")
        && !name.contains(' ')
        && (name.contains('.')
            || text.contains('/')
            || matches!(name, "Makefile" | "makefile" | "configure" | "GNUmakefile"))
        && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_all_styles() {
        for (line, file, number, text) in [
            ("a.c:4:3: error: x", "a.c", 4, "error: x"),
            ("../x/a.c:4: error: x", "../x/a.c", 4, "error: x"),
            ("/a b/c.f90:12:15:", "/a b/c.f90", 12, ""),
            ("s.f90(12): error #5082: y", "s.f90", 12, "error #5082: y"),
            ("k.cu(7,2): error: z", "k.cu", 7, "error: z"),
            ("\"a.cpp\", line 12: error: w", "a.cpp", 12, "error: w"),
            ("/usr/include/c++/13/optional:477:5: error: v", "/usr/include/c++/13/optional", 477, "error: v"),
            ("    [javac] /x/A.java:31: error: u", "/x/A.java", 31, "error: u"),
            ("[ERROR] /x/A.java:[12,33] t", "/x/A.java", 12, "t"),
        ] {
            assert_eq!(any(line), Some(Place { file, line: Some(number), text }));
        }
        for line in ["error: x", "12:33:01 done", "http://x:80/a", "note: a.c", "localhost:80: refused", ""] {
            assert_eq!(any(line), None, "{line}");
        }
    }
}
