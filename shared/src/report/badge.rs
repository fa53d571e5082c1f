//! A badge that says how a package is, for the README of who needs it.
//!
//! ```text
//! hdf5 | ✓ built 1.14.5        hdf5 | ✕ failing        hdf5 | ◌ not in this cache
//! ```
//! Shape and word say it, the colour only again. The figure brings no style, no script and no link.

use crate::name::PackageName;

/// How a package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The mirror has it; this is the highest of its versions.
    Built(String),
    /// Its last build that came to an end failed.
    Failing,
    /// The mirror has no package of this name, and none failed.
    Missing,
}

impl State {
    /// What the badge says after the package's name.
    pub fn words(&self) -> String {
        match self {
            Self::Built(version) => {
                let short: String = version.chars().take(MAX_VERSION_CHARS).collect();
                let cut = if short.len() < version.len() { "…" } else { "" };
                format!("built {short}{cut}")
            }
            Self::Failing => "failing".to_owned(),
            Self::Missing => "not in this cache".to_owned(),
        }
    }

    /// The ground the words stand on: white text on it has a contrast of 5.9 to 1 or more.
    const fn ground(&self) -> &'static str {
        match self {
            Self::Built(_) => "#0b6a52",
            Self::Failing => "#b1320f",
            Self::Missing => "#5f5a66",
        }
    }

    /// A shape around the origin, 7 units to each side.
    const fn shape(&self) -> &'static str {
        match self {
            Self::Built(_) => {
                r##"<circle r="6.5" fill="#fff"/><path d="M-3.2 .2-.9 2.6 3.4-2.4" fill="none" stroke="#0b6a52" stroke-width="1.8"/>"##
            }
            Self::Failing => {
                r##"<path d="M-2.7-6.5h5.4l3.8 3.8v5.4L2.7 6.5h-5.4l-3.8-3.8v-5.4z" fill="#fff"/><path d="M-2.6-2.6 2.6 2.6M2.6-2.6-2.6 2.6" stroke="#b1320f" stroke-width="1.8"/>"##
            }
            Self::Missing => {
                r##"<circle r="5.5" fill="none" stroke="#fff" stroke-width="2" stroke-dasharray="2 2.3" stroke-linecap="round"/>"##
            }
        }
    }
}

/// Characters shown of a version.
const MAX_VERSION_CHARS: usize = 40;

/// Width of a character in tenths of a unit; the text is set to it, whatever font there is.
const CHARACTER: usize = 66;
/// Space beside a text, in tenths of a unit.
const GAP: usize = 70;
/// What the shape takes with the space behind it, in tenths of a unit.
const SHAPE: usize = 180;

/// The badge as an SVG document.
pub fn svg(package: &PackageName, state: &State) -> String {
    let (name, words) = (escape(package.as_str()), state.words());
    let name_width = package.as_str().chars().count() * CHARACTER;
    let words_width = words.chars().count() * CHARACTER;
    let left = GAP + name_width + GAP;
    let all = left + GAP + SHAPE + words_width + GAP;
    let words = escape(&words);
    let (ground, shape) = (state.ground(), state.shape());
    let [left_width, all_width, right_width, name_at, shape_at, words_at, name_width, words_width] =
        [left, all, all - left, GAP, left + GAP + 70, left + GAP + SHAPE, name_width, words_width].map(units);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{all_width}" height="20" role="img" aria-label="{name}: {words}"><title>{name}: {words}</title><path d="M0 0h{left_width}v20H0z" fill="#2d2833"/><path d="M{left_width} 0h{right_width}v20H{left_width}z" fill="{ground}"/><g transform="translate({shape_at} 10)">{shape}</g><g fill="#fff" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="11" aria-hidden="true"><text x="{name_at}" y="14" textLength="{name_width}" lengthAdjust="spacingAndGlyphs">{name}</text><text x="{words_at}" y="14" textLength="{words_width}" lengthAdjust="spacingAndGlyphs">{words}</text></g></svg>"##
    )
}

/// Tenths of a unit as SVG writes them.
fn units(tenths: usize) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

fn escape(text: &str) -> String {
    quick_xml::escape::escape(super::feed::legal(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use quick_xml::{Reader, events::Event};

    use super::*;

    /// The texts of a document that is well-formed, and its elements.
    fn read(svg: &str) -> (Vec<String>, Vec<String>) {
        let mut reader = Reader::from_str(svg);
        let (mut texts, mut elements) = (Vec::new(), Vec::new());
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")) {
                Event::Start(start) | Event::Empty(start) => {
                    elements.push(String::from_utf8(start.name().as_ref().to_vec()).unwrap());
                }
                Event::Text(text) => texts.push(text.decode().unwrap().into_owned()),
                Event::GeneralRef(entity) => texts.push(format!("&{};", entity.decode().unwrap())),
                Event::Eof => return (texts, elements),
                _ => {}
            }
        }
    }

    #[test]
    fn a_badge_says_in_words_and_in_a_shape_how_a_package_is() {
        let name: PackageName = "hdf5".parse().unwrap();
        let mut shapes = Vec::new();
        for (state, words) in [
            (State::Built("1.14.5".into()), "built 1.14.5"),
            (State::Failing, "failing"),
            (State::Missing, "not in this cache"),
        ] {
            let svg = svg(&name, &state);
            assert!(svg.contains(r#"role="img""#) && svg.len() < 1_500, "{svg}");
            let (texts, elements) = read(&svg);
            assert_eq!(texts, [&format!("hdf5: {words}"), "hdf5", words]);
            assert!(
                elements.iter().all(|name| ["svg", "title", "path", "g", "circle", "text"].contains(&name.as_str()))
            );
            shapes.push(state.shape().to_owned());
        }
        shapes.dedup();
        assert_eq!(shapes.len(), 3);
    }

    #[test]
    fn a_hostile_version_stays_text_and_short() {
        let state = State::Built(format!("<script>\"'&\u{0}{}", "9".repeat(500)));
        let svg = svg(&"a".parse().unwrap(), &state);
        assert!(!svg.contains("<script") && svg.len() < 2_000, "{svg}");
        assert!(read(&svg).0.join("").contains("&lt;script&gt;&quot;&apos;&amp;\u{fffd}999"), "{svg}");
    }
}
