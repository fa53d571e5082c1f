//! Which rows of a long list exist in the document: those in view and some around them.

use std::ops::Range;

/// Lists up to this length are drawn whole.
pub const DRAWN_WHOLE: usize = 200;

/// Rows kept on either side of the view, so that a quick scroll or a key press meets a drawn row.
const AROUND: usize = 24;

/// Where a list of equally high rows stands relative to the view, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct View {
    /// How far the list's first row lies above the top of the view; negative when it lies below.
    pub scrolled: f64,
    /// How high the view is.
    pub height: f64,
    /// How high a row is; 0 when it is not known yet.
    pub row: f64,
}

/// The rows to draw out of `total`.
pub fn rows_to_draw(total: usize, view: View) -> Range<usize> {
    if total <= DRAWN_WHOLE {
        return 0..total;
    }
    if view.row <= 0.0 {
        return 0..DRAWN_WHOLE;
    }
    let first = floor_row(view.scrolled / view.row).min(total);
    let last = floor_row((view.scrolled + view.height) / view.row).saturating_add(1).min(total);
    // Steps of `AROUND` rows keep the range still while the view moves within one step.
    let start = first.saturating_sub(AROUND) / AROUND * AROUND;
    let end = (last.saturating_add(2 * AROUND) / AROUND * AROUND).min(total);
    start..end
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a row number can be")]
fn floor_row(row: f64) -> usize {
    row.clamp(0.0, 1e9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lists_are_drawn_whole() {
        assert_eq!(rows_to_draw(0, View::default()), 0..0);
        assert_eq!(rows_to_draw(DRAWN_WHOLE, View { scrolled: 1e6, height: 900.0, row: 32.0 }), 0..DRAWN_WHOLE);
    }

    #[test]
    fn long_lists_are_drawn_around_the_view() {
        let range = |scrolled| rows_to_draw(100_000, View { scrolled, height: 900.0, row: 32.0 });
        for scrolled in [-500.0, 0.0, 31.0, 32.0, 5_000.0, 1_600_000.0, 3_199_000.0, 1e12, f64::NAN] {
            let drawn = range(scrolled);
            assert!(drawn.len() <= 130 && drawn.end <= 100_000, "{scrolled}: {drawn:?}");
            let first_in_view = floor_row(scrolled / 32.0).min(100_000);
            assert!(drawn.start <= first_in_view, "{scrolled}: {drawn:?}");
            assert!(drawn.end >= (first_in_view + 29).min(100_000), "{scrolled}: {drawn:?}");
        }
        assert_eq!(rows_to_draw(1_000, View::default()), 0..DRAWN_WHOLE);
    }
}
