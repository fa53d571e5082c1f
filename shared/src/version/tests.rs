//! Spack 0.23's answers, obtained by running it, and the laws every order keeps.

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;

use super::*;

/// Left, how it compares, right.
const ORDER: &[(&str, char, &str)] = &[
    ("1.2", '<', "1.10"),
    ("1.2", '<', "1.2.0"),
    ("1.2.0", '=', "1.2-0"),
    ("1_2", '=', "1.2"),
    ("1.2", '<', "1.2a"),
    ("1.2a", '<', "1.2b"),
    ("1.2a", '<', "1.2.1"),
    ("1.2B", '<', "1.2a"),
    ("1.a", '<', "1.1"),
    ("a", '<', "1"),
    ("alpha1", '<', "1"),
    ("1.0.2k", '<', "1.0.2z"),
    ("1.0.2k", '>', "1.0.2"),
    ("2024-01-05", '=', "2024.1.5"),
    ("Develop", '<', "develop"),
    ("mymain", '<', "main"),
    ("1.2rc1", '<', "1.2"),
    ("1.2-rc1", '=', "1.2rc1"),
    ("1.2.rc.3", '<', "1.2.3"),
    ("1.2alpha1", '<', "1.2beta1"),
    ("1.2beta", '<', "1.2beta1"),
    ("1.2beta2", '<', "1.2rc1"),
    ("1.2rc1", '<', "1.2.0rc1"),
    ("1.2rc1", '<', "1.2.0"),
    ("1.1", '<', "1.2alpha"),
    ("1.2pre1", '>', "1.2"),
    ("1.2dev1", '>', "1.2"),
    ("1.2final", '=', "1.2"),
    ("stable", '>', "9999"),
    ("head", '>', "trunk"),
    ("main", '>', "master"),
    ("develop", '>', "main"),
    ("1.2.develop", '>', "1.2.9"),
    ("1.2.main", '<', "1.3"),
    // Beyond Spack's own table: integers of any length, leading zeros, git references.
    ("18446744073709551616", '>', "18446744073709551615"),
    ("1.007", '=', "1.7"),
    ("1.0", '<', "1.00001"),
    ("git.abc=1.2.5", '>', "1.2.5"),
    ("git.abc=1.2.5", '<', "1.2.6"),
    ("git.abc=1.2.5", '<', "git.abd=1.2.5"),
    ("git.abc=1.2.5", '=', "abc=1.2-5"),
    ("git.feature/x=develop", '>', "9999"),
    ("", '<', "a"),
];

fn version(text: &str) -> Version {
    text.into()
}

#[test]
fn versions_are_ordered_as_spack_orders_them() {
    for &(left, sign, right) in ORDER {
        let expected = match sign {
            '<' => Ordering::Less,
            '=' => Ordering::Equal,
            _ => Ordering::Greater,
        };
        assert_eq!(version(left).cmp(&version(right)), expected, "{left} {sign} {right}");
        assert_eq!(version(right).cmp(&version(left)), expected.reverse(), "{right} vs {left}");
    }
}

#[test]
fn the_infinity_words_ascend() {
    let words = ["zzz", "999", "stable", "trunk", "head", "master", "main", "develop"];
    assert!(words.is_sorted_by(|a, b| version(a) < version(b)));
}

#[test]
fn what_spack_cannot_read_is_invalid() {
    for good in ["1.2", "develop", "2023-05-30", "1_2.x", "git.abc=1.2", "git.refs/heads/x=1.2", "git.main", "abc=1"] {
        assert!(version(good).is_valid(), "{good}");
    }
    for bad in ["", "1.0+x", "1 2", "=1.2", "1/2", "git.", "git.a=", "git.a=1=2", "git.a=1+2", "git.a b=1", "1\n", "é"]
    {
        assert!(!version(bad).is_valid(), "{bad:?}");
    }
}

/// Texts that look like versions more often than not.
fn any_version() -> impl Strategy<Value = Version> {
    let segment = prop_oneof![
        "[0-9]{1,3}",
        "[a-cA-C]{1,2}",
        prop::sample::select(&["alpha", "beta", "rc", "final", "main", "develop", "stable", "0", "00"][..])
            .prop_map(str::to_owned),
    ];
    let plain = prop::collection::vec((segment, "[._-]?"), 0..5)
        .prop_map(|parts| parts.into_iter().map(|(segment, separator)| segment + &separator).collect::<String>());
    let git = ("[a-b/]{1,2}", plain.clone()).prop_map(|(name, plain)| format!("git.{name}={plain}"));
    prop_oneof![4 => plain, 1 => git, 1 => ".{0,6}"].prop_map(|text| Version::from(text.as_str()))
}

proptest! {
    #[test]
    fn the_order_is_total_and_transitive(a in any_version(), b in any_version(), c in any_version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        if a <= b && b <= c {
            prop_assert!(a <= c, "{} {} {}", a, b, c);
        }
        if a == b {
            prop_assert_eq!(a.cmp(&c), b.cmp(&c));
            let hasher = RandomState::new();
            prop_assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b));
        }
    }

    #[test]
    fn printing_gives_back_the_text(text in ".{0,20}") {
        prop_assert_eq!(version(&text).to_string(), text);
    }
}
