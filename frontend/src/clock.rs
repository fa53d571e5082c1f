//! The time that ages are counted from; it moves every half minute.

use gloo::timers::callback::Interval;
use larder_shared::api::Timestamp;
use yew::prelude::*;

use crate::browser;

const STEP_MILLIS: u32 = 30_000;

/// Now, as everything below it sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Now(pub Timestamp);

#[derive(Properties, PartialEq)]
pub(crate) struct ClockProps {
    pub children: Html,
}

/// Gives [`Now`] to what it contains.
#[component]
pub(crate) fn Clock(props: &ClockProps) -> Html {
    let now = use_state_eq(|| Now(browser::now()));
    let setter = now.setter();
    use_effect_with((), move |()| {
        let interval = Interval::new(STEP_MILLIS, move || setter.set(Now(browser::now())));
        move || drop(interval)
    });
    html! { <ContextProvider<Now> context={*now}>{ props.children.clone() }</ContextProvider<Now>> }
}

/// The time to count ages from.
#[hook]
pub(crate) fn use_now() -> Timestamp {
    use_context::<Now>().map_or_else(browser::now, |now| now.0)
}
