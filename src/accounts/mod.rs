//! Who may use a server: users, their tokens and sessions, and how much each may ask for.
