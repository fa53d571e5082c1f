//! The place in the dashboard for a part that another program draws, which is loaded for it.

use std::fmt;

use js_sys::{Function, Promise, Reflect};
use larder_shared::name::{MirrorName, PackageName};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;
use yew::prelude::*;

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

/// What the program about builds draws; written as text from one program to the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// The page at the URL.
    Page,
    /// What broke in a mirror.
    Broken {
        /// The mirror.
        mirror: MirrorName,
        /// How many of its failures are still failing.
        failing: u64,
        /// Whether the mirror is named.
        named: bool,
    },
    /// The last builds of a package.
    History(MirrorName, PackageName),
}

impl Part {
    /// Reads what [`Part`] prints.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(' ').collect();
        match words[..] {
            ["page"] => Some(Self::Page),
            ["broken", mirror, failing, named] => Some(Self::Broken {
                mirror: mirror.parse().ok()?,
                failing: failing.parse().ok()?,
                named: named == "named",
            }),
            ["history", mirror, name] => Some(Self::History(mirror.parse().ok()?, name.parse().ok()?)),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page => f.write_str("page"),
            Self::Broken { mirror, failing, named } => {
                write!(f, "broken {mirror} {failing} {}", if *named { "named" } else { "alone" })
            }
            Self::History(mirror, name) => write!(f, "history {mirror} {name}"),
        }
    }
}

/// Whether a page is drawn elsewhere, and that of `visit` is not drawn yet.
pub(crate) fn is_awaited(visit: u32) -> bool {
    browser::find(PAGE_PLACE).is_some_and(|place| place.get_attribute(SHOWN_VISIT) != Some(visit.to_string()))
}

/// Has the browser load the program, so that it is there when it is wanted.
pub(crate) fn load_ahead() {
    spawn_local(async {
        let _ = program().await;
    });
}

/// The program; `start.js` imports it once.
async fn program() -> Result<JsValue, JsValue> {
    let load: Function = Reflect::get(&js_sys::global(), &"larderReports".into())?.dyn_into()?;
    JsFuture::from(load.call0(&JsValue::NULL)?.dyn_into::<Promise>()?).await
}

fn call(program: &JsValue, name: &str, arguments: &js_sys::Array) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(program, &name.into())?.dyn_into()?;
    function.apply(&JsValue::NULL, arguments)
}

#[derive(Properties, PartialEq)]
pub(crate) struct HostedProps {
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

/// A part of the dashboard about builds.
#[component]
pub(crate) fn Hosted(props: &HostedProps) -> Html {
    let host = use_node_ref();
    let stand = use_state_eq(|| Stand::Loading);
    let attempt = use_state_eq(|| 0u32);
    {
        let (host, stand) = (host.clone(), stand.setter());
        use_effect_with((props.part.clone(), props.visit, *attempt), move |(part, visit, _)| {
            let (part, visit) = (part.to_string(), *visit);
            spawn_local(async move {
                let shown = async {
                    let program = program().await?;
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
                    if let (Ok(program), Some(root)) = (program().await, root) {
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

/// What stands in for a part until it is drawn, about as high.
fn stand_in(part: &Part) -> Html {
    match part {
        Part::Page => html! { <div class="page" aria-busy="true">{ skeleton(8) }</div> },
        Part::Broken { failing, .. } => {
            let rows = usize::try_from(*failing).unwrap_or(usize::MAX).min(BROKEN_SHOWN);
            html! { <div aria-busy="true">{ skeleton(rows + 2) }</div> }
        }
        Part::History(..) => html! { <div aria-busy="true"></div> },
    }
}
