//! Talking to a server: submitting jobs, watching and canceling them, and fetching their files.
