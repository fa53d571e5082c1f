//! The dialog that says how to install: from a mirror, a package of it, or one spec.

use std::rc::Rc;

use larder_frontend::{
    format,
    machine::Machine,
    ways::{Document, Guide, Way, What, guide},
};
use larder_shared::{
    api::Spec,
    name::{MirrorName, PackageName},
};
use yew::prelude::*;

use super::block;
use crate::{
    api,
    components::{
        copy::Copy,
        dialog::Dialog,
        install::{copy_all, remember_way, remembered_way, told},
        spec_text::version,
        tabs::{Tab, tabs},
        values::foreign,
    },
    load::{use_answer, use_answers},
    my_machine::use_machine,
    route::{self, Arrival, Place},
    site,
};

#[derive(Properties, PartialEq)]
pub(crate) struct InstallDialogProps {
    pub mirror: MirrorName,
    /// The beginning of the spec's hash, where it is about one.
    #[prop_or_default]
    pub hash: Option<String>,
    /// The package, where it is about one.
    #[prop_or_default]
    pub package: Option<PackageName>,
    /// The key of the tab that the URL names.
    pub tab: AttrValue,
    /// Rises with every arrival; 0 where the browser was sent here.
    pub visit: u32,
}

/// The URL of the page below, with the dialog at a tab or, without one, closed.
fn url_at(tab: &str) -> String {
    let Place { page, params, .. } = Place::here(Arrival::Within, 0);
    let rest = params.iter().filter(|(name, _)| name != "install").map(|(name, value)| (name.as_str(), value.as_str()));
    route::url(&page, &rest.chain([("install", tab)]).collect::<Vec<_>>())
}

#[component]
pub(crate) fn InstallDialog(props: &InstallDialogProps) -> Html {
    let mirror = use_answer(api::mirror(&props.mirror), 0);
    let specs = use_answers(props.hash.iter().map(|hash| api::spec(&props.mirror, hash)).collect());
    let machine = use_machine();
    let way = use_state_eq(|| way_here(&props.tab).or_else(|| way_here(&remembered_way())).unwrap_or(Way::ALL[0]));
    let choose = {
        let way = way.clone();
        Callback::from(move |place: usize| {
            let chosen = ways_here()[place];
            remember_way(chosen.key());
            route::correct(&url_at(chosen.key()));
            way.set(chosen);
        })
    };
    let onclose = {
        // Opened by a link, the dialog is a step in the history; by its own URL it is not.
        let was_opened_by_link = props.visit > 0;
        Callback::from(move |()| if was_opened_by_link { route::back() } else { route::go_instead(&url_at("")) })
    };
    let spec = specs.first().and_then(|spec| spec.data.clone());
    let title = match (&spec, &props.package) {
        (Some(spec), _) => html! {
            <>{ "Install " }<span class="spec">{ foreign(spec.summary.name.as_str()) }{ version(&spec.summary.version) }{ " " }<span class="hash">{ spec.prefix.clone() }</span></span></>
        },
        (None, Some(package)) => html! { <>{ "Install " }<span class="spec">{ foreign(package.as_str()) }</span></> },
        (None, None) => html! { <>{ "Install from " }<span class="mono">{ foreign(props.mirror.as_str()) }</span></> },
    };
    let content = block(&mirror, 3, |mirror| match specs.first() {
        Some(answer) => block(answer, 3, |spec| {
            let what = What::Spec { spec: &spec.summary, prefix: &spec.prefix };
            let mut guide = guide(&site::packages_url(), mirror, what, *way);
            guide.recipe.notes.extend(notes_on(spec, machine.as_ref()));
            ways(*way, &choose, &guide)
        }),
        None => {
            let package = props.package.as_ref().map(PackageName::as_str);
            ways(*way, &choose, &guide(&site::packages_url(), mirror, What::Package(package), *way))
        }
    });
    html! { <Dialog {title} {onclose}>{ content }</Dialog> }
}

/// The ways that there are where this dashboard lies.
fn ways_here() -> Vec<Way> {
    Way::ALL.into_iter().filter(|way| *way != Way::Oci || site::has_registry()).collect()
}

fn way_here(key: &str) -> Option<Way> {
    Way::from_key(key).filter(|way| ways_here().contains(way))
}

fn ways(way: Way, choose: &Callback<usize>, guide: &Guide) -> Html {
    let here = ways_here();
    let all: Vec<_> = here.iter().map(|way| Tab { key: way.key(), label: way.label() }).collect();
    let place = here.iter().position(|each| *each == way).unwrap_or_default();
    let end = if guide.recipe.commands.len() > 1 { copy_all(&guide.recipe.commands) } else { Html::default() };
    let panel =
        html! { <>{ for guide.files.iter().map(file) }{ told(&guide.recipe) }{ for guide.image.iter().map(file) }</> };
    tabs("install", "Way to install", &all, place, choose, end, panel)
}

fn file(file: &Document) -> Html {
    html! {
        <figure class="file">
            <figcaption><span class="mono">{ file.name }</span><Copy text={file.text.clone()} name={format!("Copy {}", file.name)} said={format!("the text of {}", file.name)}/></figcaption>
            <pre tabindex="0">{ file.text.clone() }</pre>
        </figure>
    }
}

/// What must be known of a spec before it is installed.
fn notes_on(spec: &Rc<Spec>, machine: Option<&Machine>) -> Vec<String> {
    let mut notes = Vec::new();
    let externals: Vec<String> = spec
        .nodes
        .iter()
        .filter(|node| node.external.is_some())
        .map(|node| format!("{} {}", node.name, format::visible(&node.version)))
        .collect();
    match &externals[..] {
        [] => {}
        [one] => notes.push(format!("{one} comes from your system.")),
        several => notes.push(format!("{} come from your system.", format::joined(several))),
    }
    let missing = spec.nodes.iter().filter(|node| !node.in_mirror && node.external.is_none()).count() as u64;
    if missing > 0 {
        let them = if missing == 1 { "it" } else { "them" };
        notes.push(format!(
            "{} it depends on {} not in this mirror: with `--cache-only`, Spack needs {them} from another.",
            format::counted(missing, "package"),
            if missing == 1 { "is" } else { "are" }
        ));
    }
    notes.extend(machine.map(|machine| machine.fit_sentence(&spec.summary)));
    notes
}
