//! Weights in the forms people have them, and the places the hub's own client looks at.
