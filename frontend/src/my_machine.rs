//! The reader's machine as this browser remembers it. Every program of the page hears when it changes.

use gloo::{events::EventListener, utils::window};
use larder_frontend::machine::Machine;
use web_sys::Event;
use yew::prelude::*;

use crate::browser;

const KEY: &str = "larder-machine";

/// The event that tells of a change; other tabs hear of it by `storage`.
const CHANGED: &str = "larder-machine";

/// The machine, where the reader has said which.
pub(crate) fn remembered() -> Option<Machine> {
    Machine::parse(&browser::remembered(KEY)?).ok()
}

/// Remembers a machine, or forgets it.
pub(crate) fn remember(machine: Option<&Machine>) {
    browser::remember(KEY, &machine.map(Machine::to_string).unwrap_or_default());
    if let Ok(event) = Event::new(CHANGED) {
        let _ = window().dispatch_event(&event);
    }
}

/// The machine, now and whenever it changes.
#[hook]
pub(crate) fn use_machine() -> Option<Machine> {
    let machine = use_state_eq(remembered);
    let setter = machine.setter();
    use_effect_with((), move |()| {
        let listeners = [CHANGED, "storage"].map(|kind| {
            let setter = setter.clone();
            EventListener::new(&window(), kind, move |_| setter.set(remembered()))
        });
        || drop(listeners)
    });
    (*machine).clone()
}
