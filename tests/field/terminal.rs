//! What a terminal shows: the bar at any width, colors, and the last line.
