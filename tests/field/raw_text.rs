//! Text that comes from files never reaches the terminal raw.
