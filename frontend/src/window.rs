//! Which rows of a long list exist in the document: those in view and some around them.

use std::ops::Range;

/// Lists up to this length are drawn whole.
pub const DRAWN_WHOLE: usize = 200;

/// Rows kept on either side of the view, so that a quick scroll or a key press meets a drawn row.
const AROUND: usize = 24;

/// A view moves in steps of so many rows; within one, nothing is drawn anew.
const STEP: usize = 8;

/// The height of a row that has not been measured yet, in pixels: the lowest there is.
const ASSUMED_ROW: f64 = 32.0;

/// Which rows of a list are in view, to a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The first that may be.
    first: usize,
    /// The one after the last that may be.
    end: usize,
    /// How high a row is, in pixels.
    pub row: f64,
}

impl View {
    /// A list of equally high rows in a view of `height`, whose first row lies `scrolled` above the top of the view;
    /// negative when it lies below. All in pixels.
    pub fn new(scrolled: f64, height: f64, row: f64) -> Self {
        let row = if row > 0.0 { row } else { ASSUMED_ROW };
        let first = floor_row(scrolled / row) / STEP * STEP;
        let end = floor_row((scrolled + height) / row).saturating_add(1).next_multiple_of(STEP);
        Self { first, end, row }
    }

    /// A list that begins with a view of `height` pixels, before anything is drawn.
    pub fn at_first(height: f64) -> Self {
        Self::new(0.0, height, ASSUMED_ROW)
    }

    /// The rows in view out of `total`: what the next frame needs.
    pub fn rows(&self, total: usize) -> Range<usize> {
        self.first.min(total)..self.end.min(total)
    }

    /// The rows to draw out of `total`.
    pub fn rows_around(&self, total: usize) -> Range<usize> {
        if total <= DRAWN_WHOLE {
            return 0..total;
        }
        self.first.min(total).saturating_sub(AROUND)..self.end.saturating_add(AROUND).min(total)
    }
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
        assert_eq!(View::at_first(900.0).rows_around(0), 0..0);
        assert_eq!(View::new(1e6, 900.0, 32.0).rows_around(DRAWN_WHOLE), 0..DRAWN_WHOLE);
    }

    #[test]
    fn long_lists_are_drawn_around_the_view() {
        for scrolled in [-500.0, 0.0, 31.0, 32.0, 5_000.0, 1_600_000.0, 3_199_000.0, 1e12, f64::NAN] {
            let view = View::new(scrolled, 900.0, 32.0);
            let first_in_view = floor_row(scrolled / 32.0).min(100_000);
            let last_in_view = floor_row((scrolled + 900.0) / 32.0).min(99_999);
            for (drawn, most) in [(view.rows(100_000), 45), (view.rows_around(100_000), 93)] {
                assert!(drawn.len() <= most && drawn.end <= 100_000, "{scrolled}: {drawn:?}");
                assert!(drawn.start <= first_in_view, "{scrolled}: {drawn:?}");
                assert!(drawn.end > last_in_view.min(first_in_view), "{scrolled}: {drawn:?}");
                assert!(scrolled.is_nan() || drawn.end > last_in_view, "{scrolled}: {drawn:?}");
            }
        }
    }

    #[test]
    fn within_a_step_nothing_is_drawn_anew() {
        assert_eq!(View::new(0.0, 900.0, 32.0), View::new(90.0, 900.0, 32.0));
        assert_eq!(View::at_first(900.0), View::new(0.0, 900.0, 0.0));
        assert_ne!(View::new(0.0, 900.0, 32.0), View::new(32.0 * 9.0, 900.0, 32.0));
    }
}
