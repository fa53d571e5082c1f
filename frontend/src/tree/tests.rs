use super::*;

/// A graph from lines such as `a: b(BL) c(B)`; the first line is the root, names are made hashes.
fn graph(lines: &str) -> Vec<Node> {
    let hash = |name: &str| format!("{name:a<32}").parse().unwrap();
    let kinds = |letters: &str| {
        [("B", "build"), ("L", "link"), ("R", "run")]
            .iter()
            .filter(|(letter, _)| letters.contains(letter))
            .map(|(_, kind)| (*kind).to_owned())
            .collect()
    };
    lines
        .lines()
        .map(|line| {
            let (name, edges) = line.trim().split_once(':').unwrap();
            Node {
                hash: hash(name),
                name: name.parse().unwrap(),
                version: "1".to_owned(),
                target: "zen2".to_owned(),
                in_mirror: true,
                external: None,
                size: Some(10),
                dependencies: edges
                    .split_whitespace()
                    .map(|edge| {
                        let (name, letters) = edge.trim_end_matches(')').split_once('(').unwrap();
                        Dependency {
                            hash: hash(name),
                            name: name.parse().unwrap(),
                            kinds: kinds(letters),
                            virtuals: Vec::new(),
                        }
                    })
                    .collect(),
            }
        })
        .collect()
}

/// All items as lines, children indented; `^` is a line that refers to another place.
fn drawn(nodes: &[Node]) -> Vec<String> {
    let tree = Tree::of(nodes);
    let mut all = Open::default();
    (0..tree.items.len()).for_each(|item| all.set(item, true));
    tree.visible(&all)
        .into_iter()
        .map(|item| {
            let indent = "  ".repeat(tree.ancestors(item).len());
            match &tree.items[item].line {
                Line::BuildOnly => format!("{indent}build only"),
                Line::Node { node, shown_at, .. } => {
                    format!("{indent}{}{}", nodes[*node].name, if shown_at.is_some() { " ^" } else { "" })
                }
            }
        })
        .collect()
}

#[test]
fn dependencies_are_shown_once_and_nearest_to_the_root() {
    let nodes = graph(
        "root: mpi(BL) zlib(L) ssl(L)
         mpi: ssl(L) event(L)
         event: ssl(L)
         ssl: zlib(L)
         zlib:",
    );
    assert_eq!(drawn(&nodes), ["mpi", "  event", "    ssl ^", "  ssl ^", "ssl", "  zlib", "zlib"]);
}

#[test]
fn what_is_only_for_building_is_folded_and_comes_last() {
    let nodes = graph(
        "root: cmake(B) mpi(BL) make(B)
         cmake: curl(L) make(B)
         mpi: curl(R)
         curl: zlib(L)
         make:
         zlib:",
    );
    let lines = drawn(&nodes);
    assert_eq!(
        lines,
        ["mpi", "  curl", "    zlib", "build only", "  cmake", "    curl ^", "    build only", "      make", "  make"]
    );
}

#[test]
fn first_items_are_opened_while_there_is_room() {
    let nodes = graph(
        "root: a(L) b(L) c(B)
         a: d(L) e(L)
         b: d(L)
         c: d(L)
         d:
         e:",
    );
    let tree = Tree::of(&nodes);
    assert_eq!(tree.opened_at_first(3), Open::default());
    assert_eq!(tree.visible(&tree.opened_at_first(5)).len(), 5);
    assert_eq!(tree.visible(&tree.opened_at_first(100)).len(), 6);
}

#[test]
fn a_graph_that_is_none_is_drawn_without_end_or_panic() {
    assert_eq!(Tree::of(&[]), Tree::default());
    assert_eq!(Weight::of(&[]), Weight::default());
    let circle = graph(
        "root: a(L) gone(L)
         a: b(L)
         b: a(L) root(L)",
    );
    assert_eq!(drawn(&circle), ["a", "  b", "    root", "    a ^"]);
    assert_eq!(Weight::of(&circle).nodes, 2);
}

#[test]
fn weight_counts_what_is_linked_or_run() {
    let mut nodes = graph(
        "root: a(L) c(B) libc(L)
         a: b(R)
         b:
         c: d(L)
         d:
         libc:",
    );
    nodes[5].external = Some("/usr".to_owned());
    nodes[5].size = None;
    assert_eq!(Weight::of(&nodes), Weight { nodes: 3, bytes: 30, is_at_least: false });
    nodes[2].size = None;
    assert_eq!(Weight::of(&nodes), Weight { nodes: 3, bytes: 20, is_at_least: true });
}
