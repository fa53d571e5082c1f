//! The columns of a package's table, and which of them say nothing because all rows are alike.

use larder_shared::{api::SpecSummary, version::Version};

use crate::{format, order::sorted, variants::Compared};

/// A column of a package's specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// `@1.14.5`
    Version,
    /// The variants that differ, or all.
    Variants,
    /// `%gcc@12.2.0`
    Compiler,
    /// Such as `debian12`.
    Os,
    /// Such as `zen2`.
    Target,
    /// Such as `linux`.
    Platform,
    /// Whether it carries a signature.
    Signed,
    /// The layout in which it arrived.
    Layout,
    /// The size of its tarball.
    Size,
    /// When it arrived.
    Pushed,
}

impl Column {
    /// All of them, in their order in a table.
    pub const ALL: [Self; 10] = [
        Self::Version,
        Self::Variants,
        Self::Compiler,
        Self::Os,
        Self::Target,
        Self::Platform,
        Self::Signed,
        Self::Layout,
        Self::Size,
        Self::Pushed,
    ];

    /// Those that are shown when none are chosen.
    pub const USUAL: [Self; 7] =
        [Self::Version, Self::Variants, Self::Compiler, Self::Os, Self::Target, Self::Size, Self::Pushed];

    /// What the URL calls it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Variants => "variants",
            Self::Compiler => "compiler",
            Self::Os => "os",
            Self::Target => "target",
            Self::Platform => "platform",
            Self::Signed => "signed",
            Self::Layout => "layout",
            Self::Size => "size",
            Self::Pushed => "pushed",
        }
    }

    /// What its head says.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "Version",
            Self::Variants => "Variants",
            Self::Compiler => "Compiler",
            Self::Os => "System",
            Self::Target => "Target",
            Self::Platform => "Platform",
            Self::Signed => "Signature",
            Self::Layout => "Arrived as",
            Self::Size => "Size",
            Self::Pushed => "Pushed",
        }
    }

    /// Whether it holds figures, which stand at the right and begin with the largest.
    pub const fn is_figure(self) -> bool {
        matches!(self, Self::Size | Self::Pushed)
    }

    /// The text by which specs are the same in this column; `None` for what differs by nature.
    fn common(self, spec: &SpecSummary) -> Option<String> {
        match self {
            Self::Version => Some(format!("@{}", spec.version)),
            Self::Compiler => spec.compiler.as_ref().map(|compiler| format!("%{compiler}")),
            Self::Os => Some(format!("os={}", spec.os)),
            Self::Target => Some(format!("target={}", spec.target)),
            Self::Platform => Some(format!("platform={}", spec.platform)),
            Self::Variants | Self::Signed | Self::Layout | Self::Size | Self::Pushed => None,
        }
    }
}

/// Reads the URL's `cols`: `version,target`. Names it does not know are left out; without any, the usual ones.
pub fn parse(text: &str) -> Vec<Column> {
    let keys: Vec<&str> = text.split(',').collect();
    let chosen: Vec<Column> = Column::ALL.into_iter().filter(|column| keys.contains(&column.key())).collect();
    if chosen.is_empty() { Column::USUAL.to_vec() } else { chosen }
}

/// What [`parse`] reads; nothing for the usual ones.
pub fn print(columns: &[Column]) -> String {
    if columns == Column::USUAL {
        return String::new();
    }
    columns.iter().map(|column| column.key()).collect::<Vec<_>>().join(",")
}

/// Columns that are shown, and what all specs have in common in the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// In order.
    pub columns: Vec<Column>,
    /// As Spack writes it: `os=debian12`.
    pub common: Vec<String>,
}

/// Takes out of `columns` those that are equal in all of `specs`, where there are several.
pub fn only_what_differs(columns: &[Column], specs: &[SpecSummary], compared: &Compared) -> Shown {
    let mut shown = Shown { columns: columns.to_vec(), common: Vec::new() };
    let [first, _, ..] = specs else { return shown };
    shown.columns.retain(|column| {
        if *column == Column::Variants {
            return !compared.differing.is_empty();
        }
        let Some(common) = column.common(first) else { return true };
        let is_same = specs.iter().all(|spec| column.common(spec).as_ref() == Some(&common));
        if is_same {
            shown.common.push(common);
        }
        !is_same
    });
    shown
}

/// An order of rows: by a column, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub column: Column,
    /// Whether the largest comes first.
    pub is_descending: bool,
}

impl Order {
    /// Reads `size` or `-size`.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, is_descending) = text.strip_prefix('-').map_or((text, false), |key| (key, true));
        let column = Column::ALL.into_iter().find(|column| column.key() == key && *column != Column::Variants)?;
        Some(Self { column, is_descending })
    }

    /// What a click on a head asks for: figures and versions begin with the largest; again turns it.
    pub fn after_click(column: Column, now: Option<Self>) -> String {
        let is_descending = match now {
            Some(now) if now.column == column => !now.is_descending,
            _ => column.is_figure() || column == Column::Version,
        };
        format!("{}{}", if is_descending { "-" } else { "" }, column.key())
    }

    /// Puts `rows`, places in `specs`, into this order; equal ones stay as they are.
    pub fn sort(self, rows: &[usize], specs: &[SpecSummary]) -> Vec<usize> {
        let places = sorted(rows.len(), &|a, b| {
            let (a, b) = (&specs[rows[a]], &specs[rows[b]]);
            let ordering = match self.column {
                Column::Version => Version::from(a.version.as_str()).cmp(&Version::from(b.version.as_str())),
                Column::Compiler => a.compiler.cmp(&b.compiler),
                Column::Os => a.os.cmp(&b.os),
                Column::Target => a.target.cmp(&b.target),
                Column::Platform => a.platform.cmp(&b.platform),
                Column::Signed => a.signed.cmp(&b.signed),
                Column::Layout => a.layout.cmp(&b.layout),
                Column::Size => a.size.cmp(&b.size),
                Column::Pushed => a.pushed.cmp(&b.pushed),
                Column::Variants => std::cmp::Ordering::Equal,
            };
            if self.is_descending { ordering.reverse() } else { ordering }
        });
        places.into_iter().map(|place| rows[place]).collect()
    }
}

/// A version of a package over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// The version.
    pub version: String,
    /// When its specs arrived, in milliseconds since 1970, the first first.
    pub pushed_millis: Vec<u64>,
}

/// When the specs of each version arrived; the highest version first, as in `specs`.
pub fn eras(specs: &[SpecSummary]) -> Vec<Era> {
    let mut eras: Vec<Era> = Vec::new();
    for spec in specs {
        let millis = spec.pushed.as_millis();
        match eras.iter_mut().find(|era| era.version == spec.version) {
            Some(era) => era.pushed_millis.push(millis),
            None => eras.push(Era { version: spec.version.clone(), pushed_millis: vec![millis] }),
        }
    }
    eras.iter_mut().for_each(|era| era.pushed_millis.sort_unstable());
    eras
}

/// What all specs have in common, as a sentence begins: `15 variants, os=debian12`.
pub fn common_words(shown: &Shown, compared: &Compared) -> String {
    let variants = compared.same.len() as u64;
    let variants = (variants > 0).then(|| format::counted(variants, "variant"));
    format::joined(&variants.into_iter().chain(shown.common.iter().cloned()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use larder_shared::api::Timestamp;

    use super::*;
    use crate::variants::tests::spec;

    #[test]
    fn columns_read_what_they_print() {
        assert_eq!(parse(""), Column::USUAL);
        assert_eq!(print(&Column::USUAL), "");
        for text in ["version", "version,target,signed", "os,layout"] {
            assert_eq!(print(&parse(text)), text);
        }
        assert_eq!(print(&parse("target,hal9000,version")), "version,target");
        assert_eq!(parse("hal9000"), Column::USUAL);
    }

    #[test]
    fn what_is_equal_in_all_rows_goes_into_a_sentence() {
        let specs = [spec("1.2", "debian12", "zen2", "+mpi api=v1"), spec("1.2", "debian12", "zen3", "~mpi api=v1")];
        let compared = Compared::of(&specs);
        let shown = only_what_differs(&Column::USUAL, &specs, &compared);
        assert_eq!(shown.common, ["@1.2", "os=debian12"]);
        assert_eq!(common_words(&shown, &compared), "1 variant, @1.2 and os=debian12");
        let names: Vec<_> = shown.columns.iter().map(|column| column.key()).collect();
        assert_eq!(names, ["variants", "compiler", "target", "size", "pushed"]);
        let alone = only_what_differs(&Column::USUAL, &specs[..1], &Compared::of(&specs[..1]));
        assert_eq!((alone.columns.as_slice(), alone.common.len()), (&Column::USUAL[..], 0));
    }

    #[test]
    fn rows_are_put_in_order() {
        let specs = [spec("1.10", "b", "zen2", ""), spec("1.9", "a", "zen3", ""), spec("1.10", "a", "zen2", "")];
        for (text, expected) in [
            ("version", [1, 0, 2]),
            ("-version", [0, 2, 1]),
            ("os", [1, 2, 0]),
            ("-target", [1, 0, 2]),
            ("pushed", [0, 1, 2]),
        ] {
            assert_eq!(Order::parse(text).unwrap().sort(&[0, 1, 2], &specs), expected, "{text}");
        }
        assert_eq!(Order::parse("variants"), None);
        assert_eq!(Order::after_click(Column::Version, None), "-version");
        assert_eq!(Order::after_click(Column::Version, Order::parse("-version")), "version");
        assert_eq!(Order::after_click(Column::Os, None), "os");
    }

    #[test]
    fn versions_are_told_by_their_pushes() {
        let at = |version: &str, millis| SpecSummary {
            pushed: Timestamp::from_millis(millis),
            ..spec(version, "o", "t", "")
        };
        let eras = eras(&[at("2", 9), at("2", 5), at("1", 1)]);
        let told: Vec<_> = eras.iter().map(|era| (era.version.as_str(), era.pushed_millis.as_slice())).collect();
        assert_eq!(told, [("2", &[5, 9][..]), ("1", &[1])]);
    }
}
