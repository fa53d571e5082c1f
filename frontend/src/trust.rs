//! What is signed, and how the origin fares, in words.

use larder_shared::api::{Layout, Mirror, Origin, SpecSummary, Timestamp};

use crate::format::{ago, clock, count, counted, sentence};

/// How much of a mirror is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Nothing is in it.
    Empty,
    /// Every spec carries a signature.
    Signed,
    /// Some do.
    PartlySigned,
    /// None does.
    Unsigned,
    /// They come from an origin, and none was read yet.
    Unknown,
}

impl Trust {
    /// How much of `mirror` is signed.
    pub const fn of(mirror: &Mirror) -> Self {
        match (mirror.signed, mirror.specs.saturating_sub(mirror.unread_specs)) {
            _ if mirror.specs == 0 => Self::Empty,
            (_, 0) => Self::Unknown,
            (0, _) => Self::Unsigned,
            (signed, known) if signed >= known => Self::Signed,
            _ => Self::PartlySigned,
        }
    }

    /// In two words at most.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Signed => "signed",
            Self::PartlySigned => "partly signed",
            Self::Unsigned => "unsigned",
            Self::Unknown => "unknown",
        }
    }
}

/// How many of a mirror's specs are signed, as a sentence.
pub fn signed_sentence(mirror: &Mirror) -> String {
    let specs = mirror.specs;
    let trust = Trust::of(mirror);
    if mirror.unread_specs > 0 && !matches!(trust, Trust::Empty | Trust::Unknown) {
        let known = specs.saturating_sub(mirror.unread_specs);
        return format!("{} of the {} read so far are signed.", count(mirror.signed), counted(known, "spec"));
    }
    match trust {
        Trust::Empty => "It holds no spec yet.".to_owned(),
        Trust::Signed if specs == 1 => "Its one spec is signed.".to_owned(),
        Trust::Signed => format!("All {} specs are signed.", count(specs)),
        Trust::PartlySigned => format!("{} of {} are signed.", count(mirror.signed), counted(specs, "spec")),
        Trust::Unsigned => "Nothing in it is signed.".to_owned(),
        Trust::Unknown => "Larder learns whether a spec is signed when it is first read.".to_owned(),
    }
}

/// The name of a layout in a sentence, with who reads it.
pub const fn layout_words(layout: Layout) -> &'static str {
    match layout {
        Layout::V2 => "v2, which Spack 0.22 and 0.23 read",
        Layout::V3 => "v3, which Spack 1.x reads",
        Layout::Oci => "an OCI image, which Spack reads since 0.22",
    }
}

/// The name of a layout alone.
const fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::V2 => "v2",
        Layout::V3 => "v3",
        Layout::Oci => "OCI image",
    }
}

/// The layouts that Larder derives of a spec which arrived in `layout`.
pub const fn derived_layouts(layout: Layout) -> &'static [Layout] {
    match layout {
        Layout::V2 => &[Layout::V3],
        Layout::V3 => &[Layout::V2],
        Layout::Oci => &[Layout::V2, Layout::V3],
    }
}

/// A spec's layouts in one line: `v2 as pushed; v3 derived, unsigned there`.
pub fn layouts_of_spec(spec: &SpecSummary) -> String {
    let unsigned = match spec.signed {
        _ if spec.managed => ", signed by the mirror",
        Some(true) => ", unsigned there",
        Some(false) | None => "",
    };
    let derived: Vec<_> = derived_layouts(spec.layout).iter().map(|layout| layout.as_str()).collect();
    format!("{} as pushed; {} derived{unsigned}", layout_name(spec.layout), derived.join(" and "))
}

/// How a mirror's origin fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing is wrong.
    Well,
    /// It was not asked yet.
    Unasked,
    /// What is served is a copy; the origin cannot be had now.
    Stale,
    /// The origin cannot be had, and there is no copy.
    Failed,
}

/// Where a mirror's packages come from, and how that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginWords {
    /// How it fares.
    pub health: Health,
    /// The state in sentences.
    pub state: String,
}

impl OriginWords {
    /// What to say of `mirror`'s origin at `now`.
    pub fn of(mirror: &Mirror, now: Timestamp) -> Self {
        let words = |health, state| Self { health, state };
        if mirror.origin == Origin::Bucket {
            return words(Health::Well, "Pushed to Larder and kept in its own bucket.".to_owned());
        }
        let Some(state) = &mirror.origin_state else {
            return words(Health::Unasked, "Larder has not asked it yet; the first reader makes it ask.".to_owned());
        };
        match (state.asked, state.fresh, state.error.as_deref()) {
            (None, ..) => {
                words(Health::Unasked, "Larder has not asked it yet; the first reader makes it ask.".to_owned())
            }
            (Some(asked), _, None) => words(Health::Well, format!("Its index was read {}.", ago(asked, now))),
            (Some(asked), Some(fresh), Some(error)) => words(
                Health::Stale,
                format!(
                    "{} Larder asked {}. Shown is the copy of {} ({}); Larder asks again by itself.",
                    sentence(error),
                    ago(asked, now),
                    clock(fresh),
                    ago(fresh, now)
                ),
            ),
            (Some(asked), None, Some(error)) => words(
                Health::Failed,
                format!(
                    "{} Larder asked {}; it has never answered well, so there is nothing to show. Larder asks again by itself.",
                    sentence(error),
                    ago(asked, now)
                ),
            ),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use larder_shared::api::{OriginState, Recipes, Require, Signing, report::Reports};

    use super::*;

    /// A mirror with so many specs, so many of them signed.
    pub(crate) fn mirror(specs: u64, signed: u64, layouts: &[Layout]) -> Mirror {
        Mirror {
            name: "user-environment".parse().unwrap(),
            origin: Origin::Bucket,
            created: Timestamp::from_millis(0),
            private: false,
            trust: None,
            specs,
            packages: specs,
            signed,
            unread_specs: 0,
            bytes: 0,
            unsized_specs: 0,
            generation: 1,
            updated: None,
            layouts: layouts.to_vec(),
            origin_state: None,
            signing: Signing::None,
            require: Require::Nothing,
            recipes: Recipes::default(),
            webhook: None,
            reindex: None,
            reports: Reports::default(),
        }
    }

    #[test]
    fn trust_is_said_in_words() {
        for (specs, signed, word, sentence) in [
            (0, 0, "empty", "It holds no spec yet."),
            (1, 1, "signed", "Its one spec is signed."),
            (53, 53, "signed", "All 53 specs are signed."),
            (53, 12, "partly signed", "12 of 53 specs are signed."),
            (53, 0, "unsigned", "Nothing in it is signed."),
        ] {
            let mirror = mirror(specs, signed, &[Layout::V2]);
            assert_eq!((Trust::of(&mirror).word(), signed_sentence(&mirror).as_str()), (word, sentence));
        }
    }

    #[test]
    fn what_nobody_read_yet_is_not_called_unsigned() {
        for (signed, unread, word, sentence) in [
            (0, 53, "unknown", "Larder learns whether a spec is signed when it is first read."),
            (2, 51, "signed", "2 of the 2 specs read so far are signed."),
            (1, 51, "partly signed", "1 of the 2 specs read so far are signed."),
            (0, 51, "unsigned", "0 of the 2 specs read so far are signed."),
        ] {
            let mirror = Mirror { unread_specs: unread, ..mirror(53, signed, &[Layout::V2]) };
            assert_eq!((Trust::of(&mirror).word(), signed_sentence(&mirror).as_str()), (word, sentence));
        }
    }

    #[test]
    fn an_origin_is_well_stale_or_failed() {
        let minute = |minute: u64| Timestamp::from_millis(minute * 60_000);
        let mut mirror = mirror(1, 1, &[Layout::V2]);
        assert_eq!(OriginWords::of(&mirror, minute(9)).health, Health::Well);
        mirror.origin = Origin::Http { url: "https://mirror.example.org".to_owned() };
        assert_eq!(OriginWords::of(&mirror, minute(9)).health, Health::Unasked);
        let error = Some("the origin mirror.example.org did not answer within 10 s".to_owned());
        for (asked, fresh, error, health, state) in [
            (None, None, None, Health::Unasked, "Larder has not asked it yet; the first reader makes it ask."),
            (Some(minute(4)), Some(minute(4)), None, Health::Well, "Its index was read 5 min ago."),
            (
                Some(minute(8)),
                Some(minute(4)),
                error.clone(),
                Health::Stale,
                "The origin mirror.example.org did not answer within 10 s. Larder asked 1 min ago. Shown is the copy of 00:04 UTC (5 min ago); Larder asks again by itself.",
            ),
            (
                Some(minute(8)),
                None,
                error,
                Health::Failed,
                "The origin mirror.example.org did not answer within 10 s. Larder asked 1 min ago; it has never answered well, so there is nothing to show. Larder asks again by itself.",
            ),
        ] {
            mirror.origin_state = Some(OriginState { asked, fresh, error, ..OriginState::default() });
            assert_eq!(OriginWords::of(&mirror, minute(9)), OriginWords { health, state: state.to_owned() });
        }
    }
}
