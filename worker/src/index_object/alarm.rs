//! The object's one alarm, which all share that have something to do later.

use worker::{Result, ScheduledTime, State};

/// Sees to it that the alarm rings at `due`, in milliseconds since 1970, or before; at once, when that
/// is past.
pub(super) async fn ring_by(state: &State, due: u64) -> Result<()> {
    let due = due.max(crate::app::now().as_millis());
    let set = state.storage().get_alarm().await?.and_then(|at| u64::try_from(at).ok());
    if set.is_none_or(|at| at > due) {
        state.storage().set_alarm(time(due)).await?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
fn time(millis: u64) -> ScheduledTime {
    ScheduledTime::new(js_sys::Date::new(&(millis as f64).into()))
}
