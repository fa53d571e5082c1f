//! A spec's dependency graph as a tree that can be read.
//!
//! A package needed by twenty others would stand in the tree twenty times with all it needs. So each
//! node's own dependencies are shown once, where it lies nearest to the root; elsewhere it is a line
//! that refers to that place. What is needed only to build is folded into one line under its parent.
//! Among its siblings the one with most below it comes first.

use std::collections::{HashMap, VecDeque};

use larder_shared::api::{Dependency, Node};

use crate::order::sorted;

/// Place of an item in [`Tree::items`].
pub type ItemId = usize;

/// A dependency graph laid out as items that contain others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// All items.
    pub items: Vec<Item>,
    /// The items at the top: what the root needs.
    pub top: Vec<ItemId>,
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What the line shows.
    pub line: Line,
    /// The item that contains it.
    pub parent: Option<ItemId>,
    /// The items it contains.
    pub children: Vec<ItemId>,
}

/// What a line of the tree shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A dependency.
    Node {
        /// Place of the node in the graph.
        node: usize,
        /// How its parent needs it: `build`, `link`, `run`, `test`.
        kinds: Vec<String>,
        /// The virtual packages it provides there.
        virtuals: Vec<String>,
        /// The item under which its own dependencies are shown, when that is another one.
        shown_at: Option<ItemId>,
    },
    /// What the parent needs only to build it; the children are those dependencies.
    BuildOnly,
}

/// An edge, with the place of the node it leads to.
type Edge<'a> = (usize, &'a Dependency);

impl Tree {
    /// Lays out the graph `nodes`, whose first node is the root.
    pub fn of(nodes: &[Node]) -> Self {
        let places = places(nodes);
        let heights = heights(nodes, &places);
        let edges = |node: usize| -> Vec<Edge<'_>> {
            let edges: Vec<Edge<'_>> =
                nodes[node].dependencies.iter().filter_map(|edge| Some((place_of(&places, edge)?, edge))).collect();
            let order = sorted(edges.len(), &|a, b| heights[edges[b].0].cmp(&heights[edges[a].0]));
            order.into_iter().map(|place| edges[place]).collect()
        };
        let mut tree = Self::default();
        if nodes.is_empty() {
            return tree;
        }
        // The item that shows a node's dependencies. Breadth first makes it the one nearest to the
        // root; what is only for building waits until all that is linked or run has found its place.
        let mut shown_at: Vec<Option<ItemId>> = vec![None; nodes.len()];
        let mut later: VecDeque<(usize, Option<ItemId>)> = VecDeque::new();
        let mut now: VecDeque<(usize, Option<ItemId>)> = VecDeque::from([(0, None)]);
        while let Some((node, parent)) = now.pop_front().or_else(|| later.pop_front()) {
            let (kept, build_only): (Vec<_>, Vec<_>) = edges(node).into_iter().partition(|(_, edge)| is_kept(edge));
            for edge in kept {
                let (place, is_new, item) = tree.add(parent, &mut shown_at, edge);
                if is_new {
                    now.push_back((place, Some(item)));
                }
            }
            if !build_only.is_empty() {
                let folded = tree.push(Line::BuildOnly, parent);
                for edge in build_only {
                    let (place, is_new, item) = tree.add(Some(folded), &mut shown_at, edge);
                    if is_new {
                        later.push_back((place, Some(item)));
                    }
                }
            }
        }
        tree.refer_only_to_what_is_there(nodes);
        tree
    }

    fn add(&mut self, parent: Option<ItemId>, shown: &mut [Option<ItemId>], edge: Edge<'_>) -> (usize, bool, ItemId) {
        let (node, edge) = edge;
        let shown_at = shown[node];
        let line = Line::Node { node, kinds: edge.kinds.clone(), virtuals: edge.virtuals.clone(), shown_at };
        let item = self.push(line, parent);
        let is_new = shown_at.is_none() && node != 0;
        if is_new {
            shown[node] = Some(item);
        }
        (node, is_new, item)
    }

    fn push(&mut self, line: Line, parent: Option<ItemId>) -> ItemId {
        let item = self.items.len();
        self.items.push(Item { line, parent, children: Vec::new() });
        match parent {
            Some(parent) => self.items[parent].children.push(item),
            None => self.top.push(item),
        }
        item
    }

    /// A line refers to another place only if there is more to see there.
    fn refer_only_to_what_is_there(&mut self, nodes: &[Node]) {
        for item in &mut self.items {
            if let Line::Node { node, shown_at, .. } = &mut item.line
                && nodes[*node].dependencies.is_empty()
            {
                *shown_at = None;
            }
        }
    }

    /// The items one sees, in order, when those of `open` show their children.
    pub fn visible(&self, open: &Open) -> Vec<ItemId> {
        let mut visible = Vec::new();
        let mut ahead: Vec<ItemId> = self.top.iter().rev().copied().collect();
        while let Some(item) = ahead.pop() {
            visible.push(item);
            if open.contains(item) {
                ahead.extend(self.items[item].children.iter().rev());
            }
        }
        visible
    }

    /// The items to open at first: from the top down, as long as at most `lines` lines are seen.
    /// What is only for building stays folded.
    pub fn opened_at_first(&self, lines: usize) -> Open {
        let mut open = Open::default();
        let mut seen = self.top.len();
        for item in &self.top {
            let children = self.items[*item].children.len();
            if children > 0 && self.items[*item].line != Line::BuildOnly && seen + children <= lines {
                seen += children;
                open.set(*item, true);
            }
        }
        open
    }

    /// The items that contain `item`, nearest first.
    pub fn ancestors(&self, item: ItemId) -> Vec<ItemId> {
        std::iter::successors(self.items[item].parent, |item| self.items[*item].parent).collect()
    }
}

/// The items that show what they contain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Open(Vec<bool>);

impl Open {
    /// Whether `item` shows what it contains.
    pub fn contains(&self, item: ItemId) -> bool {
        self.0.get(item).copied().unwrap_or_default()
    }

    /// Makes `item` show or hide what it contains.
    pub fn set(&mut self, item: ItemId, is_open: bool) {
        if self.0.len() <= item {
            self.0.resize(item + 1, false);
        }
        self.0[item] = is_open;
    }
}

/// The place of each node, by its hash.
fn places(nodes: &[Node]) -> HashMap<&str, usize> {
    nodes.iter().enumerate().map(|(place, node)| (node.hash.as_str(), place)).collect()
}

fn place_of(places: &HashMap<&str, usize>, edge: &Dependency) -> Option<usize> {
    places.get(edge.hash.as_str()).copied()
}

/// How many steps of linking and running lie below each node, on the longest way down.
fn heights(nodes: &[Node], places: &HashMap<&str, usize>) -> Vec<usize> {
    let mut heights: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut is_begun = vec![false; nodes.len()];
    // A stack instead of recursion: a chain may be as long as a spec file allows.
    let mut ahead: Vec<usize> = (0..nodes.len()).collect();
    while let Some(node) = ahead.pop() {
        if heights[node].is_some() {
            continue;
        }
        let below =
            || nodes[node].dependencies.iter().filter(|edge| is_kept(edge)).filter_map(|edge| place_of(places, edge));
        if is_begun[node] {
            // What is still open below belongs to a circle, which no real graph has.
            heights[node] = Some(below().filter_map(|next| heights[next]).max().map_or(0, |height| height + 1));
        } else {
            is_begun[node] = true;
            ahead.push(node);
            ahead.extend(below().filter(|next| !is_begun[*next]));
        }
    }
    heights.into_iter().map(Option::unwrap_or_default).collect()
}

/// Whether an edge is needed after building.
fn is_kept(edge: &Dependency) -> bool {
    edge.kinds.iter().any(|kind| kind == "link" || kind == "run")
}

/// What installing a spec brings with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Nodes the root links or runs, without itself.
    pub nodes: u64,
    /// Bytes of their tarballs and its own, as far as known.
    pub bytes: u64,
    /// Whether a size is not known, so that `bytes` is a lower bound.
    pub is_at_least: bool,
}

impl Weight {
    /// Follows what is linked and run from the root, the first of `nodes`.
    pub fn of(nodes: &[Node]) -> Self {
        let places = places(nodes);
        let mut weight = Self::default();
        let mut met = vec![false; nodes.len()];
        let mut ahead = Vec::new();
        if let Some(first) = met.first_mut() {
            *first = true;
            ahead.push(0);
        }
        while let Some(place) = ahead.pop() {
            let node = &nodes[place];
            if node.external.is_none() {
                weight.bytes += node.size.unwrap_or(0);
                weight.is_at_least |= node.size.is_none();
            }
            for edge in node.dependencies.iter().filter(|edge| is_kept(edge)) {
                if let Some(next) = place_of(&places, edge)
                    && !met[next]
                {
                    met[next] = true;
                    weight.nodes += 1;
                    ahead.push(next);
                }
            }
        }
        weight
    }
}

#[cfg(test)]
mod tests;
