//! A spec's dependencies as a tree: arrows walk and open it, Enter follows the link of a line.

use std::rc::Rc;

use larder_frontend::{
    format,
    tree::{ItemId, Line, Open, Tree},
};
use larder_shared::{
    api::{Node, Spec},
    name::MirrorName,
};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    spec_text::{chip, hash, spec_page, version},
    values::{foreign, size},
};
use crate::browser;

/// Lines shown before anything is opened by hand.
const FIRST_LINES: usize = 16;

#[derive(Properties, PartialEq)]
pub(crate) struct DependencyTreeProps {
    pub mirror: MirrorName,
    /// The spec, with its graph.
    pub spec: Rc<Spec>,
}

#[component]
pub(crate) fn DependencyTree(props: &DependencyTreeProps) -> Html {
    let tree = use_memo(props.spec.clone(), |spec| Tree::of(&spec.nodes));
    let open = use_state({
        let tree = tree.clone();
        move || tree.opened_at_first(FIRST_LINES)
    });
    let here = use_state_eq(|| tree.top.first().copied().unwrap_or_default());
    let visible = tree.visible(&open);
    // The line the keyboard goes to must be there.
    let current = if visible.contains(&here) { *here } else { visible.first().copied().unwrap_or_default() };
    let goal = use_mut_ref(|| None::<ItemId>);
    {
        let goal = goal.clone();
        use_effect(move || {
            if let Some(item) = goal.borrow_mut().take()
                && let Some(line) = browser::element(&id_of(item))
                && let Ok(line) = wasm_bindgen::JsCast::dyn_into::<HtmlElement>(line)
            {
                let _ = line.focus();
            }
        });
    }
    let walker = Walker { tree: tree.clone(), open: open.clone(), here: here.clone(), goal };
    let onkeydown = {
        let (walker, visible) = (walker.clone(), visible);
        Callback::from(move |event: KeyboardEvent| walker.on_key(&event, current, &visible))
    };
    let name = &props.spec.summary.name;
    let drawing = Drawing { props, tree: &tree, open: &open, current, walker: &walker };
    html! {
        <ul class="tree" role="tree" aria-label={format!("Dependencies of {name}")} {onkeydown}>
            { drawing.items(&tree.top, 1) }
        </ul>
    }
}

fn id_of(item: ItemId) -> String {
    format!("dependency-{item}")
}

/// Moves through the tree, and opens and closes its parts.
#[derive(Clone)]
struct Walker {
    tree: Rc<Tree>,
    open: UseStateHandle<Open>,
    here: UseStateHandle<ItemId>,
    /// The line to give the keyboard to when it is drawn.
    goal: Rc<std::cell::RefCell<Option<ItemId>>>,
}

impl Walker {
    fn go(&self, item: ItemId) {
        *self.goal.borrow_mut() = Some(item);
        let mut open = (*self.open).clone();
        self.tree.ancestors(item).into_iter().for_each(|item| open.set(item, true));
        self.open.set(open);
        self.here.set(item);
    }

    fn set_open(&self, item: ItemId, is_open: bool) {
        let mut open = (*self.open).clone();
        open.set(item, is_open);
        self.open.set(open);
    }

    fn on_key(&self, event: &KeyboardEvent, current: ItemId, visible: &[ItemId]) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let item = &self.tree.items[current];
        let is_open = self.open.contains(current);
        let place = visible.iter().position(|item| *item == current).unwrap_or_default();
        match event.key().as_str() {
            "ArrowDown" | "j" => self.go(visible.get(place + 1).copied().unwrap_or(current)),
            "ArrowUp" | "k" => self.go(visible[place.saturating_sub(1)]),
            "Home" => self.go(visible.first().copied().unwrap_or(current)),
            "End" => self.go(visible.last().copied().unwrap_or(current)),
            "ArrowRight" if is_open => self.go(item.children.first().copied().unwrap_or(current)),
            "ArrowRight" if !item.children.is_empty() => self.set_open(current, true),
            "ArrowLeft" if is_open => self.set_open(current, false),
            "ArrowLeft" => self.go(item.parent.unwrap_or(current)),
            "Enter" | " " => self.act_on(current),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    /// Follows a line's link; a line without one opens or closes.
    fn act_on(&self, item: ItemId) {
        match browser::find(&format!("#{} > div a", id_of(item))) {
            Some(link) => link.click(),
            None => self.set_open(item, !self.open.contains(item)),
        }
    }
}

/// What drawing a line needs to know.
struct Drawing<'a> {
    props: &'a DependencyTreeProps,
    tree: &'a Tree,
    open: &'a Open,
    current: ItemId,
    walker: &'a Walker,
}

impl Drawing<'_> {
    fn items(&self, items: &[ItemId], level: usize) -> Html {
        html! { for (place, item) in items.iter().enumerate() { { self.item(*item, level, place + 1, items.len()) } } }
    }

    fn item(&self, id: ItemId, level: usize, place: usize, siblings: usize) -> Html {
        let item = &self.tree.items[id];
        let is_open = self.open.contains(id);
        let has_children = !item.children.is_empty();
        let toggle = {
            let walker = self.walker.clone();
            Callback::from(move |event: MouseEvent| {
                event.stop_propagation();
                walker.here.set(id);
                walker.set_open(id, !is_open);
            })
        };
        let onfocusin = {
            let here = self.walker.here.clone();
            Callback::from(move |event: FocusEvent| {
                event.stop_propagation();
                here.set(id);
            })
        };
        html! {
            <li key={id} id={id_of(id)} role="treeitem" aria-level={level.to_string()} aria-posinset={place.to_string()}
                aria-setsize={siblings.to_string()} aria-expanded={has_children.then(|| is_open.to_string())}
                tabindex={if id == self.current { "0" } else { "-1" }} {onfocusin}>
                <div>
                    if has_children {
                        <button type="button" class="twist" tabindex="-1" aria-hidden="true" onclick={toggle.clone()}>{ if is_open { "▼" } else { "▶" } }</button>
                    } else {
                        <span class="twist"></span>
                    }
                    { self.line(id, &item.line, &toggle) }
                </div>
                if has_children && is_open {
                    <ul role="group">{ self.items(&item.children, level + 1) }</ul>
                }
            </li>
        }
    }

    fn line(&self, id: ItemId, line: &Line, toggle: &Callback<MouseEvent>) -> Html {
        match line {
            Line::BuildOnly => self.build_only(id, toggle),
            Line::Node { node, kinds, virtuals, shown_at } => {
                let node = &self.props.spec.nodes[*node];
                html! {
                    <>
                        <span class="who">
                            { self.name(node) }
                            if let Some(at) = shown_at { { self.reference(*at) } }
                        </span>
                        <span class="end">
                            { for virtuals.iter().map(|name| chip(name)) }
                            { letters(kinds) }
                            <span class="num">
                                if node.external.is_some() {
                                    <span class="mute">{ "external" }</span>
                                } else if node.in_mirror {
                                    { size(node.size) }
                                } else {
                                    <span class="mute">{ "not here" }</span>
                                }
                            </span>
                        </span>
                    </>
                }
            }
        }
    }

    fn name(&self, node: &Node) -> Html {
        let name = node.name.to_string();
        let version = version(&node.version);
        if let Some(place) = &node.external {
            return html! {
                <>
                    <span class="spec"><b>{ name }</b>{ version }</span>
                    <span class="mute">{ "from " }{ foreign(place) }{ ", not in the mirror" }</span>
                </>
            };
        }
        if !node.in_mirror {
            return html! {
                <>
                    <span class="spec"><b>{ name }</b>{ version }</span>
                    { hash(&node.hash) }
                </>
            };
        }
        html! {
            <>
                <span class="spec"><a href={spec_page(&self.props.mirror, &node.hash)} tabindex="-1">{ name }</a>{ version }</span>
                { hash(&node.hash) }
            </>
        }
    }

    /// Where the dependencies of a line are shown instead.
    fn reference(&self, at: ItemId) -> Html {
        let walker = self.walker.clone();
        let onclick = Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            walker.go(at);
        });
        let under = self.tree.items[at].parent.and_then(|parent| match &self.tree.items[parent].line {
            Line::Node { node, .. } => Some(self.props.spec.nodes[*node].name.to_string()),
            Line::BuildOnly => None,
        });
        let words = under.map_or_else(|| "shown at the top level".to_owned(), |name| format!("shown under {name}"));
        html! { <button type="button" class="refer" tabindex="-1" {onclick}>{ words }</button> }
    }

    fn build_only(&self, id: ItemId, toggle: &Callback<MouseEvent>) -> Html {
        let children = &self.tree.items[id].children;
        let names = children.iter().filter_map(|child| match &self.tree.items[*child].line {
            Line::Node { node, .. } => Some(&self.props.spec.nodes[*node]),
            Line::BuildOnly => None,
        });
        let names: Vec<Html> = names
            .enumerate()
            .map(|(index, node)| {
                let comma = if index > 0 { ", " } else { "" };
                html! { <>{ comma }{ node.name.to_string() }{ version(&node.version) }</> }
            })
            .collect();
        html! {
            <span class="mute fold" onclick={toggle.clone()}>
                { format!("{} only to build it: ", format::count(children.len() as u64)) }
                <span class="spec">{ for names }</span>
            </span>
        }
    }
}

/// `BLR`, with the kinds that apply set off.
fn letters(kinds: &[String]) -> Html {
    let letter = |kind: &str, letter: &'static str| {
        if kinds.iter().any(|has| has == kind) {
            html! { <b>{ letter }</b> }
        } else {
            html! { { letter } }
        }
    };
    let words = kinds.join(", ");
    html! {
        <span class="dep" title={words.clone()}>
            <span class="sr">{ words }</span>
            <span aria-hidden="true">
                { letter("build", "B") }{ letter("link", "L") }{ letter("run", "R") }
                if kinds.iter().any(|kind| kind == "test") { <b>{ "T" }</b> }
            </span>
        </span>
    }
}
