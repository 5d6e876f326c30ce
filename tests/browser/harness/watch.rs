//! What must not happen on any page: a request to elsewhere, an error of a script, something that the policy forbids.

use serde_json::Value;

use super::driver::Browser;

impl Browser {
    /// The addresses that were asked for since the last look.
    pub fn requests(&self) -> Vec<String> {
        let messages = self.log("performance");
        let messages = messages.iter().map(|entry| serde_json::from_str(entry["message"].as_str().unwrap()).unwrap());
        let sent = messages.filter(|event: &Value| event["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// The complaints of the browser since the last look. That the server refused a request is none: tests ask for that.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser");
        let bad = entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["source"] == "security");
        let texts = bad.map(|entry| entry["message"].as_str().unwrap().to_owned());
        texts.filter(|text| !text.contains("the server responded with a status of 4")).collect()
    }

    /// Checks that nothing came from elsewhere, and that nothing went wrong.
    pub(super) fn check(&self) {
        let own = format!("{}/", self.server);
        // The others come from the browser itself, such as its first, empty page.
        let foreign =
            |url: &String| !url.starts_with(&own) && ["http", "ws", "ftp"].iter().any(|kind| url.starts_with(kind));
        let requests = self.requests();
        assert!(requests.iter().any(|url| url.starts_with(&own)), "no page was opened: {requests:?}");
        let foreign: Vec<String> = requests.into_iter().filter(foreign).collect();
        assert!(foreign.is_empty(), "requests to elsewhere: {foreign:?}");
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
    }
}
