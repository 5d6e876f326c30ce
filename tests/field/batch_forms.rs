//! Files of prompts as other programs write them, and the rest of what users of `batch` hit.
