//! What browsers call themselves, in words.

/// What browsers have in their names, those before others that claim to be them as well.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// The most characters of a name that is shown as it is.
const LONGEST: usize = 60;

/// A browser in words, such as "Firefox on Linux"; another program as it calls itself.
pub(super) fn in_words(client: Option<&str>) -> String {
    let Some(client) = client.filter(|client| !client.is_empty()) else { return "unknown program".into() };
    let find =
        |list: &[(&str, &'static str)]| list.iter().find(|(sign, _)| client.contains(sign)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        _ => client.chars().take(LONGEST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        assert_eq!(in_words(Some(chrome)), "Chrome on Linux");
        assert_eq!(in_words(Some(&format!("{chrome} Edg/142.0"))), "Edge on Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(in_words(Some(phone)), "Safari on iPhone");
        assert_eq!(in_words(Some("curl/8.1")), "curl/8.1");
        assert_eq!(in_words(Some(&"<b>".repeat(100))).len(), LONGEST);
        assert_eq!(in_words(None), "unknown program");
    }
}
