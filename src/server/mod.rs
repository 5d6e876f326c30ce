//! The server: the HTTP interface to the queue, with its documentation, and the workers inside it.
