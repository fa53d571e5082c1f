//! The reader's machine: the one that the URL names, else the one that this browser remembers. Every program of the
//! page hears when it changes.

use gloo::{events::EventListener, utils::window};
use larder_frontend::machine::Machine;
use yew::prelude::*;

use crate::browser;

const KEY: &str = "larder-machine";

/// The event that tells of a change; other tabs hear of it by `storage`.
const CHANGED: &str = "larder-machine";

/// The machine, where the reader has said which.
pub(crate) fn remembered() -> Option<Machine> {
    Machine::parse(&browser::remembered(KEY)?).ok()
}

/// The parameter by which a link carries a machine.
pub(crate) const PARAM: &str = "host";

/// The machine for which the page is shown.
fn current() -> Option<Machine> {
    let named = browser::param(PARAM).and_then(|text| Machine::of_link(&text).ok());
    named.or_else(remembered)
}

/// Remembers a machine, or forgets it.
pub(crate) fn remember(machine: Option<&Machine>) {
    browser::remember(KEY, &machine.map(Machine::to_string).unwrap_or_default());
    tell();
}

/// Tells all programs that the machine may be another one now.
pub(crate) fn tell() {
    browser::tell(CHANGED);
}

/// The machine, now and whenever it changes.
#[hook]
pub(crate) fn use_machine() -> Option<Machine> {
    let machine = use_state_eq(current);
    let setter = machine.setter();
    use_effect_with((), move |()| {
        let listeners = [CHANGED, "storage"].map(|kind| {
            let setter = setter.clone();
            EventListener::new(&window(), kind, move |_| setter.set(current()))
        });
        || drop(listeners)
    });
    (*machine).clone()
}
