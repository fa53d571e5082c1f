//! The shell and the page at the URL.

use std::{cell::RefCell, rc::Rc};

use gloo::{
    events::EventListener,
    timers::callback::Timeout,
    utils::{document_element, window},
};
use larder_frontend::{
    format,
    machine::Machine,
    search_text::Sought,
    source::{Source, static_mirror},
};
use larder_shared::{
    api::Mirror,
    name::{MirrorName, PackageName},
    route::page::Page,
};
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::{
    announce::Announcer,
    api, browser,
    clock::Clock,
    components::{parts::in_code, search_box::SearchBox, shell::shell},
    finder::{Finder, use_finder},
    keyboard::use_keyboard,
    load::{Answer, known, use_answer},
    my_machine::{self, use_machine},
    pages::{
        home::HomePage,
        hosted::{Hosted, Part, Program, is_awaited, use_dialog},
        listing::ListingProps,
        mirror::MirrorPage,
        open::{AskForMirror, OpenPage},
        packages::PackagesPage,
        use_token,
    },
    prefetch::use_prefetch,
    route::{self, Arrival, Left, Place, use_place},
};

/// Draws the dashboard in the page.
pub fn start() {
    if let Some(root) = browser::element("app") {
        yew::Renderer::<App>::with_root(root).render();
    }
}

/// The whole dashboard.
#[component]
pub(crate) fn App() -> Html {
    let place = use_place();
    use_prefetch();
    let home_visit = if place.page == Page::Home { place.visit } else { 0 };
    let mirrors = use_answer(api::mirrors(), home_visit);
    let current = current_mirror(&place.page, &mirrors);
    let dialog = use_dialog();
    {
        let dialog = dialog.setter();
        let on_help = use_callback((), move |(), ()| dialog.set(Some(Part::Shortcuts)));
        use_keyboard(current.clone(), on_help);
    }
    use_effect_with((*place).clone(), |place| settle(&place.arrival, place.visit));

    // What is typed, while it is newer than what the URL says.
    let typed = use_state_eq(|| (0, None::<String>));
    let text = match &*typed {
        (visit, Some(text)) if *visit == place.visit => text.clone(),
        _ => place.param("q").filter(|_| is_searched(&place.page)).unwrap_or_default().to_owned(),
    };
    let on_input = {
        let (place, current, typed) = ((*place).clone(), current.clone(), typed.setter());
        Callback::from(move |text: String| {
            typed.set((place.visit, Some(text.clone())));
            follow_typing(&place, current.as_ref(), text);
        })
    };
    let on_enter = {
        let (text, current) = (text.clone(), current.clone());
        Callback::from(move |()| match &current {
            Some(mirror) => open_search(mirror, &text),
            None => open_search_of_all(&text),
        })
    };
    let all = mirrors.data.as_ref().map_or(&[][..], |mirrors| &mirrors[..]);
    let opened = use_mut_ref(|| None::<Source>);
    let here = current.clone().map(Source::Mirror).or_else(|| elsewhere(&place));
    let can_search = here.is_some() || all.len() > 1 && place.page != Page::Open;
    let scope = here.as_ref().map(|source| AttrValue::from(source.title().to_owned()));
    let finder = use_finder(searched(&opened, &place.page, here));
    let search = can_search.then(|| {
        let (read, items) = (finder.known.read.clone(), finder.known.items.clone());
        let (text, on_caret) = (text.clone(), finder.complete.clone());
        html! { <SearchBox {text} {scope} {read} {items} {on_input} {on_enter} {on_caret}/> }
    });
    let machine = use_machine();
    let on_machine = {
        let dialog = dialog.setter();
        Callback::from(move |_| dialog.set(Some(Part::Machine)))
    };
    html! {
        <Clock>
            <a class="sr" href="#main">{ "Skip to content" }</a>
            { shell(&place.page, all, current.as_ref(), search, use_token::dialog_url(), machine.as_ref(), on_machine) }
            <Offline/>
            { machine_of_link(&place) }
            <main id="main" tabindex="-1">
                { page(&place, &mirrors, current.as_ref(), text, &finder) }
                { install(&place, current.as_ref()) }
                if place.param(use_token::PARAM).is_some() {
                    <div><Hosted program={Program::Mirrors} part={Part::Token} visit={place.visit}/></div>
                }
                if let Some(part) = &*dialog {
                    <div><Hosted program={Program::Mirrors} part={part.clone()}/></div>
                }
            </main>
            <Announcer/>
        </Clock>
    }
}

/// The mirror one is in: the page's, or the only one there is.
fn current_mirror(page: &Page, mirrors: &Answer<Vec<Mirror>>) -> Option<MirrorName> {
    match (page.mirror(), mirrors.data.as_ref().map(|mirrors| &mirrors[..])) {
        (Some(mirror), _) => Some(mirror.clone()),
        (None, _) if *page == Page::Open => None,
        (None, Some([mirror])) if !mirrors.state.is_partial => Some(mirror.name.clone()),
        (None, _) => None,
    }
}

/// The static mirror that is opened.
fn elsewhere(place: &Place) -> Option<Source> {
    let url = place.param("url").filter(|_| place.page == Page::Open)?;
    static_mirror(url).ok().map(Source::Elsewhere)
}

/// What is searched: from the first visit to its packages on, until it is left.
fn searched(opened: &Rc<RefCell<Option<Source>>>, page: &Page, here: Option<Source>) -> Option<Source> {
    let mut opened = opened.borrow_mut();
    if matches!(page, Page::Packages(_) | Page::Open) || *opened != here {
        *opened = here.filter(|_| matches!(page, Page::Packages(_) | Page::Open));
    }
    opened.clone()
}

/// The list of a source as the URL wants it.
fn listing(place: &Place, source: Source, text: String, finder: &Finder) -> ListingProps {
    let param = |name| AttrValue::from(place.param(name).unwrap_or_default().to_owned());
    let (sort, facets, by, cols) = (param("sort"), param("f"), param("by"), param("cols"));
    ListingProps { source, text: text.into(), sort, facets, by, cols, finder: finder.clone() }
}

/// Whether the page shows what the box finds.
const fn is_searched(page: &Page) -> bool {
    matches!(page, Page::Search | Page::Open | Page::Packages(_))
}

fn page(
    place: &Place,
    mirrors: &Answer<Vec<Mirror>>,
    current: Option<&MirrorName>,
    text: String,
    finder: &Finder,
) -> Html {
    if let Some(program) = Program::of(&place.page) {
        return html! { <Hosted key={program.name()} {program} part={Part::Page} visit={place.visit}/> };
    }
    let key = place.page.to_string();
    match &place.page {
        Page::Home => match current {
            Some(mirror) => html! { <MirrorPage {key} mirror={mirror.clone()} page={Page::Home}/> },
            None => html! { <HomePage {key} mirrors={mirrors.clone()}/> },
        },
        Page::Mirror(mirror) => html! { <MirrorPage {key} mirror={mirror.clone()} page={place.page.clone()}/> },
        Page::Packages(mirror) => {
            let listing = listing(place, Source::Mirror(mirror.clone()), text, finder);
            html! { <PackagesPage {key} mirror={mirror.clone()} {listing}/> }
        }
        Page::Open => match elsewhere(place) {
            Some(source) => {
                html! { <OpenPage key={source.url()} listing={listing(place, source.clone(), text, finder)}/> }
            }
            None => html! { <AskForMirror/> },
        },
        // Drawn by another program.
        _ => Html::default(),
    }
}

/// The dialog above the page, where the URL asks for it. Pages that another program draws have their own.
fn install(place: &Place, current: Option<&MirrorName>) -> Html {
    let (Page::Home | Page::Mirror(_), Some(mirror), Some(_)) = (&place.page, current, place.param("install")) else {
        return Html::default();
    };
    let part = Part::Install(mirror.clone());
    html! { <div><Hosted program={Program::Specs} {part} visit={place.visit}/></div> }
}

/// What typing does: it filters a list that is there, or opens the list of packages.
fn follow_typing(place: &Place, current: Option<&MirrorName>, text: String) {
    let sought = Sought::parse(&text);
    if let Sought::Hash(hash) = &sought
        && sought.is_whole_hash()
        && place.page != Page::Open
    {
        route::go(&route::href(&page_of_hash(current, hash.clone())));
        return;
    }
    match (&place.page, current) {
        (Page::Packages(_) | Page::Open, _) => {
            let param = |name| place.param(name).unwrap_or_default();
            let url = param("url");
            let params = [
                ("url", url),
                ("q", &*text),
                ("f", param("f")),
                ("sort", param("sort")),
                ("by", param("by")),
                ("cols", param("cols")),
            ];
            route::correct_soon(route::url(&place.page, &params));
        }
        (_, Some(mirror)) if matches!(sought, Sought::Words(_)) => {
            route::go_typing(&route::url(&Page::Packages(mirror.clone()), &[("q", &text)]));
        }
        (Page::Search, None) => route::go_instead_soon(route::url(&Page::Search, &[("q", &text)])),
        (_, None) => route::go_typing(&route::url(&Page::Search, &[("q", &text)])),
        _ => {}
    }
}

/// Where a spec is shown: in the mirror one is in, else in whichever has it.
fn page_of_hash(current: Option<&MirrorName>, hash: String) -> Page {
    match current {
        Some(mirror) => Page::Spec(mirror.clone(), hash),
        None => Page::Hash(hash),
    }
}

/// As [`open_search`], where no mirror is chosen.
fn open_search_of_all(text: &str) {
    match Sought::parse(text) {
        Sought::Hash(hash) => route::go(&route::href(&Page::Hash(hash))),
        Sought::Everything | Sought::Words(_) => route::put_pending(),
    }
}

/// What Enter does: it opens a hash or an exact name, otherwise it keeps the list.
fn open_search(mirror: &MirrorName, text: &str) {
    match Sought::parse(text) {
        Sought::Everything => {}
        Sought::Hash(hash) => route::go(&route::href(&page_of_hash(Some(mirror), hash))),
        Sought::Words(words) => {
            if let Some(name) = exact_name(mirror, &words) {
                route::go(&route::href(&Page::Package(mirror.clone(), name)));
            }
        }
    }
}

fn exact_name(mirror: &MirrorName, words: &str) -> Option<PackageName> {
    let packages = known(&api::packages(mirror))?;
    packages
        .iter()
        .find(|package| package.name.as_str().eq_ignore_ascii_case(words))
        .map(|package| package.name.clone())
}

/// How long a page may grow until the place that Back returns to is there.
const SETTLE_STEPS: u32 = 40;
const SETTLE_STEP_MILLIS: u32 = 50;

/// Puts scroll and keyboard where somebody who arrived expects them.
fn settle(arrival: &Arrival, visit: u32) {
    match arrival {
        Arrival::Load | Arrival::Within => {}
        Arrival::Typing => window().scroll_to_with_x_and_y(0.0, 0.0),
        Arrival::Link => {
            window().scroll_to_with_x_and_y(0.0, 0.0);
            focus_title();
        }
        Arrival::Back(left) => return_to(left.clone(), visit, SETTLE_STEPS),
    }
}

fn focus_title() {
    if let Some(title) = browser::find("main h1") {
        browser::focus_in_place(&title);
    }
}

/// Returns to where a page was left, as soon as it is drawn and high enough again.
fn return_to(left: Left, visit: u32, steps: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "no window is that high")]
    let lowest = document_element().scroll_height() - browser::window_height() as i32;
    if steps > 0 && (is_awaited(visit) || lowest + 1 < left.scrolled) {
        Timeout::new(SETTLE_STEP_MILLIS, move || return_to(left, visit, steps - 1)).forget();
        return;
    }
    window().scroll_to_with_x_and_y(0.0, left.scrolled.min(lowest.max(0)).into());
    focus_again(left.link, browser::focused(), steps);
}

/// Gives the keyboard back to the link by which a page was left, unless the reader has moved it on from `before`. Rows
/// come a little later than their page.
fn focus_again(link: Option<String>, before: Option<HtmlElement>, steps: u32) {
    let links = browser::find_all("main a[href]");
    let found = links.iter().find(|known| link.is_some() && known.get_attribute("href") == link);
    let now = browser::focused();
    let is_moved = now != before && now.is_some_and(|focused| focused.tag_name() != "BODY");
    match found {
        _ if is_moved => {}
        Some(found) => browser::focus_in_place(found),
        None if link.is_some() && steps > 0 => {
            Timeout::new(SETTLE_STEP_MILLIS, move || focus_again(link, before, steps - 1)).forget();
        }
        None => focus_title(),
    }
}

/// One line under the bar while the URL names a machine: what is marked, is marked for that.
fn machine_of_link(place: &Place) -> Html {
    let Some(named) = place.param(my_machine::PARAM) else { return Html::default() };
    let own = my_machine::remembered();
    let (text, drop) = match (Machine::of_link(named), &own) {
        (Ok(machine), Some(own)) if machine == *own => return Html::default(),
        (Ok(machine), Some(own)) => (
            format!(
                "What runs on `{}` is marked: the link names that machine. Yours is `{}`.",
                machine.short(),
                own.short()
            ),
            "Use mine",
        ),
        (Ok(machine), None) => {
            (format!("What runs on `{}` is marked: the link names that machine.", machine.short()), "Drop it")
        }
        (Err(_), _) => {
            (format!("The link names a machine that cannot be read: `{}`.", format::visible(named)), "Drop it")
        }
    };
    html! {
        <p class="offline" role="status">
            { in_code(&text) }{ " " }
            <button type="button" class="btn" id="drop-machine" onclick={Callback::from(|_| route::drop_machine())}>{ drop }</button>
        </p>
    }
}

/// One line under the bar while the browser is offline.
#[component]
fn Offline() -> Html {
    let online = use_state_eq(|| window().navigator().on_line());
    let setter = online.setter();
    use_effect_with((), move |()| {
        let listeners = ["online", "offline"].map(|kind| {
            let setter = setter.clone();
            EventListener::new(&window(), kind, move |_| setter.set(window().navigator().on_line()))
        });
        || drop(listeners)
    });
    if *online {
        return Html::default();
    }
    html! { <p class="offline" role="status"><strong>{ "Offline." }</strong>{ " What was loaded stays here; the rest comes with the connection." }</p> }
}
