//! What a user does on a page, and sees there.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::driver::{Browser, Label};
use crate::common::program::LIMIT;

/// The time between two looks at a page.
const PAUSE: Duration = Duration::from_millis(50);

impl Browser {
    /// Opens a page of the server.
    pub fn open(&self, path: &str) {
        self.run(path, async |client| client.goto(&format!("{}{path}", self.server)).await);
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.run("reload", async |client| client.refresh().await);
    }

    /// The path of the page, with its query.
    pub fn path(&self) -> String {
        let url = self.run("address", async |client| client.current_url().await);
        url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
    }

    /// Everything that the page shows as text.
    pub fn text(&self) -> String {
        // A page that is just being replaced has none.
        self.until("the text", |browser| browser.body().ok())
    }

    fn body(&self) -> Result<String, String> {
        let text = self.attempt(async |client| client.find(Locator::Css("body")).await?.text().await);
        text.map_err(|error| error.to_string())
    }

    /// The page and its address, for messages.
    pub(super) fn shown(&self) -> String {
        let url = self.attempt(async |client| client.current_url().await);
        format!("at {url:?}: {}", self.body().unwrap_or_else(|error| error))
    }

    /// Runs a script in the page, with `arguments`; it is not bound by the page's policy.
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(script, async |client| client.execute(script, arguments).await)
    }

    /// Runs a script that calls its last argument with its result.
    pub fn script_with_callback(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run("script", async |client| client.execute_async(script, arguments).await)
    }

    /// Waits until something is so. `what` is for the message if it never is.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(started.elapsed() < LIMIT, "waited in vain: {what}\n{}", self.shown());
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits for a page at this path.
    pub fn until_path(&self, begin: &str) -> String {
        self.until(begin, |browser| Some(browser.path()).filter(|path| path.starts_with(begin)))
    }

    /// Waits for a text somewhere on the page.
    pub fn until_text(&self, text: &str) {
        self.until(text, |browser| browser.has_text(text).then_some(()));
    }

    /// Whether the page shows a text. A page that is just being replaced shows none.
    pub fn has_text(&self, text: &str) -> bool {
        self.body().is_ok_and(|shown| shown.contains(text))
    }

    /// How many elements there are.
    pub fn count(&self, css: &str) -> usize {
        self.run(css, async |client| client.find_all(Locator::Css(css)).await).len()
    }

    /// Whether there is such an element, and it is seen.
    pub fn shows(&self, css: &str) -> bool {
        let found = self.attempt(async |client| client.find(Locator::Css(css)).await?.is_displayed().await);
        found.unwrap_or(false)
    }

    /// Waits for an element that is seen.
    pub fn until_shown(&self, css: &str) {
        self.until(css, |browser| browser.shows(css).then_some(()));
    }

    /// The text of the first such element.
    pub fn text_of(&self, css: &str) -> String {
        self.of_element(css, async |element| element.text().await)
    }

    /// An attribute of the first such element.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.of_element(css, async |element| element.attr(name).await)
    }

    /// What the first such field has.
    pub fn value(&self, css: &str) -> String {
        let value = self.script("return document.querySelector(arguments[0]).value", vec![css.into()]);
        value.as_str().unwrap().to_owned()
    }

    /// Reads something of the first such element.
    fn of_element<T>(&self, css: &str, read: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        self.with(css, |browser| browser.attempt(async |client| client.find(Locator::Css(css)).await).ok(), read)
    }

    /// Does something with the element with this name.
    fn with_named<T>(&self, name: &str, css: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        self.with(&format!("{css} called {name:?}"), |browser| browser.find_named(name, css), act)
    }

    /// Does something with an element once it is there. A page that is just being replaced takes its elements along, even
    /// one that was found a moment ago: then the one of the next page is meant.
    fn with<T>(
        &self,
        what: &str,
        find: impl Fn(&Self) -> Option<Element>,
        act: impl AsyncFn(Element) -> Result<T, CmdError>,
    ) -> T {
        self.until(what, |browser| {
            let element = find(browser)?;
            match browser.attempt(async |_| act(element).await) {
                Err(error) if error.is_stale_element_reference() => None,
                done => Some(browser.run(what, async |_| done)),
            }
        })
    }

    /// Clicks the button with this name.
    pub fn press(&self, name: &str) {
        self.with_named(name, BUTTONS, async |button| button.click().await);
    }

    /// Whether there is a button with this name.
    pub fn has_button(&self, name: &str) -> bool {
        self.find_named(name, BUTTONS).is_some()
    }

    /// Follows the link with this name.
    pub fn follow(&self, name: &str) {
        self.with_named(name, "a[href]", async |link| link.click().await);
    }

    /// Writes into the field with this label, in place of what it has. Any text can be written, as by pasting.
    pub fn fill(&self, label: &str, text: &str) {
        self.with_named(label, FIELDS, async |field| {
            field.clear().await?;
            field.click().await
        });
        self.developer("Input.insertText", &json!({"text": text}));
    }

    /// Checks the box, or chooses the option, with this label.
    pub fn choose(&self, label: &str) {
        let css = "label, summary, [role=radio], [role=checkbox]";
        self.with_named(label, css, async |field| field.click().await);
    }

    /// Chooses the entry with this value from a list.
    pub fn select(&self, css: &str, value: &str) {
        self.of_element(css, async |list| list.select_by_value(value).await);
    }

    /// Gives a file to a field.
    pub fn attach(&self, css: &str, path: &std::path::Path) {
        let path = path.to_str().unwrap();
        self.of_element(css, async |field| field.send_keys(path).await);
    }

    /// Presses a key, such as `Tab`, where the focus is.
    pub fn key(&self, name: &str) {
        let key = match name {
            "Tab" => Key::Tab,
            "Enter" => Key::Enter,
            "Space" => Key::Space,
            other => panic!("{other}"),
        };
        self.run(name, async |client| client.active_element().await?.send_keys(&char::from(key).to_string()).await);
    }

    /// The name of what is in focus.
    pub fn focused(&self) -> String {
        let label = self.run("focus", async |client| {
            let element = client.active_element().await?;
            client.issue_cmd(Label(element.element_id().to_string())).await
        });
        label.as_str().unwrap_or_default().to_owned()
    }

    /// Agrees to what a dialog asks.
    pub fn agree(&self) {
        self.run("dialog", async |client| client.accept_alert().await);
    }

    /// The element that has this name, as a screen reader says it, or else the first whose name begins like this.
    fn find_named(&self, name: &str, css: &str) -> Option<Element> {
        let found = self.attempt(async |client| {
            let mut begins = None;
            for element in client.find_all(Locator::Css(css)).await? {
                let said = client.issue_cmd(Label(element.element_id().to_string())).await?;
                let said = said.as_str().unwrap_or_default().to_owned();
                // The text of a label is the name of its field; a title of its own only explains it.
                let is_label = element.tag_name().await? == "label";
                let said = if is_label || said.is_empty() { element.text().await? } else { said };
                let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
                if said == name {
                    return Ok::<_, fantoccini::error::CmdError>(Some(element));
                }
                if begins.is_none() && said.starts_with(name) {
                    begins = Some(element);
                }
            }
            Ok(begins)
        });
        found.ok().flatten()
    }
}

const BUTTONS: &str = "button, input[type=submit], [role=button]";
const FIELDS: &str = "input:not([type=checkbox], [type=radio], [type=hidden]), textarea, select";
