//! Tests of the drawers of strokes.
