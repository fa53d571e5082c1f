//! Dragging a drawing that is larger than its frame.

/// How far a pointer goes, in pixels, until that is no click any more.
const SLACK: i32 = 4;

/// A pointer that was pressed in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drag {
    pressed_at: (i32, i32),
    scrolled: (i32, i32),
    is_drag: bool,
}

impl Drag {
    /// A pointer pressed at this place of the window, in a frame that is scrolled so far.
    pub const fn begin(pressed_at: (i32, i32), scrolled: (i32, i32)) -> Self {
        Self { pressed_at, scrolled, is_drag: false }
    }

    /// Whether the pointer has moved enough not to mean a click.
    pub const fn is_drag(&self) -> bool {
        self.is_drag
    }

    /// How far the frame is to be scrolled now that the pointer is here; `None` as long as it may be a click.
    pub const fn moved(&mut self, to: (i32, i32)) -> Option<(i32, i32)> {
        let (right, down) = (to.0 - self.pressed_at.0, to.1 - self.pressed_at.1);
        self.is_drag = self.is_drag || right.abs() > SLACK || down.abs() > SLACK;
        if self.is_drag { Some((self.scrolled.0 - right, self.scrolled.1 - down)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_follows_the_pointer() {
        let mut drag = Drag::begin((100, 50), (30, 40));
        assert_eq!(drag.moved((60, 70)), Some((70, 20)));
        assert_eq!(drag.moved((100, 50)), Some((30, 40)));
        assert!(drag.is_drag());
    }

    #[test]
    fn a_hand_that_trembles_clicks() {
        let mut drag = Drag::begin((100, 50), (0, 0));
        assert_eq!((drag.moved((103, 46)), drag.is_drag()), (None, false));
        assert_eq!(drag.moved((105, 50)), Some((-5, 0)));
    }
}
