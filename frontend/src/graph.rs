//! A dependency graph in layers, from the root at the left to what needs nothing at the right.
//!
//! A node's layer is the longest way to it from the root, so that every edge leads to the right. Within a layer, nodes
//! stand near the middle of what needs them, which leaves few crossings.

use std::collections::{HashMap, VecDeque};

use larder_shared::api::Node;

use crate::order::sorted;

/// Width of a node, in the drawing's own units.
pub const NODE_WIDTH: usize = 176;
/// Height of a node.
pub const NODE_HEIGHT: usize = 26;
/// Room between layers.
const LAYER_GAP: usize = 64;
/// Room between the nodes of a layer.
const ROW_GAP: usize = 8;
/// Room around the drawing, for the frame of a node that has the keyboard.
const MARGIN: usize = 8;
/// How often the layers are put in order, there and back.
const SWEEPS: usize = 4;

/// The kinds of dependencies that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// What is only needed to build.
    pub build: bool,
    /// What is linked.
    pub link: bool,
    /// What is needed to run.
    pub run: bool,
}

impl Kinds {
    /// What stays after building.
    pub const KEPT: Self = Self { build: false, link: true, run: true };

    fn has(self, kinds: &[String]) -> bool {
        kinds.iter().any(|kind| match kind.as_str() {
            "link" => self.link,
            "run" => self.run,
            _ => self.build,
        })
    }
}

/// A graph with a place for each node that is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The nodes, layer by layer and from the top down; the root first.
    pub nodes: Vec<Placed>,
    /// The edges between them.
    pub edges: Vec<Line>,
    /// How wide the drawing is.
    pub width: usize,
    /// How high the drawing is.
    pub height: usize,
}

/// A node that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its place in the list of nodes.
    pub node: usize,
    /// Its layer, counted from the left.
    pub layer: usize,
    /// Its left edge.
    pub x: usize,
    /// Its upper edge.
    pub y: usize,
}

/// An edge that is drawn, between places in [`Layout::nodes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The node that needs.
    pub from: usize,
    /// The node that is needed.
    pub to: usize,
    /// What for: `build`, `link`, `run`, `test`.
    pub kinds: Vec<String>,
}

/// A way to go from a node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To what it needs.
    Right,
    /// To what needs it.
    Left,
    /// Within its layer.
    Up,
    /// Within its layer.
    Down,
}

impl Layout {
    /// Lays out what is reached from the first of `nodes` by dependencies of these kinds.
    pub fn of(nodes: &[Node], kinds: Kinds) -> Self {
        if nodes.is_empty() {
            return Self::default();
        }
        let edges = edges(nodes, kinds);
        let layers = ordered(layers(nodes.len(), &edges), &edges);
        let tallest = layers.iter().map(Vec::len).max().unwrap_or_default();
        let step = NODE_HEIGHT + ROW_GAP;
        let mut layout = Self {
            width: 2 * MARGIN + layers.len() * (NODE_WIDTH + LAYER_GAP) - LAYER_GAP,
            height: 2 * MARGIN + tallest * step - ROW_GAP,
            ..Self::default()
        };
        let mut places = HashMap::new();
        for (layer, members) in layers.iter().enumerate() {
            let above = (tallest - members.len()) * step / 2;
            for (row, node) in members.iter().enumerate() {
                places.insert(*node, layout.nodes.len());
                let (x, y) = (MARGIN + layer * (NODE_WIDTH + LAYER_GAP), MARGIN + above + row * step);
                layout.nodes.push(Placed { node: *node, layer, x, y });
            }
        }
        for (from, to, kinds) in edges {
            if let (Some(from), Some(to)) = (places.get(&from), places.get(&to)) {
                layout.edges.push(Line { from: *from, to: *to, kinds: kinds.to_vec() });
            }
        }
        layout
    }

    /// Where a step leads from the node at `place`; `None` where there is nothing.
    pub fn step(&self, place: usize, step: Step) -> Option<usize> {
        let here = self.nodes.get(place)?;
        // The next layer first, within it what lies nearest.
        let near = |candidates: Vec<usize>| {
            candidates.into_iter().min_by_key(|other| {
                let other = &self.nodes[*other];
                (other.layer.abs_diff(here.layer), other.y.abs_diff(here.y))
            })
        };
        match step {
            Step::Right => near(self.edges.iter().filter(|edge| edge.from == place).map(|edge| edge.to).collect()),
            Step::Left => near(self.edges.iter().filter(|edge| edge.to == place).map(|edge| edge.from).collect()),
            Step::Up => place.checked_sub(1).filter(|other| self.nodes[*other].layer == here.layer),
            Step::Down => {
                Some(place + 1).filter(|other| self.nodes.get(*other).is_some_and(|node| node.layer == here.layer))
            }
        }
    }
}

type Edge<'a> = (usize, usize, &'a [String]);

/// The edges of these kinds that are reached from the root; one that closes a circle, which no real graph has, is left
/// out.
fn edges(nodes: &[Node], kinds: Kinds) -> Vec<Edge<'_>> {
    let places: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(place, node)| (node.hash.as_str(), place)).collect();
    let below = |node: usize| -> Vec<Edge<'_>> {
        let wanted = nodes[node].dependencies.iter().filter(|edge| kinds.has(&edge.kinds));
        wanted.filter_map(|edge| Some((node, *places.get(edge.hash.as_str())?, &edge.kinds[..]))).collect()
    };
    let mut edges = Vec::new();
    // 0: not met, 1: what lies below is being looked at, 2: done.
    let mut state = vec![0u8; nodes.len()];
    let mut ahead = vec![(0, below(0))];
    state[0] = 1;
    // A stack instead of recursion: a chain may be as long as a spec file allows.
    while let Some((node, rest)) = ahead.last_mut() {
        let Some(edge) = rest.pop() else {
            state[*node] = 2;
            ahead.pop();
            continue;
        };
        if state[edge.1] == 1 {
            continue;
        }
        edges.push(edge);
        if state[edge.1] == 0 {
            state[edge.1] = 1;
            ahead.push((edge.1, below(edge.1)));
        }
    }
    edges
}

/// The members of each layer.
fn layers(total: usize, edges: &[Edge<'_>]) -> Vec<Vec<usize>> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); total];
    let mut above = vec![0usize; total];
    for (from, to, _) in edges {
        below[*from].push(*to);
        above[*to] += 1;
    }
    let mut layer = vec![0; total];
    let mut layers: Vec<Vec<usize>> = Vec::new();
    let mut ahead = VecDeque::from([0]);
    while let Some(node) = ahead.pop_front() {
        if layers.len() <= layer[node] {
            layers.resize_with(layer[node] + 1, Vec::new);
        }
        layers[layer[node]].push(node);
        for next in &below[node] {
            layer[*next] = layer[*next].max(layer[node] + 1);
            above[*next] -= 1;
            if above[*next] == 0 {
                ahead.push_back(*next);
            }
        }
    }
    layers
}

/// The layers with their members near the middle of their neighbours.
fn ordered(mut layers: Vec<Vec<usize>>, edges: &[Edge<'_>]) -> Vec<Vec<usize>> {
    let mut neighbours: HashMap<usize, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (from, to, _) in edges {
        neighbours.entry(*to).or_default().0.push(*from);
        neighbours.entry(*from).or_default().1.push(*to);
    }
    let mut rows: HashMap<usize, usize> = HashMap::new();
    let note = |members: &[usize], rows: &mut HashMap<usize, usize>| {
        // In thousandths of the layer, so that layers of different lengths compare.
        for (row, node) in members.iter().enumerate() {
            rows.insert(*node, (2 * row + 1) * 500 / members.len());
        }
    };
    layers.iter().for_each(|members| note(members, &mut rows));
    for sweep in 0..SWEEPS {
        let is_forward = sweep % 2 == 0;
        let count = layers.len();
        for step in 0..count {
            let members = &mut layers[if is_forward { step } else { count - 1 - step }];
            let middle = |node: usize| {
                let (above, below) = neighbours.get(&node)?;
                let near = if is_forward { above } else { below };
                let sum: usize = near.iter().filter_map(|other| rows.get(other)).sum();
                (!near.is_empty()).then(|| sum / near.len())
            };
            let key = |node: usize| middle(node).unwrap_or_else(|| rows.get(&node).copied().unwrap_or_default());
            let keys: Vec<usize> = members.iter().map(|node| key(*node)).collect();
            let order = sorted(members.len(), &|a, b| keys[a].cmp(&keys[b]));
            *members = order.into_iter().map(|place| members[place]).collect();
            let members = members.clone();
            note(&members, &mut rows);
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use larder_shared::api::Dependency;

    use super::*;

    /// A graph such as `a: b+l c+b, b: d+r`, whose nodes are letters.
    fn graph(text: &str) -> Vec<Node> {
        let hash = |name: &str| name.repeat(32).parse().unwrap();
        let edge = |text: &str| {
            let (name, kinds) = text.split_once('+').unwrap();
            let kind = |kind: char| match kind {
                'l' => "link".to_owned(),
                'r' => "run".to_owned(),
                _ => "build".to_owned(),
            };
            Dependency {
                hash: hash(name),
                name: name.parse().unwrap(),
                kinds: kinds.chars().map(kind).collect(),
                virtuals: Vec::new(),
            }
        };
        let node = |text: &str| {
            let (name, edges) = text.split_once(':').unwrap();
            Node {
                hash: hash(name.trim()),
                name: name.trim().parse().unwrap(),
                version: "1".to_owned(),
                target: "zen2".to_owned(),
                in_mirror: true,
                external: None,
                size: None,
                dependencies: edges.split_whitespace().map(edge).collect(),
            }
        };
        text.split(',').map(node).collect()
    }

    fn drawn(nodes: &[Node], layout: &Layout) -> Vec<(String, usize)> {
        layout.nodes.iter().map(|placed| (nodes[placed.node].name.to_string(), placed.layer)).collect()
    }

    const ALL: Kinds = Kinds { build: true, link: true, run: true };

    #[test]
    fn every_edge_leads_to_the_right() {
        let nodes = graph("a: b+l c+l d+l, b: c+l, c: d+r, d:, e: a+l");
        let layout = Layout::of(&nodes, ALL);
        let expected = [("a", 0), ("b", 1), ("c", 2), ("d", 3)].map(|(name, layer)| (name.to_owned(), layer));
        assert_eq!(drawn(&nodes, &layout), expected, "what the root does not reach is left out");
        assert!(layout.edges.iter().all(|edge| layout.nodes[edge.from].x < layout.nodes[edge.to].x));
        assert_eq!(layout.edges.len(), 5);
    }

    #[test]
    fn kinds_choose_what_is_drawn() {
        let nodes = graph("a: b+l c+b, b: d+r, c: d+l, d:");
        assert_eq!(Layout::of(&nodes, Kinds::KEPT).nodes.len(), 3);
        assert_eq!(Layout::of(&nodes, Kinds { build: false, link: true, run: false }).nodes.len(), 2);
        assert_eq!(Layout::of(&nodes, ALL).nodes.len(), 4);
        assert_eq!(Layout::of(&[], ALL), Layout::default());
    }

    #[test]
    fn circles_and_missing_ends_do_no_harm() {
        let nodes = graph("a: b+l z+l, b: c+l, c: b+l a+l");
        let layout = Layout::of(&nodes, ALL);
        assert_eq!((layout.nodes.len(), layout.edges.len()), (3, 2));
        let chain: Vec<Node> = graph("a: a+l");
        assert_eq!(Layout::of(&chain, ALL).edges, []);
    }

    #[test]
    fn neighbours_stand_near_each_other() {
        // Drawn in the order of the list, the edges would cross.
        let nodes = graph("a: b+l c+l, b: e+l, c: d+l, d:, e:");
        let layout = Layout::of(&nodes, ALL);
        let y = |name: &str| layout.nodes.iter().find(|placed| nodes[placed.node].name.as_str() == name).unwrap().y;
        assert_eq!(y("b") < y("c"), y("e") < y("d"));
    }

    #[test]
    fn steps_go_along_edges_and_within_layers() {
        let nodes = graph("a: b+l c+l, b: d+l, c:, d:");
        let layout = Layout::of(&nodes, ALL);
        let name = |place: Option<usize>| place.map(|place| nodes[layout.nodes[place].node].name.to_string());
        let place =
            |name: &str| layout.nodes.iter().position(|placed| nodes[placed.node].name.as_str() == name).unwrap();
        assert_eq!(name(layout.step(place("d"), Step::Left)).as_deref(), Some("b"));
        assert_eq!(name(layout.step(place("b"), Step::Right)).as_deref(), Some("d"));
        assert_eq!(layout.step(place("c"), Step::Right), None);
        assert_eq!(layout.step(0, Step::Up), None);
        let (first, second) = (1, 2);
        assert_eq!(layout.step(first, Step::Down), Some(second));
        assert_eq!(layout.step(second, Step::Down), None);
        assert_eq!(layout.step(second, Step::Up), Some(first));
    }
}
