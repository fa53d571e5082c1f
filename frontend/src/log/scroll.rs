//! Where a scrolled list of very many equally high rows stands.
//!
//! Browsers make no element higher than some ten million pixels. A list that would be higher is given
//! a scale: a pixel of the scroll bar is then more than a pixel of the list.

/// The measures of a list and its view, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scale {
    /// How many rows there are.
    pub rows: u64,
    /// How high a row is.
    pub row: f64,
    /// How high the view is.
    pub view: f64,
    /// How high an element may be.
    pub limit: f64,
    /// Whether the last row may be scrolled to the top: rows that break lines are higher than `row`.
    pub past_end: bool,
}

impl Scale {
    /// How high the list is.
    #[expect(clippy::cast_precision_loss, reason = "far fewer rows than a double counts exactly")]
    fn list(&self) -> f64 {
        let end = if self.past_end { (self.view - self.row).max(0.0) } else { 0.0 };
        self.rows as f64 * self.row + end
    }

    /// How high the element is that is scrolled.
    pub fn height(&self) -> f64 {
        self.list().min(self.limit)
    }

    /// Whether a pixel of the scroll bar is a pixel of the list.
    pub fn is_exact(&self) -> bool {
        self.list() <= self.limit
    }

    /// The row at the top of the view when it is scrolled to `top`; 2.5 is the middle of the third.
    pub fn row_at(&self, top: f64) -> f64 {
        if self.row <= 0.0 {
            return 0.0;
        }
        let most = (self.height() - self.view).max(1.0);
        let hidden = (self.list() - self.view).max(0.0);
        let pixels = if self.is_exact() { top } else { top / most * hidden };
        pixels.clamp(0.0, hidden.max(0.0)) / self.row
    }

    /// Where to scroll so that `row` is at the top of the view.
    pub fn top_of(&self, row: f64) -> f64 {
        let hidden = (self.list() - self.view).max(1.0);
        let pixels = (row * self.row).clamp(0.0, hidden);
        if self.is_exact() { pixels } else { pixels / hidden * (self.height() - self.view).max(0.0) }
    }

    /// How many rows a view shows, whole or in part.
    pub fn rows_in_view(&self) -> u64 {
        if self.row <= 0.0 {
            return 0;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as many as fit a window")]
        let rows = (self.view / self.row).clamp(0.0, 10_000.0).ceil() as u64;
        rows + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Scale = Scale { rows: 1_000, row: 20.0, view: 800.0, limit: 15e6, past_end: false };

    #[test]
    fn short_lists_scroll_by_the_pixel() {
        assert_eq!((SMALL.height(), SMALL.is_exact()), (20_000.0, true));
        assert_eq!((SMALL.row_at(50.0), SMALL.top_of(2.5)), (2.5, 50.0));
        assert_eq!(SMALL.row_at(1e9), 960.0);
        assert_eq!(SMALL.rows_in_view(), 41);
        assert_eq!(Scale { rows: 3, ..SMALL }.row_at(10.0), 0.0);
        assert_eq!(Scale::default().row_at(10.0), 0.0);
        assert_eq!(Scale { past_end: true, ..SMALL }.row_at(1e9), 999.0);
    }

    #[test]
    fn long_lists_reach_every_row_at_a_scale() {
        let long = Scale { rows: 4_000_000, ..SMALL };
        assert_eq!((long.height(), long.is_exact()), (15e6, false));
        for row in [0.0, 1.0, 12_345.5, 2_000_000.0, 3_999_960.0] {
            assert!((long.row_at(long.top_of(row)) - row).abs() < 1e-3, "{row}");
        }
        assert!((long.row_at(15e6 - 800.0) - 3_999_960.0).abs() < 1e-3);
    }
}
