//! Numbers, the grammar of prompts, and the first word of a command line.
