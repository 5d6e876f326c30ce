//! The user's profile for Amazon's tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! As with these tools, the environment comes first: if it has credentials, no profile is read. Only the keys, region and
//! address of a profile are used, not roles or browser logins.

mod sections;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Endpoint;
use crate::error::{Error, Result};
use crate::files::{read_regular, unreadable};
use sections::{Section, section};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// The profile that is used if none is named.
const USUAL: &str = "default";
/// Variables that give credentials.
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE"];
/// Keys of a profile whose credentials come from elsewhere.
const ELSEWHERE: [&str; 6] =
    ["role_arn", "credential_process", "sso_session", "sso_start_url", "login_session", "web_identity_token_file"];

/// What a profile says. Its keys are secret, so it is never shown.
#[derive(Default)]
pub(super) struct Profile {
    /// The keys
    pub(super) keys: Option<Keys>,
    /// The region
    pub(super) region: Option<String>,
    /// The address of the store
    pub(super) endpoint: Option<Endpoint>,
}

/// The keys of a user.
pub(super) struct Keys {
    /// The name of the key
    pub(super) id: String,
    /// The key
    pub(super) secret: String,
    /// The token of a session, if the keys belong to one
    pub(super) token: Option<String>,
}

impl Profile {
    /// The profile that `AWS_PROFILE` names, or else `default`; an empty one if the environment has credentials.
    ///
    /// # Errors
    /// If a file cannot be used, or there is no profile of this name.
    #[cfg(feature = "s3")]
    pub(super) fn read() -> Result<Self> {
        Self::of(&|name| std::env::var_os(name), std::env::home_dir().as_deref())
    }

    /// The profile in an environment.
    fn of(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        if CREDENTIALS.into_iter().any(|name| variable(name).is_some()) {
            return Ok(Self::default());
        }
        let named = variable("AWS_PROFILE").map(|name| name.to_string_lossy().into_owned());
        let name = named.as_deref().unwrap_or(USUAL);
        let place = |variable_name: &str, usual: &str| {
            let given = variable(variable_name).map(|path| within_home(PathBuf::from(path), home));
            let is_expected = given.is_some() || named.is_some();
            given.or_else(|| Some(home?.join(".aws").join(usual))).map(|path| (path, is_expected))
        };
        let credentials = place("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = place("AWS_CONFIG_FILE", "config");
        let of_credentials = found(credentials.as_ref(), |section| section == name)?;
        let of_config = found(config.as_ref(), |section| {
            let of_profile = section.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t', '"']));
            of_profile.map_or(section == USUAL && name == USUAL, |rest| rest.trim().trim_matches('"') == name)
        })?;
        if let (Some(named), None, None) = (&named, &of_credentials, &of_config) {
            let paths: Vec<String> =
                [&credentials, &config].into_iter().flatten().map(|(path, _)| path.display().to_string()).collect();
            return Err(Error::usage(
                format!("there is no profile `{named}` in {}", paths.join(" or ")),
                "correct AWS_PROFILE, or add the profile with `aws configure`",
            ));
        }
        let sources: Vec<(&Path, &Section)> = [(&credentials, &of_credentials), (&config, &of_config)]
            .into_iter()
            .filter_map(|(place, section)| Some((place.as_ref()?.0.as_path(), section.as_ref()?)))
            .collect();
        let mut profile = Self::default();
        for (path, section) in &sources {
            if profile.keys.is_none() {
                profile.keys = keys(path, section, name)?;
            }
            if profile.region.is_none() {
                profile.region = section.get("region").map(|(_, region)| region.to_owned());
            }
            if let (None, Some((line, endpoint))) = (&profile.endpoint, section.get("endpoint_url")) {
                let endpoint = endpoint.parse::<Endpoint>().map_err(|problem| {
                    Error::file(path, format!("line {line}: {problem}"), "correct it, or use ‹storage-endpoint›")
                })?;
                profile.endpoint = Some(endpoint);
            }
        }
        if profile.keys.is_none() && named.is_some() {
            refuse_other_credentials(&sources, name)?;
        }
        Ok(profile)
    }
}

/// The keys of a profile in a file, if it has any.
fn keys(path: &Path, section: &Section, profile: &str) -> Result<Option<Keys>> {
    let (id, secret) = (section.get("aws_access_key_id"), section.get("aws_secret_access_key"));
    let half = |(line, _): (usize, &str), has: &str, lacks: &str| {
        let problem = format!("line {line}: the profile `{profile}` has {has} here, but no {lacks}");
        Err(Error::file(path, problem, format!("add {lacks}, as `aws configure` does")))
    };
    match (id, secret) {
        (Some((_, id)), Some((_, secret))) => {
            let token = section.get("aws_session_token").map(|(_, token)| token.to_owned());
            Ok(Some(Keys { id: id.to_owned(), secret: secret.to_owned(), token }))
        }
        (Some(id), None) => half(id, "aws_access_key_id", "aws_secret_access_key"),
        (None, Some(secret)) => half(secret, "aws_secret_access_key", "aws_access_key_id"),
        (None, None) => Ok(None),
    }
}

/// Refuses a profile whose credentials come from elsewhere: without them, those of the machine would be used.
fn refuse_other_credentials(sources: &[(&Path, &Section)], profile: &str) -> Result<()> {
    let other = sources.iter().find_map(|(path, section)| {
        let key = ELSEWHERE.into_iter().find(|key| section.get(key).is_some())?;
        Some((path, section.line, key))
    });
    let Some((path, line, key)) = other else { return Ok(()) };
    Err(Error::file(
        path,
        format!("line {line}: the profile `{profile}` has no keys, and its {key} cannot be used"),
        format!(
            "set the keys with `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`, or choose a \
             profile with aws_access_key_id"
        ),
    ))
}

/// The wanted section of a file. A file that nobody named may be missing or unreadable.
fn found(place: Option<&(PathBuf, bool)>, is_wanted: impl Fn(&str) -> bool) -> Result<Option<Section>> {
    // Naming this file means that no file should be read.
    let Some((path, is_expected)) = place.filter(|(path, _)| path != Path::new("/dev/null")) else { return Ok(None) };
    let hint = "make the file readable, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    let bytes = match read_regular(path, LARGEST) {
        Ok(bytes) => bytes,
        Err(error) if !is_expected || error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(path, unreadable(&error), hint)),
    };
    let text = String::from_utf8(bytes).map_err(|_| Error::file(path, "the file is not UTF-8 text", hint))?;
    section(path, &text, is_wanted)
}

/// A path whose `~` is the home folder.
fn within_home(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new(credentials: &str, config: &str) -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            std::fs::create_dir(home.0.path().join(".aws")).unwrap();
            home.write(".aws/credentials", credentials);
            home.write(".aws/config", config);
            home
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.path().join(name), text).unwrap();
        }

        fn profile(&self, variables: &[(&str, &str)]) -> Result<Profile> {
            let value =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
            Profile::of(&value, Some(self.0.path()))
        }

        /// The id, secret, token, region and address of a profile.
        fn told(&self, variables: &[(&str, &str)]) -> [Option<String>; 5] {
            let Profile { keys, region, endpoint } = self.profile(variables).unwrap_or_else(|error| panic!("{error}"));
            let (id, secret, token) = match keys {
                Some(Keys { id, secret, token }) => (Some(id), Some(secret), token),
                None => (None, None, None),
            };
            [id, secret, token, region, endpoint.map(|endpoint| endpoint.to_string())]
        }

        fn refused(&self, variables: &[(&str, &str)], words: &str) {
            let error = self.profile(variables).err().unwrap();
            assert!(error.is_usage() && error.to_string().contains(words), "{error}");
            assert!(!format!("{error} {}", error.hint()).contains("hidden"), "{error}");
        }
    }

    const NOTHING: [Option<String>; 5] = [const { None }; 5];

    fn some(texts: [&str; 5]) -> [Option<String>; 5] {
        texts.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    #[test]
    fn a_profile_is_found_in_both_files() {
        let home = Home::new(
            "[default]\naws_access_key_id = A\naws_secret_access_key = hidden\n[work]\naws_access_key_id = W\n\
             aws_secret_access_key = w+/=\naws_session_token = t\nregion = eu-west-1\n",
            "[default]\nregion = eu-north-1\n[profile work]\nregion = us-west-2\nendpoint_url = https://s3.example.org\n\
             aws_access_key_id = other\naws_secret_access_key = other\n[profile \"in config\"]\naws_access_key_id = C\n\
             aws_secret_access_key = c\n[work]\nregion = none\n",
        );
        assert_eq!(home.told(&[]), some(["A", "hidden", "", "eu-north-1", ""]));
        let work = ["W", "w+/=", "t", "eu-west-1", "https://s3.example.org"];
        assert_eq!(home.told(&[("AWS_PROFILE", "work")]), some(work));
        assert_eq!(home.told(&[("AWS_PROFILE", "in config")]), some(["C", "c", "", "", ""]));
        assert_eq!(home.told(&[("AWS_PROFILE", "")]), home.told(&[]));
        // The environment comes first.
        assert_eq!(home.told(&[("AWS_PROFILE", "work"), ("AWS_ACCESS_KEY_ID", "E")]), NOTHING);
        assert_eq!(home.told(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")]), NOTHING);
    }

    #[test]
    fn files_can_be_elsewhere_and_missing() {
        let home = Home::new("[default]\naws_access_key_id = A\naws_secret_access_key = a\n", "");
        home.write("keys", "[default]\naws_access_key_id = K\naws_secret_access_key = k\n");
        let keys = home.0.path().join("keys");
        let given = [("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap())];
        assert_eq!(home.told(&given), some(["K", "k", "", "", ""]));
        assert_eq!(home.told(&[("AWS_SHARED_CREDENTIALS_FILE", "~/keys")]), home.told(&given));
        assert_eq!(home.told(&[("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")]), NOTHING);
        std::fs::remove_dir_all(home.0.path().join(".aws")).unwrap();
        assert_eq!(home.told(&[]), NOTHING);
        assert!(Profile::of(&|_| None, None).is_ok_and(|profile| profile.keys.is_none()));
        home.refused(&[("AWS_SHARED_CREDENTIALS_FILE", "~")], "this is a folder");
        // Nobody named this one, so the role of the machine can still be used.
        std::fs::create_dir_all(home.0.path().join(".aws/credentials")).unwrap();
        assert_eq!(home.told(&[]), NOTHING);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        let home = Home::new(
            "[a]\naws_access_key_id = A\n[b]\naws_secret_access_key = hidden\n[c]\naws_access_key_id = A\n\
             aws_secret_access_key = hidden\nendpoint_url = https://hidden:hidden@s3.example.org\n",
            "[profile d]\nrole_arn = arn\nsource_profile = c\n[default]\nsso_session = s\n",
        );
        home.refused(&[("AWS_PROFILE", "nobody")], "there is no profile `nobody` in ");
        let half = "credentials: line 2: the profile `a` has aws_access_key_id here, but no aws_secret_access_key";
        home.refused(&[("AWS_PROFILE", "a")], half);
        home.refused(&[("AWS_PROFILE", "b")], "line 4: the profile `b` has aws_secret_access_key here");
        home.refused(&[("AWS_PROFILE", "c")], "credentials: line 8: this is not the address of a store");
        home.refused(&[("AWS_PROFILE", "d")], "config: line 1: the profile `d` has no keys, and its role_arn cannot");
        // Nobody asked for this profile.
        assert_eq!(home.told(&[]), NOTHING);
        home.write(".aws/config", "[default]\nhidden\n");
        home.refused(&[], "config: line 2: expected KEY = VALUE");
        std::fs::write(home.0.path().join(".aws/config"), [0xff]).unwrap();
        home.refused(&[], "not UTF-8");
    }
}
