//! Files from pages that are not on a hub, and whose digest nobody publishes: the first download is kept.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::Path;
use std::time::Duration;

use common::hub::{Fault, Repository, TestHub};
use sha2::{Digest, Sha256};
use text2art::files::to_hex;
use text2art::models::hub::{Environment, Hub, Origin, Request};
use text2art::progress::Stop;
use text2art::{Error, Result};

fn environment(hub: &TestHub, folder: &Path) -> Environment {
    Environment {
        endpoint: hub.endpoint.parse().unwrap(),
        pages: None,
        cache: folder.join("hub"),
        token: Some("hf_secret".into()),
        token_problem: None,
        offline: false,
        weights: None,
        own: folder.join("own"),
        stall: Duration::from_secs(2),
        connect: Duration::from_secs(2),
    }
}

#[test]
fn the_first_file_of_a_page_is_the_one() {
    let content: Vec<u8> = (0..300_000_u32).map(|index| (index % 251) as u8).collect();
    let digest = to_hex(&Sha256::digest(&content));
    let hub = TestHub::new(vec![Repository::new("acme/page", [("model.ckpt".into(), content.clone())])]);
    let folder = tempfile::tempdir().unwrap();
    let reached = Hub::new(environment(&hub, folder.path()), Stop::default());
    let path = folder.path().join("own/pages/model/model.ckpt");
    let origin = Origin::Page { url: format!("{}/{digest}", hub.elsewhere), path: path.clone() };
    let request = Request { origin, file: "model.ckpt".into(), bytes: None, sha256: None };
    let fetch = || -> Result<()> {
        let items = reached.look_up(vec![request.clone()])?;
        reached.fetch(&items, &|_| ()).map(drop)
    };
    hub.fault("GET elsewhere", Fault::Cut(200_000));
    fetch().unwrap();
    assert!(std::fs::read(&path).unwrap() == content);
    assert_eq!(reached.expected_digest(&request, &path), Some(digest));
    assert!(hub.requests().iter().all(|seen| !seen.headers.contains_key("authorization")));
    assert_eq!(hub.requests_of("GET")[1].headers["range"], "bytes=200000-");
    fetch().unwrap();
    assert_eq!(hub.requests().len(), 2);

    // Another file at the same address is not taken, until the first is forgotten.
    std::fs::remove_file(&path).unwrap();
    hub.fault("GET elsewhere", Fault::Corrupt);
    let error = fetch().unwrap_err();
    assert!(matches!(error, Error::Network { .. }) && error.to_string().contains("SHA-256"), "{error}");
    assert!(!path.exists());
    reached.forget(&request);
    hub.fault("GET elsewhere", Fault::Corrupt);
    fetch().unwrap();
    assert!(path.exists());
    // A page that is gone is told as such, and not asked for again and again.
    std::fs::remove_file(&path).unwrap();
    hub.fault("GET elsewhere", Fault::Status(404, ""));
    assert!(fetch().unwrap_err().is_usage());
}

/// A mirror has the files of all pages, under their addresses; the digests are those of the pages.
#[test]
fn a_mirror_of_pages_is_asked_instead() {
    let address = "raw.example/acme/head.pth";
    let content = b"the head".to_vec();
    let digest = to_hex(&Sha256::digest(&content));
    let hub = TestHub::new(vec![Repository::new("acme/page", [(address.into(), content.clone())])]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own/pages/head/head.pth");
    let origin = Origin::Page { url: format!("https://{address}"), path: path.clone() };
    let request = Request { origin, file: "head.pth".into(), bytes: Some(8), sha256: Some(digest) };
    let fetch = |mirror: &str| -> Result<()> {
        let pages = Some(mirror.parse().unwrap());
        let reached = Hub::new(Environment { pages, ..environment(&hub, folder.path()) }, Stop::default());
        let items = reached.look_up(vec![request.clone()])?;
        assert_eq!(items[0].from(&reached), format!("{}/{address}", mirror.trim_end_matches('/')));
        reached.fetch(&items, &|_| ()).map(drop)
    };
    for mirror in [hub.elsewhere.clone(), format!("{}/", hub.elsewhere)] {
        fetch(&mirror).unwrap();
        assert!(std::fs::read(&path).unwrap() == content);
        std::fs::remove_file(&path).unwrap();
    }
    assert!(hub.requests().iter().all(|seen| seen.path == format!("elsewhere /{address}")));
    hub.fault("GET elsewhere", Fault::Corrupt);
    let error = fetch(&hub.elsewhere).unwrap_err();
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert!(!path.exists());
    // What the mirror lacks is not asked for elsewhere.
    assert!(fetch(&format!("{}/other", hub.elsewhere)).unwrap_err().is_usage());
}
