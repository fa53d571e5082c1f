//! Figures, sizes and times as the dashboard writes them.
//!
//! ```text
//! 1,263   14.7 k   198.5 kB   46 min   2026-11-20   4CA1 35D4 …   e5e96a8c808e…3ba7
//! ```

use std::borrow::Cow;

use larder_shared::{api::Timestamp, name::PackageName};

/// A count with its digits in groups: `1,263`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count for a narrow cell: in full below 10,000, then `14.7 k`, `2.3 M`.
pub fn short_count(number: u64) -> String {
    match number {
        0..10_000 => count(number),
        10_000..999_950 => tenths(number, 1_000, " k"),
        _ => tenths(number, 1_000_000, " M"),
    }
}

/// A count and its noun: `1 spec`, `53 specs`. The plural of all our nouns ends in `s`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A size in decimal units, one digit after the point: `198.5 kB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..999_950 => tenths(bytes, 1_000, " kB"),
        999_950..999_950_000 => tenths(bytes, 1_000_000, " MB"),
        999_950_000..999_950_000_000 => tenths(bytes, 1_000_000_000, " GB"),
        _ => tenths(bytes, 1_000_000_000_000, " TB"),
    }
}

/// The exact size, for titles: `198,501 bytes`.
pub fn exact_size(bytes: u64) -> String {
    counted(bytes, "byte")
}

/// `number / unit`, rounded to one digit after the point; `unit` is a power of ten from 1,000 on.
fn tenths(number: u64, unit: u64, suffix: &str) -> String {
    let tenths = number.saturating_add(unit / 20) / (unit / 10);
    format!("{}.{}{suffix}", tenths / 10, tenths % 10)
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Ages above this are written as a date.
const LAST_AGE_IN_DAYS: u64 = 14;

/// How old a thing is: `now`, `46 min`, `5 h`, `3 days`, then its date. A time ahead of our clock is `now`.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    match age_seconds(then, now) {
        0..MINUTE => "now".to_owned(),
        seconds @ MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h", seconds / HOUR),
        seconds if seconds < LAST_AGE_IN_DAYS * DAY => counted(seconds / DAY, "day"),
        _ => date(then),
    }
}

/// An age inside a sentence: `now`, `46 min ago`, `on 2026-11-20`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    match age_seconds(then, now) {
        0..MINUTE => "now".to_owned(),
        seconds if seconds < LAST_AGE_IN_DAYS * DAY => format!("{} ago", age(then, now)),
        _ => format!("on {}", date(then)),
    }
}

fn age_seconds(then: Timestamp, now: Timestamp) -> u64 {
    now.as_millis().saturating_sub(then.as_millis()) / 1_000
}

/// The day in UTC: `2026-11-20`.
pub fn date(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// The second in UTC: `2026-11-20 16:06:03 UTC`.
pub fn utc(time: Timestamp) -> String {
    time.to_string().replace('T', " ").replace('Z', " UTC")
}

/// The minute in UTC: `16:06 UTC`.
pub fn clock(time: Timestamp) -> String {
    time.to_string().get(11..16).map(|minute| format!("{minute} UTC")).unwrap_or_default()
}

/// How long something took: `0.3 s`, `48 s`, `4 min 12 s`, `1 h 05 min`.
pub fn duration(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, millis % 1_000 / 100),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min {:02} s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{} h {:02} min", seconds / HOUR, seconds % HOUR / MINUTE),
    }
}

/// A stretch of time in UTC: `2026-11-20, 16:06 to 16:08 UTC`; both dates where they differ.
pub fn span(from: Timestamp, to: Timestamp) -> String {
    let minute = |time: Timestamp| clock(time).replace(" UTC", "");
    let (first, last) = (date(from), date(to));
    if to <= from || (first == last && minute(from) == minute(to)) {
        format!("{first}, {}", clock(from))
    } else if first == last {
        format!("{first}, {} to {}", minute(from), clock(to))
    } else {
        format!("{first}, {} to {last}, {}", minute(from), clock(to))
    }
}

/// The second of a day in UTC: `16:06:03`.
pub fn clock_seconds(time: Timestamp) -> String {
    time.to_string().get(11..19).unwrap_or_default().to_owned()
}

/// A key's fingerprint in groups of four.
pub fn fingerprint(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A digest for reading: its first twelve and last four digits.
pub fn short_digest(digest: &str) -> String {
    match (digest.get(..12), digest.len().checked_sub(4).and_then(|at| digest.get(at..))) {
        (Some(head), Some(tail)) if digest.len() > 16 => format!("{head}…{tail}"),
        _ => digest.to_owned(),
    }
}

/// A DAG hash for reading: its first seven characters.
pub fn short_hash(hash: &str) -> &str {
    hash.get(..7).unwrap_or(hash)
}

/// A recipe as Spack names it: `builtin.hdf5`.
pub fn recipe(namespace: Option<&str>, name: &PackageName) -> String {
    namespace.map_or_else(|| name.to_string(), |namespace| format!("{namespace}.{name}"))
}

/// Words joined as in a sentence: `a`, `a and b`, `a, b and c`.
pub fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Text as a sentence: a capital first, a full stop last. Our texts are English; the tables that turn
/// every alphabet's letters would be a tenth of what a first visit loads.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let mut sentence: String = letters.next().map(|first| first.to_ascii_uppercase().to_string()).unwrap_or_default();
    sentence.push_str(letters.as_str());
    if !sentence.is_empty() && !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

/// Foreign text for reading: control characters and those that turn the direction of writing are
/// written as escapes, so that a name cannot pretend to be another.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() });
    Cow::Owned(escaped.collect())
}

/// Lines of foreign text for reading; their ends stay.
pub fn visible_lines(lines: &[&str]) -> String {
    lines.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_shortened_from_ten_thousand() {
        for (number, long, short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_263, "1,263", "1,263"),
            (14_650, "14,650", "14.7 k"),
            (999_949, "999,949", "999.9 k"),
            (999_950, "999,950", "1.0 M"),
            (1_234_567, "1,234,567", "1.2 M"),
        ] {
            assert_eq!((count(number).as_str(), short_count(number).as_str()), (long, short));
        }
        assert_eq!(counted(1, "spec"), "1 spec");
        assert_eq!(counted(0, "spec"), "0 specs");
    }

    #[test]
    fn sizes_are_decimal_and_never_show_a_thousand() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (198_501, "198.5 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (2_021_464, "2.0 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
        assert_eq!(exact_size(198_501), "198,501 bytes");
    }

    #[test]
    fn ages_grow_into_dates() {
        let then = Timestamp::from_millis(1_795_190_763_000);
        let after = |seconds: u64| Timestamp::from_millis(then.as_millis() + seconds * 1_000);
        for (seconds, plain, sentence) in [
            (0, "now", "now"),
            (59, "now", "now"),
            (60, "1 min", "1 min ago"),
            (46 * MINUTE, "46 min", "46 min ago"),
            (5 * HOUR + 1, "5 h", "5 h ago"),
            (DAY, "1 day", "1 day ago"),
            (13 * DAY, "13 days", "13 days ago"),
            (14 * DAY, "2026-11-20", "on 2026-11-20"),
        ] {
            let now = after(seconds);
            assert_eq!((age(then, now).as_str(), ago(then, now).as_str()), (plain, sentence));
        }
        assert_eq!(age(after(500), then), "now");
        assert_eq!(utc(then), "2026-11-20 16:06:03 UTC");
        assert_eq!(clock(then), "16:06 UTC");
    }

    #[test]
    fn durations_and_spans() {
        for (millis, text) in [
            (0, "0.0 s"),
            (340, "0.3 s"),
            (9_999, "9.9 s"),
            (48_000, "48 s"),
            (252_000, "4 min 12 s"),
            (3_900_000, "1 h 05 min"),
        ] {
            assert_eq!(duration(millis), text);
        }
        let from = Timestamp::from_millis(1_795_190_763_000);
        let after = |seconds: u64| Timestamp::from_millis(from.as_millis() + seconds * 1_000);
        assert_eq!(span(from, from), "2026-11-20, 16:06 UTC");
        assert_eq!(span(from, after(120)), "2026-11-20, 16:06 to 16:08 UTC");
        assert_eq!(span(from, after(DAY)), "2026-11-20, 16:06 to 2026-11-21, 16:06 UTC");
        assert_eq!(clock_seconds(from), "16:06:03");
    }

    #[test]
    fn sentences_begin_and_end() {
        for (text, expected) in
            [("", ""), ("there is none", "There is none."), ("`x` is. ", "`x` is."), ("Why?", "Why?")]
        {
            assert_eq!(sentence(text), expected);
        }
    }

    #[test]
    fn hidden_characters_become_visible() {
        assert!(matches!(visible("hdf5 é 日本"), Cow::Borrowed(_)));
        assert_eq!(visible("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
    }

    #[test]
    fn digests_and_fingerprints() {
        assert_eq!(fingerprint("4CA135D4D5"), "4CA1 35D4 D5");
        assert_eq!(short_digest("e5e96a8c808eff3017130906b67b3ba7"), "e5e96a8c808e…3ba7");
        assert_eq!(short_digest("short"), "short");
        assert_eq!(short_hash("slmgyj5v4fo4y6wdzwfhnokekfbduvnn"), "slmgyj5");
        assert_eq!(joined(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
