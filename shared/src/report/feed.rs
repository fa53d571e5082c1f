//! A feed of what began to fail, or failed again: Atom (RFC 4287).
//!
//! ```text
//! <entry><id>https://…/m/stack/-/failures/0123…#2026-11-20T16:06:03Z</id><title>hdf5 does not build: …</title>…
//! ```
//! An entry stands for a failure that appeared at a time. Seen again while it still fails, it stays as it
//! is; fixed and back, it is another entry.

use std::{borrow::Cow, io};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use crate::{api::Timestamp, index::report::News, name::MirrorName, route::page::Page};

/// Entries of a feed.
pub const MAX_ENTRIES: u32 = 50;

/// The media type of a feed.
pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

/// Lines of the log that an entry shows, and characters of each.
const MAX_LINES: usize = 30;
const MAX_LINE_CHARS: usize = 300;
/// Characters of an error in an entry's title.
const MAX_TITLE_CHARS: usize = 160;

/// `hdf5 does not build: …`, in a line.
fn title(news: &News) -> String {
    let package = news.cause.package.as_ref().or(news.failure.packages.first()).map_or("A package", String::as_str);
    format!("{} does not build: {}", short(package, 100), short(&news.cause.message, MAX_TITLE_CHARS))
}

/// When something last appeared; `None` when nothing did.
pub fn updated(entries: &[News]) -> Option<Timestamp> {
    entries.iter().map(|news| news.since).max()
}

/// The feed of a mirror. `origin` is the scheme and host it was asked at, `path` its own path there;
/// `created` is when the mirror was made, for a feed with nothing in it.
pub fn atom(origin: &str, path: &str, mirror: &MirrorName, created: Timestamp, entries: &[News]) -> String {
    let mut writer = Writer::new(Vec::new());
    // Writing into memory does not fail.
    let _ = write(&mut writer, origin, path, mirror, created, entries);
    String::from_utf8(writer.into_inner()).unwrap_or_default()
}

fn write(
    writer: &mut Writer<Vec<u8>>,
    origin: &str,
    path: &str,
    mirror: &MirrorName,
    created: Timestamp,
    entries: &[News],
) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let feed = writer.create_element("feed").with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
    feed.write_inner_content(|writer| {
        let page = format!("{origin}{}", Page::Failures(mirror.clone()));
        text(writer, "id", &page)?;
        text(writer, "title", &format!("What fails in {mirror}"))?;
        text(writer, "updated", &updated(entries).unwrap_or(created).to_string())?;
        writer.create_element("author").write_inner_content(|writer| text(writer, "name", "Larder"))?;
        link(writer, "self", &format!("{origin}{path}"))?;
        link(writer, "alternate", &page)?;
        entries.iter().try_for_each(|it| entry(writer, origin, mirror, it))
    })?;
    Ok(())
}

fn entry(writer: &mut Writer<Vec<u8>>, origin: &str, mirror: &MirrorName, news: &News) -> io::Result<()> {
    writer.create_element("entry").write_inner_content(|writer| {
        let page = format!("{origin}{}", Page::Failure(mirror.clone(), news.failure.signature.clone()));
        let at = news.since.to_string();
        text(writer, "id", &format!("{page}#{at}"))?;
        text(writer, "title", &title(news))?;
        text(writer, "published", &at)?;
        text(writer, "updated", &at)?;
        link(writer, "alternate", &page)?;
        if let Some(run) = &news.run.link {
            link(writer, "related", run)?;
        }
        let content = writer.create_element("content").with_attribute(("type", "html"));
        content.write_text_content(BytesText::new(&legal(&html(news)))).map(drop)
    })?;
    Ok(())
}

fn text(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(&legal(text))).map(drop)
}

fn link(writer: &mut Writer<Vec<u8>>, relation: &str, url: &str) -> io::Result<()> {
    let url = legal(url);
    writer.create_element("link").with_attributes([("rel", relation), ("href", &*url)]).write_empty().map(drop)
}

/// What an entry says: the error, where it is, and the log around it.
fn html(news: &News) -> String {
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    let failure = &news.cause;
    let mut html = format!("<p><code>{}</code></p>", escape(&short(&failure.message, 1_000)));
    let place = match (&failure.file, failure.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        (None, _) => String::new(),
    };
    let packages = news.failure.packages.join(", ");
    let phase = failure.phase.as_deref().unwrap_or_default();
    for (name, value) in [("In", place.as_str()), ("Phase", phase), ("Packages", &packages)] {
        if !value.is_empty() {
            html += &format!("<p>{name}: <code>{}</code></p>", escape(&short(value, 500)));
        }
    }
    let (lines, error) = (&failure.excerpt.lines, failure.excerpt.error);
    let first = error.saturating_sub(MAX_LINES / 2).min(lines.len().saturating_sub(MAX_LINES));
    html += "<pre>";
    for (index, line) in lines.iter().enumerate().skip(first).take(MAX_LINES) {
        let line = escape(&short(line, MAX_LINE_CHARS));
        html += &if index == error { format!("<strong>{line}</strong>\n") } else { format!("{line}\n") };
    }
    html + "</pre>"
}

/// One line of at most so many characters.
fn short(text: &str, max_chars: usize) -> String {
    let mut short: String =
        text.trim_end().chars().take(max_chars).map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect();
    if text.trim_end().chars().nth(max_chars).is_some() {
        short.push('…');
    }
    short
}

/// The same with a replacement for each character that no XML document may hold, not even escaped
/// (XML 1.0, production 2).
pub(super) fn legal(text: &str) -> Cow<'_, str> {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_legal) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if is_legal(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::report::{Counts, FailureSummary, RunSummary},
        report::{
            Excerpt, Failure, Kind, Run, Signature, Tool,
            xml::{Document, Item},
        },
    };

    fn news(since: u64, message: &str, lines: &[&str]) -> News {
        let since = Timestamp::from_millis(since);
        let cause = Failure {
            package: Some("hdf5".into()),
            phase: Some("build".into()),
            kind: Kind::Compile,
            tool: Tool::Gcc,
            file: Some("H5.c".into()),
            line: Some(81),
            message: message.into(),
            log_line: None,
            excerpt: Excerpt { first_line: None, error: 0, lines: lines.iter().map(|it| (*it).into()).collect() },
            signature: Signature::new(Kind::Compile, None, None, message),
        };
        let run = RunSummary {
            id: 1,
            run: Run::default(),
            link: Some("https://github.com/octo-org/stack/actions/runs/7?a=1&b=2".into()),
            started: since,
            last: since,
            counts: Counts::default(),
            pushed: 0,
            cells: vec![],
        };
        let failure = FailureSummary {
            signature: cause.signature.clone(),
            message: cause.message.clone(),
            kind: cause.kind,
            tool: cause.tool,
            phase: None,
            file: None,
            line: None,
            packages: vec!["hdf5".into(), "netcdf-c".into()],
            package_count: 2,
            seen: 2,
            blocks: 0,
            first: since,
            last: since,
            last_build: 7,
            still_failing: true,
        };
        News { failure, since, cause, run }
    }

    /// Elements in order: name, attributes `rel` and `href`, text.
    fn read(feed: &str) -> Vec<(String, String, String)> {
        let mut document = Document::new(feed.as_bytes());
        let (mut open, mut all) = (Vec::new(), Vec::new());
        while let Some(item) = document.next_item().unwrap_or_else(|error| panic!("{error}: {feed}")) {
            match item {
                Item::Begin(element) => {
                    let attribute = |name| element.attribute(name).unwrap_or_default().to_owned();
                    open.push(format!("{} {}", attribute("rel"), attribute("href")));
                }
                Item::End(name, text) => all.push((name, open.pop().unwrap(), text)),
            }
        }
        all
    }

    const SELF: &str = "/api/v1/mirrors/stack/failures.atom";

    fn feed(entries: &[News]) -> String {
        atom("https://l.example", SELF, &"stack".parse().unwrap(), Timestamp::from_millis(0), entries)
    }

    fn texts(all: &[(String, String, String)], name: &str) -> Vec<String> {
        all.iter().filter(|(it, ..)| it == name).map(|(.., text)| text.clone()).collect()
    }

    #[test]
    fn an_entry_names_its_failure_and_when_it_appeared() {
        let entries = [
            news(1_795_190_763_000, "'x' undeclared", &["H5.c:81: error: 'x' undeclared", "make: ***"]),
            news(1_795_190_700_000, "other", &[]),
        ];
        let all = read(&feed(&entries));
        let page = format!("https://l.example/m/stack/-/failures/{}", entries[0].failure.signature);
        let ids = texts(&all, "id");
        assert_eq!(ids[..2], ["https://l.example/m/stack/-/failures".into(), format!("{page}#2026-11-20T16:06:03Z")]);
        assert_eq!(
            texts(&all, "title"),
            ["What fails in stack", "hdf5 does not build: 'x' undeclared", "hdf5 does not build: other"]
        );
        // The feed's own first.
        let updated = ["2026-11-20T16:06:03Z", "2026-11-20T16:06:03Z", "2026-11-20T16:05:00Z"];
        assert_eq!(texts(&all, "updated"), updated);
        let links: Vec<_> = all.iter().filter(|(name, ..)| name == "link").map(|(_, link, _)| link.as_str()).collect();
        let related = "related https://github.com/octo-org/stack/actions/runs/7?a=1&b=2";
        assert!(links.contains(&&*format!("alternate {page}")) && links.contains(&related), "{links:?}");
        assert!(links.contains(&&*format!("self https://l.example{SELF}")));
        assert_eq!(
            texts(&all, "content")[0],
            "<p><code>&apos;x&apos; undeclared</code></p><p>In: <code>H5.c:81</code></p><p>Phase: <code>build</code></p>\
             <p>Packages: <code>hdf5, netcdf-c</code></p><pre><strong>H5.c:81: error: &apos;x&apos; undeclared</strong>\nmake: ***\n</pre>"
        );
    }

    #[test]
    fn an_empty_feed_is_as_old_as_its_mirror() {
        assert_eq!(texts(&read(&feed(&[])), "updated"), ["1970-01-01T00:00:00Z"]);
    }

    #[test]
    fn nothing_that_a_log_says_becomes_markup() {
        let hostile = "\u{1b}[31m<script>alert(1)</script>]]>&amp;\u{0}\u{fffe}";
        let long = format!("{hostile}\n{}", "x".repeat(5_000));
        let feed = feed(&[news(0, &long, &[hostile, &long])]);
        assert!(feed.chars().all(|c| c == '\n' || !c.is_control()), "{feed}");
        let all = read(&feed);
        let content = &texts(&all, "content")[0];
        assert!(!content.contains("<script") && content.contains("&lt;script&gt;"), "{content}");
        assert!(content.len() < 3_000, "{}", content.len());
        let title = &texts(&all, "title")[1];
        assert!(title.contains("<script>alert(1)</script>]]>&amp;\u{fffd}\u{fffd} xx"), "{title}");
    }
}
