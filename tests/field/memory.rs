//! What reading pictures and outsized settings may cost in memory.
