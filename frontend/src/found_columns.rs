//! The columns of what was found: which there are, and which are shown.

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// What the URL calls it, in `cols` and, where one can sort by it, in `sort`.
    pub key: &'static str,
    /// Its class.
    pub class: &'static str,
    /// What its head says.
    pub name: &'static str,
    /// Whether one can sort by it.
    pub is_sorted: bool,
    /// Whether it is shown when none are chosen.
    pub is_usual: bool,
}

const fn column(key: &'static str, class: &'static str, name: &'static str, is_sorted: bool) -> Column {
    Column { key, class, name, is_sorted, is_usual: true }
}

/// Those of packages, one a row. The first is always there.
pub const PACKAGES: [Column; 6] = [
    column("name", "name", "Package", true),
    column("specs", "num specs", "Specs", true),
    column("os", "system hide-s", "System", false),
    column("target", "target", "Target", false),
    column("size", "num size", "Size", true),
    column("pushed", "num age", "Pushed", true),
];

/// Those of specs, one a row. The first is always there.
pub const SPECS: [Column; 8] = [
    column("name", "name", "Spec", true),
    column("hash", "hash-of hide-s", "Hash", false),
    column("variants", "wide hide-s", "Variants set", false),
    column("os", "hide-s", "System", true),
    column("target", "", "Target", true),
    Column { is_usual: false, ..column("signed", "hide-s", "Signature", false) },
    column("size", "num size", "Size", true),
    column("pushed", "num age", "Pushed", true),
];

/// Through which packages a spec was found; there with `^`, whatever is chosen.
pub const THROUGH: Column = column("through", "through", "Matched through", false);

/// Those of `all` that the URL's `cols` names: `os,target`. Names it does not know are left out; without any, the usual
/// ones.
pub fn chosen(all: &[Column], cols: &str) -> Vec<Column> {
    let keys: Vec<&str> = cols.split(',').collect();
    let is_named = |column: &&Column| keys.contains(&column.key);
    let is_any = all.iter().skip(1).any(|column| keys.contains(&column.key));
    let is_shown =
        |place: usize, column: &Column| place == 0 || if is_any { is_named(&column) } else { column.is_usual };
    all.iter().enumerate().filter(|(place, column)| is_shown(*place, column)).map(|(_, column)| *column).collect()
}

/// What the URL says once the column of `key` was put in or taken out; nothing for the usual ones.
pub fn turned(all: &[Column], cols: &str, key: &str) -> String {
    let shown = chosen(all, cols);
    let is_kept = |column: &&Column| shown.contains(column) != (column.key == key);
    let kept: Vec<&Column> = all.iter().skip(1).filter(is_kept).collect();
    if all.iter().skip(1).all(|column| kept.contains(&column) == column.is_usual) {
        return String::new();
    }
    kept.iter().map(|column| column.key).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(all: &[Column], cols: &str) -> String {
        chosen(all, cols).iter().map(|column| column.key).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn the_url_chooses_columns() {
        assert_eq!(keys(&PACKAGES, ""), "name,specs,os,target,size,pushed");
        assert_eq!(keys(&PACKAGES, "target,hal9000,specs"), "name,specs,target");
        assert_eq!(keys(&PACKAGES, "hash"), keys(&PACKAGES, ""), "a column of the other table");
        assert_eq!(keys(&SPECS, ""), "name,hash,variants,os,target,size,pushed");
        assert_eq!(keys(&SPECS, "signed"), "name,signed");
    }

    #[test]
    fn a_column_is_put_in_and_taken_out() {
        assert_eq!(turned(&PACKAGES, "", "os"), "specs,target,size,pushed");
        assert_eq!(turned(&PACKAGES, "specs,target,size,pushed", "os"), "");
        assert_eq!(turned(&SPECS, "", "signed"), "hash,variants,os,target,signed,size,pushed");
        assert_eq!(turned(&SPECS, "signed", "hash"), "hash,signed");
        assert_eq!(turned(&SPECS, "signed", "signed"), "", "a table of names alone is none");
    }
}
