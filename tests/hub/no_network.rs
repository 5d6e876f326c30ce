//! `--offline` opens no connection: it works without any network, in a namespace without a route.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use crate::common;

use common::hub::{Repository, TestHub};
use common::program::{BINARY, Outcome, Workplace, finish};

#[test]
#[ignore = "needs the right to make a network namespace: .ci/run"]
fn offline_works_where_there_is_no_network() {
    let hub = TestHub::new(vec![Repository::clip("acme/clip"), Repository::vqgan("acme/vqgan")]);
    let workplace = Workplace::new();
    let mut command = workplace.command();
    command.env("HF_ENDPOINT", &hub.endpoint);
    finish(command.args(["models", "pull", "acme/clip", "acme/vqgan"])).succeeded();
    let apart = |arguments: &[&str]| -> Outcome {
        let mut command = workplace.command_of("unshare");
        command.env("HF_ENDPOINT", &hub.endpoint).env("TEXT2ART_NETWORK_TIMEOUT", "2");
        finish(command.args(["--map-root-user", "--net", BINARY]).args(arguments))
    };
    let small = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1", "--clip", "acme/clip"];
    apart(&[&small[..], &["--vqgan", "acme/vqgan", "--offline", "-o", "a.png"]].concat()).succeeded();
    apart(&[&small[..], &["--vqgan", "acme/vqgan", "-o", "b.png"]].concat()).succeeded();
    // There really is none: what is not here does not come.
    let outcome = apart(&["models", "pull", "acme/clip"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    assert!(outcome.errors.contains("connection"), "{}", outcome.errors);
    let outcome = apart(&["models", "pull", "vit-b32", "--offline"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
}
