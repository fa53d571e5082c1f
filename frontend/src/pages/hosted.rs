//! The place in the dashboard for a part that another program draws, which is loaded for it.

use std::fmt;

use gloo::{events::EventListener, utils::window};
use js_sys::{Function, Promise, Reflect};
use larder_shared::{name::MirrorName, route::page::Page};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::usage;
use crate::{
    browser,
    components::{failure::failure_note, skeleton::skeleton},
};

/// How many failures "What broke" shows before one goes to the page of all.
pub(crate) const BROKEN_SHOWN: usize = 5;

/// Where a whole page is drawn.
pub(crate) const PAGE_PLACE: &str = "main > .hosted";

/// The attribute that says which visit is drawn there.
pub(crate) const SHOWN_VISIT: &str = "data-visit";

/// The programs that the dashboard loads when they are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// About builds.
    Reports,
    /// About a mirror as a whole.
    Mirrors,
    /// What looks closely at specs, and at the keys they are signed with.
    Specs,
}

impl Program {
    /// What its files are called after `larder-`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Mirrors => "mirrors",
            Self::Specs => "specs",
        }
    }

    /// The program that draws a page; `None` for those that the dashboard draws itself.
    pub(crate) const fn of(page: &Page) -> Option<Self> {
        match page {
            Page::Builds(_)
            | Page::Build(..)
            | Page::Log(..)
            | Page::Run(..)
            | Page::Failures(_)
            | Page::Failure(..) => Some(Self::Reports),
            Page::Package(..) | Page::Spec(..) | Page::Compare(_) | Page::Keys(_) => Some(Self::Specs),
            Page::Search | Page::Hash(_) | Page::Tokens(_) | Page::NotFound(_) => Some(Self::Mirrors),
            Page::Home | Page::Open | Page::Mirror(_) | Page::Packages(_) => None,
        }
    }

    /// Has the browser load it, so that it is there when it is wanted.
    pub(crate) fn load_ahead(self) {
        spawn_local(async move {
            let _ = self.load().await;
        });
    }

    /// The program; `start.js` imports it once.
    async fn load(self) -> Result<JsValue, JsValue> {
        let load: Function = Reflect::get(&js_sys::global(), &"larderProgram".into())?.dyn_into()?;
        JsFuture::from(load.call1(&JsValue::NULL, &self.name().into())?.dyn_into::<Promise>()?).await
    }
}

/// What a program draws; written as text from one program to the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// The page at the URL.
    Page,
    /// The dialog that says how to install from a mirror.
    Install(MirrorName),
    /// How a mirror grows and is used.
    Usage(MirrorName),
    /// Where there is no mirror, or one without packages: how that changes.
    Empty(Option<MirrorName>),
    /// In place of the page: there is no such mirror.
    NoMirror(MirrorName),
    /// The dialog in which a token is given.
    Token,
    /// The dialog that asks which machine is the reader's.
    Machine,
    /// The dialog that lists the keys.
    Shortcuts,
    /// What broke in a mirror.
    Broken {
        /// The mirror.
        mirror: MirrorName,
        /// How many of its failures are still failing.
        failing: u64,
        /// Whether the mirror is named.
        named: bool,
    },
}

impl Part {
    /// Reads what [`Part`] prints.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(' ').collect();
        match words[..] {
            ["page"] => Some(Self::Page),
            ["token"] => Some(Self::Token),
            ["empty"] => Some(Self::Empty(None)),
            ["empty", mirror] => Some(Self::Empty(Some(mirror.parse().ok()?))),
            ["machine"] => Some(Self::Machine),
            ["shortcuts"] => Some(Self::Shortcuts),
            ["no-mirror", mirror] => Some(Self::NoMirror(mirror.parse().ok()?)),
            ["usage", mirror] => Some(Self::Usage(mirror.parse().ok()?)),
            ["install", mirror] => Some(Self::Install(mirror.parse().ok()?)),
            ["broken", mirror, failing, named] => Some(Self::Broken {
                mirror: mirror.parse().ok()?,
                failing: failing.parse().ok()?,
                named: named == "named",
            }),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page => f.write_str("page"),
            Self::Token => f.write_str("token"),
            Self::Empty(None) => f.write_str("empty"),
            Self::Empty(Some(mirror)) => write!(f, "empty {mirror}"),
            Self::Machine => f.write_str("machine"),
            Self::Shortcuts => f.write_str("shortcuts"),
            Self::NoMirror(mirror) => write!(f, "no-mirror {mirror}"),
            Self::Usage(mirror) => write!(f, "usage {mirror}"),
            Self::Install(mirror) => write!(f, "install {mirror}"),
            Self::Broken { mirror, failing, named } => {
                write!(f, "broken {mirror} {failing} {}", if *named { "named" } else { "alone" })
            }
        }
    }
}

/// Whether a page is drawn elsewhere, and that of `visit` is not drawn yet.
pub(crate) fn is_awaited(visit: u32) -> bool {
    browser::find(PAGE_PLACE).is_some_and(|place| place.get_attribute(SHOWN_VISIT) != Some(visit.to_string()))
}

fn call(program: &JsValue, name: &str, arguments: &js_sys::Array) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(program, &name.into())?.dyn_into()?;
    function.apply(&JsValue::NULL, arguments)
}

#[derive(Properties, PartialEq)]
pub(crate) struct HostedProps {
    /// The program that draws it.
    pub program: Program,
    pub part: Part,
    /// Rises with every arrival.
    #[prop_or_default]
    pub visit: u32,
}

/// How the program stands.
#[derive(Clone, Copy, PartialEq)]
enum Stand {
    Loading,
    Shown,
    Lost,
}

/// A part of the dashboard that another program draws.
#[component]
pub(crate) fn Hosted(props: &HostedProps) -> Html {
    let host = use_node_ref();
    let stand = use_state_eq(|| Stand::Loading);
    let attempt = use_state_eq(|| 0u32);
    let program = props.program;
    {
        let (host, stand) = (host.clone(), stand.setter());
        use_effect_with((props.part.clone(), props.visit, *attempt), move |(part, visit, _)| {
            let (part, visit) = (part.to_string(), *visit);
            spawn_local(async move {
                let shown = async {
                    let program = program.load().await?;
                    let Some(root) = host.cast::<HtmlElement>() else { return Ok(JsValue::NULL) };
                    call(&program, "show", &js_sys::Array::of3(&root, &part.into(), &visit.into()))
                };
                stand.set(if shown.await.is_ok() { Stand::Shown } else { Stand::Lost });
            });
        });
    }
    {
        let host = host.clone();
        use_effect_with((), move |()| {
            move || {
                let root = host.cast::<HtmlElement>();
                spawn_local(async move {
                    if let (Ok(program), Some(root)) = (program.load().await, root) {
                        let _ = call(&program, "leave", &js_sys::Array::of1(&root));
                    }
                });
            }
        });
    }
    let retry = {
        let attempt = attempt.clone();
        Callback::from(move |()| attempt.set(*attempt + 1))
    };
    html! {
        <>
            if *stand == Stand::Loading {
                { stand_in(&props.part) }
            } else if *stand == Stand::Lost {
                <div class="page">{ failure_note("This part of the dashboard cannot be loaded.", "Check the connection, then retry.", false, Some(&retry)) }</div>
            }
            <div class="hosted" ref={host}></div>
        </>
    }
}

/// The event that tells that a dialog was closed which the dashboard had opened.
const CLOSED: &str = "larder-closed";

/// Tells the dashboard that its dialog was closed.
pub(crate) fn tell_closed() {
    browser::tell(CLOSED);
}

/// The dialog that is open, where no URL says so.
#[hook]
pub(crate) fn use_dialog() -> UseStateHandle<Option<Part>> {
    let dialog = use_state_eq(|| None::<Part>);
    let setter = dialog.setter();
    use_effect_with((), move |()| {
        let listener = EventListener::new(&window(), CLOSED, move |_| setter.set(None));
        || drop(listener)
    });
    dialog
}

/// What stands in for a part until it is drawn, about as high.
fn stand_in(part: &Part) -> Html {
    match part {
        Part::Install(_) | Part::Token | Part::Machine | Part::Shortcuts => Html::default(),
        Part::Empty(_) => html! { <div aria-busy="true">{ skeleton(4) }</div> },
        Part::Usage(_) => html! { <div aria-busy="true">{ skeleton(usage::ROWS) }</div> },
        Part::Page | Part::NoMirror(_) => html! { <div class="page" aria-busy="true">{ skeleton(8) }</div> },
        Part::Broken { failing, .. } => {
            let rows = usize::try_from(*failing).unwrap_or(usize::MAX).min(BROKEN_SHOWN);
            html! { <section aria-busy="true"><h2>{ "What broke" }</h2>{ skeleton(rows + 1) }<p class="search-note">{ "\u{a0}" }</p></section> }
        }
    }
}
